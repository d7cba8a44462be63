//! How the process begins: signals that come meanwhile, and upstreams that are asked for their
//! schemas.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use support::{
    bench::{ANSWER, ONE, POST, exchange, read_answer, status},
    process::Process,
    upstream::Upstream,
    wire::read_message,
};

/// `type Query { a: Int }`, as introspection tells it.
const TOLD: &str = r#"{"data":{"__schema":{"queryType":{"name":"Query"},"types":[
{"kind":"SCALAR","name":"Int"},{"kind":"OBJECT","name":"Query","interfaces":[],
"fields":[{"name":"a","args":[],"type":{"kind":"SCALAR","name":"Int","ofType":null}}]}]}}}"#;

/// A process that may not be ready yet; it is killed when it is dropped.
struct Starting(Child);

impl Starting {
    /// Serves a graph for each upstream, or of several that are one, under a policy with this
    /// `schema`.
    fn graphs(folder: &Path, schema: &str, upstreams: &[&str]) -> Self {
        let policy = format!("version: 1\nname: a\nschema: {schema}\n");
        fs::write(folder.join("p.yaml"), policy).expect("write");
        fs::write(folder.join("s.graphql"), "type Query { a: Int b: Int }").expect("write");
        let graph = |(n, it)| format!("  - {{ host: g{n}, policy: p.yaml, upstream: {it} }}\n");
        let graphs: String = upstreams.iter().enumerate().map(graph).collect();
        fs::write(folder.join("c.yaml"), format!("graphs:\n{graphs}")).expect("write");
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        command.args(["--admin", "127.0.0.1:0", "--config"]).arg(folder.join("c.yaml"));
        Self(command.stderr(Stdio::piped()).spawn().expect("it starts"))
    }

    /// Reads the log until there is such an event.
    fn wait_for(&mut self, event: &str) {
        let log = self.0.stderr.as_mut().expect("a log");
        let event = format!("\"{event}\"");
        let has_come =
            BufReader::new(log).lines().map_while(Result::ok).any(|it| it.contains(&event));
        assert!(has_come, "{event}");
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args([name, &self.0.id().to_string()]).status();
        assert!(told.expect("`kill` is there").success());
    }

    fn code(&mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("bind");
    let url = format!("\"http://{}/\"", listener.local_addr().expect("address"));
    (listener, url)
}

/// A question for the schema that has arrived, and has no answer yet.
fn asked(listener: &TcpListener) -> TcpStream {
    let (stream, _from) = listener.accept().expect("a connection");
    let mut reader = BufReader::new(stream);
    read_message(&mut reader).expect("a question").expect("a question");
    reader.into_inner()
}

fn answer(mut question: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
    write!(question, "{head}{}\r\n\r\n{TOLD}", TOLD.len()).expect("somebody listens");
}

#[test]
fn signals_are_heard_while_it_starts() {
    let folder = tempfile::tempdir().expect("a folder");
    let (upstream, url) = listen();
    let start = || Starting::graphs(folder.path(), "{ introspect: 1h }", &[&url]);
    let mut process = start();
    let question = asked(&upstream);
    process.signal("-HUP");
    answer(question);
    process.wait_for("started");
    process.signal("-TERM");
    assert_eq!(process.code(), Some(0));
    for stop in ["-TERM", "-INT"] {
        let mut process = start();
        let _question = asked(&upstream);
        process.signal(stop);
        assert_eq!(process.code(), Some(0), "{stop}");
    }
}

#[test]
fn graphs_ask_their_upstreams_at_the_same_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (listen(), listen());
    let schema = "{ file: s.graphql, drift: { on: refuse } }";
    let mut process = Starting::graphs(folder.path(), schema, &[&one.1, &other.1]);
    let last = asked(&other.0);
    answer(asked(&one.0));
    answer(last);
    process.wait_for("started");
}

#[test]
fn what_is_only_warned_of_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (upstream, url) = listen();
    let schema = "{ file: s.graphql, drift: { every: 1h, on: warn } }";
    let mut process = Starting::graphs(folder.path(), schema, &[&url]);
    let question = asked(&upstream);
    process.wait_for("started");
    // The comparison comes when it comes.
    answer(question);
    process.wait_for("schema-drifted");
}

#[test]
fn what_is_refused_is_asked_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let (upstream, url) = listen();
    let schema = "{ file: s.graphql, drift: { on: refuse } }";
    let mut process = Starting::graphs(folder.path(), schema, &[&url]);
    // It is asked in two ways.
    for _ in 0..2 {
        let question = asked(&upstream);
        (&question).write_all(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").expect("written");
    }
    assert_eq!(process.code(), Some(2));
}

#[test]
fn an_upstream_is_asked_at_its_next_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gone, (upstream, url)) = (listen().1, listen());
    let both = format!("[{gone}, {url}]");
    let mut process = Starting::graphs(folder.path(), "{ introspect: 1h }", &[&both]);
    answer(asked(&upstream));
    process.wait_for("started");
}

/// More connections from one address than files that may be open: others are served, and operators
/// see that we live.
#[cfg(target_os = "linux")]
#[test]
fn one_address_does_not_take_every_open_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "version: 1\nname: a\nschema: { file: s.graphql }\n").expect("write");
    fs::write(folder.path().join("s.graphql"), "type Query { a: Int }").expect("write");
    let upstream = Upstream::answering(ANSWER);
    let url = format!("http://{}/graphql", upstream.address());
    let (_process, address, admin) = Process::start_with_files(200, |it| {
        it.args(["--workers", "1", "--upstream", &url, "--policy"]).arg(&policy)
    });
    let many: Vec<_> = (0..400).map(|_| connected_from([127, 0, 0, 2], address)).collect();
    // Less than the others are given for a head.
    let connect = |to| {
        let stream = TcpStream::connect(to).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(4))).expect("a timeout");
        stream
    };
    let mut client = connect(address);
    assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    let mut operator = connect(admin);
    write!(operator, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").expect("written");
    assert_eq!(status(&read_answer(&mut operator)), "200");
    drop(many);
}

#[cfg(target_os = "linux")]
fn connected_from(from: [u8; 4], to: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((from, 0)).into()).expect("bind");
    socket.connect(&to.into()).expect("connect");
    socket
}
