//! Several graphs in one process: which of them a request is for, and what they do not share.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Config, UpstreamUrl},
    server::{NotOpened, Reload, Reloader, Running, Server, State},
    sources::load_policy,
};
use support::{
    upstream::Upstream,
    wire::{Message, exchange, request},
};

const SCHEMA: &str = "type Query { a: Int b: Query }";

fn policy(folder: &Path, name: &str, rest: &str) -> std::path::PathBuf {
    let path = folder.join(format!("{name}.yaml"));
    fs::write(folder.join("test.graphql"), SCHEMA).unwrap();
    let text = format!("version: 1\nname: {name}\nschema: {{ file: test.graphql }}\n{rest}");
    fs::write(&path, text).unwrap();
    path
}

fn state(path: &Path) -> State {
    let (policy, found) = load_policy(path);
    let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
    State::new(Gate::new(Arc::new(policy), CacheLimits::default()))
}

fn config(hosts: &[&str], upstream: &Upstream) -> Config {
    let url = UpstreamUrl::parse(&format!("http://{}/up", upstream.address())).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let hosts = hosts.iter().map(|it| (*it).into()).collect();
    Config { hosts, listen: any, admin: Some(any), ..Config::new(url) }
}

fn ask(running: &Running, host: &str, path: &str, query: &str) -> Message {
    let headers = [("Host", host), ("Content-Type", "application/json")];
    let body = format!(r#"{{"query":"{query}"}}"#);
    let bytes = request("POST", path, &headers, Some(body.as_bytes()));
    exchange(running.addr(), &bytes).unwrap()
}

fn stop(running: Running) {
    running.stop();
    let _cut_off = running.join();
}

#[test]
fn host_and_path_say_which_graph_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, admin, rest) = (Upstream::start(), Upstream::start(), Upstream::start());
    let one = policy(folder.path(), "shop", "limits: { depth: 1 }\n");
    let two = policy(folder.path(), "admin", "http: { path: /admin }\n");
    let three = policy(folder.path(), "rest", "http: { path: /rest }\n");
    let first = (config(&["shop.example", "www.example"], &shop), state(&one));
    let more =
        vec![(config(&["shop.example"], &admin), state(&two)), (config(&[], &rest), state(&three))];
    let running = Server::start_all(first, more).unwrap();
    let check = |host: &str, path: &str, query: &str, expect: (u16, [usize; 3])| {
        let answer = ask(&running, host, path, query);
        let seen = [&shop, &admin, &rest].map(|it| it.take().len());
        assert_eq!((answer.status(), seen), expect, "{host}{path} {query}");
    };
    check("shop.example", "/graphql", "{ a }", (200, [1, 0, 0]));
    check("SHOP.example:8443", "/graphql", "{ a }", (200, [1, 0, 0]));
    check("www.example", "/graphql", "{ a }", (200, [1, 0, 0]));
    check("shop.example", "/admin", "{ a }", (200, [0, 1, 0]));
    check("other.example", "/rest", "{ a }", (200, [0, 0, 1]));
    // Each has its own limits.
    check("shop.example", "/graphql", "{ b { a } }", (422, [0; 3]));
    check("shop.example", "/admin", "{ b { a } }", (200, [0, 1, 0]));
    // No graph gets what another one does not take.
    check("shop.example", "/rest", "{ a }", (404, [0; 3]));
    check("www.example", "/admin", "{ a }", (404, [0; 3]));
    check("other.example", "/graphql", "{ a }", (404, [0; 3]));
    check("shop.example.", "/graphql", "{ a }", (404, [0; 3]));
    stop(running);
}

#[test]
fn a_host_that_nobody_has_is_misdirected() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let path = policy(folder.path(), "shop", "");
    let running = Server::start(config(&["shop.example"], &upstream), state(&path)).unwrap();
    let answer = ask(&running, "other.example", "/graphql", "{ a }");
    assert_eq!(answer.status(), 421);
    let body = answer.json().unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "MISDIRECTED_REQUEST");
    assert!(upstream.take().is_empty());
    assert_eq!(ask(&running, "shop.example", "/graphql", "{ a }").status(), 200);
    stop(running);
}

#[test]
fn what_one_graph_has_spent_the_other_has_not() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let rate = "rates: [{ name: all, key: client.ip, limit: 1/h }]\n";
    let one = policy(folder.path(), "one", rate);
    let two = policy(folder.path(), "two", rate);
    let first = (config(&["one.example"], &upstream), state(&one));
    let more = vec![(config(&["two.example"], &upstream), state(&two))];
    let running = Server::start_all(first, more).unwrap();
    for (host, expect) in [("one", 200), ("one", 429), ("two", 200), ("two", 429)] {
        let answer = ask(&running, &format!("{host}.example"), "/graphql", "{ a }");
        assert_eq!(answer.status(), expect, "{host}");
    }
    stop(running);
}

#[test]
fn each_graph_is_reloaded_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let one = policy(folder.path(), "one", "");
    let two = policy(folder.path(), "two", "");
    let open = |path: &Path, n| match Reloader::open(path, CacheLimits::default(), None) {
        Ok((reloader, state)) => (reloader.of_graph(n), state),
        Err(NotOpened::Bad(found)) => panic!("{found:?}"),
        Err(NotOpened::NeedsSchema) => panic!("it has a schema"),
    };
    let (_one, first) = open(&one, 0);
    let (mut reloader, second) = open(&two, 1);
    let first = (config(&["one.example"], &upstream), first);
    let more = vec![(config(&["two.example"], &upstream), second)];
    let running = Server::start_all(first, more).unwrap();
    policy(folder.path(), "two", "limits: { depth: 1 }\n");
    assert_eq!(reloader.reload(&running), Reload::Replaced);
    for (host, expect) in [("one.example", 200), ("two.example", 422)] {
        assert_eq!(ask(&running, host, "/graphql", "{ b { a } }").status(), expect, "{host}");
    }
    policy(folder.path(), "two", "limits: { depht: 1 }\n");
    assert_eq!(reloader.reload(&running), Reload::Kept);
    let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
    let ready = exchange(running.admin_addr().unwrap(), get).unwrap().json().unwrap();
    assert!(ready["graphs"][0]["policy"]["failed_reload"].is_null());
    assert!(ready["graphs"][1]["policy"]["failed_reload"].is_object());
    assert_eq!(ready["graphs"][1]["hosts"][0], "two.example");
    stop(running);
}

#[test]
fn graphs_that_cannot_be_told_apart_are_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let path = policy(folder.path(), "shop", "");
    let check = |text: &str, flags: &[&str], expect: &str| {
        let file = folder.path().join("config.yaml");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]).args(flags);
        let output = command.arg("--config").arg(&file).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expect), "{text}");
    };
    let graph = "{ host: a.example, policy: shop.yaml, upstream: http://localhost/ }";
    check(&format!("graphs: [{graph}, {graph}]"), &[], "two graphs have `a.example/graphql`");
    check("{}", &[], "nothing to serve");
    let policy = format!("--policy={}", path.display());
    check("{}", &[&policy], "nothing to serve");
    let flags = [&*policy, "--upstream=http://localhost/"];
    check(&format!("graphs: [{graph}]"), &flags, "say what to serve, and so does `graphs`");
    check("graphs: []", &[], "`graphs` lists no graph");
    let other = graph.replace("shop.yaml", "none.yaml");
    check(&format!("graphs: [{graph}, {other}]"), &[], "none.yaml` cannot be read");
}
