//! The names of graphs in what the real program writes and tells.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    LOCAL,
    canary::{Program, eventually},
    get,
    support::{
        socket::Client,
        upstream::Upstream,
        wire::{exchange, request},
    },
    text,
};

const POLICY: &str = "\
version: 1
name: both
schema: { file: test.graphql }
http: { websocket: {} }
limits: { depth: 1 }
";
const SCHEMA: &str = "type Query { a: Int b: Query }";

/// One run of the program, and where it writes.
struct Run {
    folder: tempfile::TempDir,
    program: Program,
    address: SocketAddr,
    admin: SocketAddr,
}

fn lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect()
}

impl Run {
    /// Serves the graphs of a configuration file, in which `URL` stands for the upstream's.
    fn start(graphs: &str, upstream: SocketAddr) -> Self {
        Self::under(POLICY, graphs, upstream)
    }

    /// The same under another policy.
    fn under(policy: &str, graphs: &str, upstream: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("policy.yaml"), policy).unwrap();
        fs::write(at("test.graphql"), SCHEMA).unwrap();
        let graphs = graphs.replace("URL", &format!("http://{upstream}/graphql"));
        fs::write(at("config.yaml"), format!("graphs:\n{graphs}")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        command.args(["--admin", "127.0.0.1:0", "--config"]).arg(at("config.yaml"));
        command.arg("--audit-log").arg(at("audit"));
        command.env("PORTCULLIS_LOG", "warn,portcullis=debug").stdout(Stdio::null());
        let log = fs::File::create(at("log")).unwrap();
        let program = Program(command.stderr(log).spawn().unwrap());
        let started = eventually(|| {
            lines(folder.path(), "log").into_iter().find(|it| it["event"] == "started")
        });
        let [address, admin] =
            ["listen", "admin"].map(|it| started[it].as_str().unwrap().parse().unwrap());
        Self { folder, program, address, admin }
    }

    fn ask(&self, host: &str, query: &str) -> u16 {
        let headers = [("Host", host), ("Content-Type", "application/json")];
        let body = format!(r#"{{"query":"{query}"}}"#);
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        exchange(self.address, &bytes).unwrap().status()
    }

    fn metrics(&self) -> String {
        text(&get(self.admin, "/metrics", LOCAL))
    }

    /// Ends the program: what is written then is all there is.
    fn stop(mut self) -> tempfile::TempDir {
        let id = self.program.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        assert!(self.program.0.wait().unwrap().success());
        self.folder
    }
}

/// The graph of every line about a refusal, in order.
fn refused(folder: &Path, name: &str, key: &str, action: &str, graph: &str) -> Vec<Value> {
    let all = lines(folder, name).into_iter().filter(|it| it[key] == action);
    all.map(|it| it[graph].clone()).collect()
}

#[test]
fn logs_and_sockets_name_their_graph() {
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let graphs = "\
- { name: shop, host: shop.example, policy: policy.yaml, upstream: URL }
- { name: rest, policy: policy.yaml, upstream: URL }
";
    let run = Run::start(graphs, upstream.address());
    for host in ["shop.example", "other.example"] {
        assert_eq!(run.ask(host, "{ a }"), 200);
        assert_eq!(run.ask(host, "{ b { a } }"), 422);
    }
    let socket = Client::open(run.address, &[]).unwrap();
    eventually(|| run.metrics().contains("sockets_live{graph=\"rest\"} 1\n").then_some(()));
    assert!(run.metrics().contains("sockets_live{graph=\"shop\"} 0\n"));
    drop(socket);
    eventually(|| run.metrics().contains("sockets_live{graph=\"rest\"} 0\n").then_some(()));
    let folder = run.stop();
    let log = refused(folder.path(), "log", "event", "refused", "graph");
    assert_eq!(log, ["shop", "rest"]);
    let audit =
        refused(folder.path(), "audit", "event.action", "request-refused", "portcullis.graph");
    assert_eq!(audit, ["shop", "rest"]);
}

#[test]
fn one_graph_without_a_name_is_named_nowhere() {
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let run = Run::start("- { policy: policy.yaml, upstream: URL }\n", upstream.address());
    assert_eq!(run.ask("a.example", "{ a }"), 200);
    assert_eq!(run.ask("a.example", "{ b { a } }"), 422);
    assert!(!run.metrics().contains("graph=\""));
    let folder = run.stop();
    let log = refused(folder.path(), "log", "event", "refused", "graph");
    assert_eq!(log, [Value::Null]);
    let audit =
        refused(folder.path(), "audit", "event.action", "request-refused", "portcullis.graph");
    assert_eq!(audit, [Value::Null]);
}

/// Report mode is there to find out what an enforced policy would refuse, and why.
#[test]
fn what_is_reported_names_its_document_and_what_would_excuse_it() {
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let policy = format!("{POLICY}mode: report\n");
    let graphs = "- { policy: policy.yaml, upstream: URL }\n";
    let run = Run::under(&policy, graphs, upstream.address());
    assert_eq!(run.ask("a.example", "{ b { a } }"), 200);
    let folder = run.stop();
    let all = lines(folder.path(), "log").into_iter().filter(|it| it["event"] == "reported");
    let [reported] = all.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(reported["rule"], "max-depth");
    let document = reported["document"].as_str().unwrap();
    let exception = format!("- {{ document: \"{document}\", lift: [limits.depth], ");
    assert!(document.starts_with("sha256:"));
    assert!(reported["exception"].as_str().unwrap().starts_with(&exception));
}

#[test]
fn a_file_that_breaks_is_told_mistake_by_mistake_and_so_is_its_mending() {
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let run = Run::start("- { policy: policy.yaml, upstream: URL }\n", upstream.address());
    let path = run.folder.path().join("policy.yaml");
    let told = |event: &str| {
        let all = lines(run.folder.path(), "log").into_iter();
        all.filter(|it| it["event"] == event).collect::<Vec<_>>()
    };
    let broken = POLICY.replace("depth", "dept").replace("websocket", "websockt");
    fs::write(&path, broken).unwrap();
    let kept = eventually(|| told("policy-kept").pop());
    assert_eq!(kept["errors"], 2);
    let mistakes = told("policy-mistake");
    let ends = ["policy.yaml:4:9", "policy.yaml:5:11"];
    assert_eq!(mistakes.len(), ends.len());
    for (mistake, end) in mistakes.iter().zip(ends) {
        assert!(mistake["at"].as_str().unwrap().ends_with(end), "{mistake}");
        assert!(mistake["help"].as_str().unwrap().starts_with("did you mean"), "{mistake}");
    }
    fs::write(&path, POLICY).unwrap();
    eventually(|| told("policy-restored").pop());
    assert!(told("policy-replaced").is_empty());
}
