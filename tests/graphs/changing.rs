//! What becomes of the others when the policy of one graph changes.

use std::{
    fs,
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use portcullis::{
    admission::CacheLimits,
    diagnostic::Source,
    server::{Reload, Reloader, Server},
};

use crate::{
    ask, ask_at, config, policy, stop,
    support::{
        process::Process,
        upstream::Upstream,
        wire::{exchange, read_message},
    },
};

#[test]
fn a_reload_takes_no_place_of_another_graph() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, admin) = (Upstream::start(), Upstream::start());
    let open = |path: &Path, n| match Reloader::open(path, CacheLimits::default(), None) {
        Ok((reloader, state)) => (reloader.of_graph(n), state),
        Err(why) => panic!("{why:?}"),
    };
    let (mut one, first) = open(&policy(folder.path(), "one", ""), 0);
    let (mut two, second) =
        open(&policy(folder.path(), "two", "http: { path: /admin }\nlimits: { depth: 1 }\n"), 1);
    let first = (config(&["shop.example"], &shop), first);
    let more = vec![(config(&["shop.example"], &admin), second)];
    let running = Server::start_all(first, more).unwrap();
    let asked = |path: &str| {
        let status = ask(&running, "shop.example", path, "{ a }").status();
        (status, [&shop, &admin].map(|it| it.take().len()))
    };
    let failed = || {
        let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
        let ready = exchange(running.admin_addr().unwrap(), get).unwrap().json().unwrap();
        ready["graphs"][1]["policy"]["failed_reload"]["found"][0]["message"].clone()
    };
    // The limits stay as well: the policy is kept whole.
    policy(folder.path(), "two", "");
    assert_eq!(two.reload(&running), Reload::Kept);
    assert_eq!(failed(), "two graphs have `shop.example/graphql`");
    assert_eq!([asked("/graphql"), asked("/admin")], [(200, [1, 0]), (200, [0, 1])]);
    assert_eq!(ask(&running, "shop.example", "/admin", "{ b { a } }").status(), 422);
    // It is tried again, and is no less another policy than before.
    assert_eq!(two.reload(&running), Reload::Kept);
    policy(folder.path(), "one", "http: { path: /other }\n");
    assert_eq!([one.reload(&running), two.reload(&running)], [Reload::Replaced; 2]);
    assert!(failed().is_null());
    assert_eq!([asked("/other"), asked("/graphql")], [(200, [1, 0]), (200, [0, 1])]);
    stop(running);
}

#[test]
fn one_graph_that_refuses_does_not_take_the_others_away() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let told = |text: &str| Ok(Arc::new(Source { name: "told".into(), text: text.into() }));
    let schema = "{ file: test.graphql, drift: { on: refuse } }";
    let open = |name: &str, n| {
        let path = policy(folder.path(), name, "");
        fs::write(&path, format!("version: 1\nname: {name}\nschema: {schema}\n")).unwrap();
        let opened = Reloader::open(&path, CacheLimits::default(), None);
        opened.map(|(reloader, state)| (reloader.of_graph(n), state)).unwrap()
    };
    let ((mut one, first), (mut two, second)) = (open("one", 0), open("two", 1));
    let more = vec![(config(&["two.example"], &upstream), second)];
    let running = Server::start_all((config(&["one.example"], &upstream), first), more).unwrap();
    let ready = || {
        let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
        let answer = exchange(running.admin_addr().unwrap(), get).unwrap();
        let said = answer.json().unwrap();
        let refusing = |n: usize| said["graphs"][n]["refusing"].is_string();
        (answer.status(), said["refusing"].as_array().map(Vec::len), [refusing(0), refusing(1)])
    };
    // Workers begin to listen on threads of their own.
    while ready().0 != 200 {}
    two.note_schema(told("type Query { a: String b: Query }"), &running);
    assert_eq!(ready(), (200, None, [false, true]));
    assert_eq!(ask(&running, "one.example", "/graphql", "{ a }").status(), 200);
    assert_eq!(ask(&running, "two.example", "/graphql", "{ a }").status(), 503);
    one.note_schema(told("type Query { b: Query }"), &running);
    assert_eq!(ready(), (503, Some(2), [true, true]));
    stop(running);
}

/// Says its schema once; holds on to whoever asks again until that one gives up.
#[derive(Default)]
struct Hanging {
    n_asked: AtomicUsize,
    n_given_up: AtomicUsize,
}

impl Hanging {
    fn start() -> (Arc<Self>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, hanging) = (listener.local_addr().unwrap(), Arc::new(Self::default()));
        let counts = Arc::clone(&hanging);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let counts = Arc::clone(&counts);
                thread::spawn(move || counts.answer(stream));
            }
        });
        (hanging, address)
    }

    fn answer(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        let Ok(Some(_question)) = read_message(&mut reader) else { return };
        if self.n_asked.fetch_add(1, Ordering::SeqCst) == 0 {
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
            let answer = format!("{head}{}\r\n\r\n{TOLD}", TOLD.len());
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            return;
        }
        let _until_given_up = reader.read_to_end(&mut Vec::new());
        self.n_given_up.fetch_add(1, Ordering::SeqCst);
    }
}

/// `type Query { a: Int }`, as introspection tells it.
const TOLD: &str = r#"{"data":{"__schema":{"queryType":{"name":"Query"},"types":[
    {"kind":"SCALAR","name":"Int"},{"kind":"OBJECT","name":"Query","interfaces":[],"fields":[
    {"name":"a","args":[],"type":{"kind":"SCALAR","name":"Int","ofType":null}}]}]}}}"#;

#[test]
fn an_upstream_that_never_answers_delays_no_other_graph() {
    let folder = tempfile::tempdir().unwrap();
    let (live, (hanging, address)) = (Upstream::start(), Hanging::start());
    policy(folder.path(), "live", "");
    let slow = "version: 1\nname: slow\nschema: { introspect: 1s }\n";
    fs::write(folder.path().join("slow.yaml"), slow).unwrap();
    let graphs = format!(
        "graphs:\n  - {{ host: slow.example, policy: slow.yaml, upstream: http://{address}/ }}\n  \
         - {{ host: live.example, policy: live.yaml, upstream: http://{}/ }}\n",
        live.address()
    );
    let path = folder.path().join("config.yaml");
    fs::write(&path, graphs).unwrap();
    let (process, address, _admin) = Process::start_with(|it| it.arg("--config").arg(&path));
    let status = |query: &str| ask_at(address, "live.example", "/graphql", query).status();
    while hanging.n_asked.load(Ordering::SeqCst) < 2 {
        assert_eq!(status("{ b { a } }"), 200);
    }
    policy(folder.path(), "live", "limits: { depth: 1 }\n");
    process.signal("-HUP");
    while status("{ b { a } }") != 422 {}
    assert_eq!(hanging.n_given_up.load(Ordering::SeqCst), 0);
}

#[test]
fn a_policy_of_no_graph_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let open = |path: &Path| match Reloader::open(path, CacheLimits::default(), None) {
        Ok(opened) => opened,
        Err(why) => panic!("{why:?}"),
    };
    let (_first, state) = open(&policy(folder.path(), "one", ""));
    let (other, _state) = open(&policy(folder.path(), "other", ""));
    let running = Server::start(config(&["shop.example"], &upstream), state).unwrap();
    policy(folder.path(), "other", "limits: { depth: 1 }\n");
    assert_eq!(other.of_graph(1).reload(&running), Reload::Kept);
    assert_eq!(ask(&running, "shop.example", "/graphql", "{ b { a } }").status(), 200);
    stop(running);
}
