//! Several graphs in one process: which of them a request is for, and what they do not share.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod changing;
mod logged;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpStream},
    num::NonZeroUsize,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

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
    ask_at(running.addr(), host, path, query)
}

fn ask_at(to: SocketAddr, host: &str, path: &str, query: &str) -> Message {
    let headers = [("Host", host), ("Content-Type", "application/json")];
    let body = format!(r#"{{"query":"{query}"}}"#);
    let bytes = request("POST", path, &headers, Some(body.as_bytes()));
    exchange(to, &bytes).unwrap()
}

/// A graph with a name, on one worker: one breaker, one queue.
fn named(name: &str, upstream: &Upstream) -> Config {
    let mut config = config(&[&format!("{name}.example")], upstream);
    config.name = Some(name.into());
    config.workers = NonZeroUsize::MIN;
    config.bounds.breaker_failures = 2;
    config.deadlines.breaker_open = Duration::from_secs(600);
    config
}

fn metrics(running: &Running) -> String {
    let get = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = exchange(running.admin_addr().unwrap(), get).unwrap();
    String::from_utf8(answer.body).unwrap()
}

/// The number of a metric, with its labels as they are written; 0 when it is not there.
fn value(metrics: &str, series: &str) -> u64 {
    let line = metrics.lines().find_map(|it| it.strip_prefix("portcullis_")?.strip_prefix(series));
    line.map_or(0, |it| it.trim().parse().unwrap())
}

/// Asks again and again, but not for ever.
fn wait_for(running: &Running, series: &str, expect: u64) {
    let begun = Instant::now();
    while value(&metrics(running), series) != expect {
        assert!(begun.elapsed() < Duration::from_secs(20), "{series}");
    }
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

#[test]
fn no_graph_lends_its_websocket_to_another() {
    let folder = tempfile::tempdir().unwrap();
    policy(folder.path(), "one", "");
    let graph = |host: &str, policy: &str| {
        format!("{{ host: {host}, policy: {policy}.yaml, upstream: http://localhost/ }}")
    };
    let serve = |graphs: &[String]| {
        let file = folder.path().join("config.yaml");
        fs::write(&file, format!("graphs: [{}]", graphs.join(", "))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--listen=127.0.0.1:0", "--admin=127.0.0.1:0"]);
        command.args(["--upstream-websocket=ws://localhost:1/", "--config"]).arg(&file);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, text) = serve(&[graph("a.example", "one"), graph("b.example", "none")]);
    let expect = "`--upstream-websocket` would take the WebSockets of every graph";
    assert_eq!((code, text.contains(expect)), (Some(2), true), "{text}");
    let (code, text) = serve(&[graph("a.example", "none")]);
    let expect = "none.yaml` cannot be read";
    assert_eq!((code, text.contains(expect)), (Some(2), true), "{text}");
}

#[test]
fn each_graph_is_counted_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (live, away) = (Upstream::start(), Upstream::nowhere());
    let one = policy(folder.path(), "same", "limits: { depth: 1 }\n");
    let first = (named("count-one", &live), state(&one));
    let more = vec![(named("count-two", &away), state(&one))];
    let running = Server::start_all(first, more).unwrap();
    ask_both(&running);
    let text = metrics(&running);
    let count = |name: &str, labels: &str| {
        ["one", "two"].map(|it| value(&text, &format!("{name}{{graph=\"count-{it}\"{labels}}}")))
    };
    let request = |verdict: &str, code: &str| {
        let what = format!("verdict=\"{verdict}\",code=\"{code}\"");
        count("requests_total", &format!(",{what},transport=\"http_post\""))
    };
    assert_eq!(request("admitted", ""), [2, 0]);
    assert_eq!(request("refused", "MAX_DEPTH_LIMIT"), [1, 0]);
    assert_eq!(request("upstream_failed", "UPSTREAM_UNAVAILABLE"), [0, 2]);
    assert_eq!(request("shed", "UPSTREAM_UNAVAILABLE"), [0, 1]);
    assert_eq!(count("refusals_total", ""), [1, 0]);
    assert_eq!(count("objections_total", ",rule=\"max-depth\""), [1, 0]);
    assert_eq!(count("upstream_failures_total", ""), [0, 2]);
    assert_eq!(count("shed_total", ""), [0, 1]);
    assert_eq!(count("upstream_ejected", ""), [0, 1]);
    assert_eq!(count("own_duration_seconds_count", ""), [3, 2]);
    assert_eq!(count("upstream_duration_seconds_count", ""), [2, 2]);
    assert_eq!(count("operation_cost_count", ",verdict=\"admitted\""), [2, 2]);
    assert_eq!(count("operation_cost_count", ",verdict=\"refused\""), [1, 0]);
    // Two policies of one name are two.
    assert_eq!(count("cache_documents", ",policy=\"same\""), [1, 1]);
    let page =
        exchange(running.admin_addr().unwrap(), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let page = String::from_utf8(page.unwrap().body).unwrap();
    assert!(page.contains("count-one") && page.contains("count-two"));
    stop(running);
}

/// Three times each, of which the second has no upstream.
fn ask_both(running: &Running) {
    let checks = [
        ("one", "{ a }", 200),
        ("one", "{ a }", 200),
        ("one", "{ b { a } }", 422),
        ("two", "{ a }", 502),
        ("two", "{ a }", 502),
        ("two", "{ a }", 503),
    ];
    for (graph, query, expect) in checks {
        let answer = ask(running, &format!("count-{graph}.example"), "/graphql", query);
        assert_eq!(answer.status(), expect, "{graph} {query}");
    }
}

#[test]
fn what_is_with_the_upstream_is_with_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (live, silent) = (Upstream::start(), Upstream::raw(None));
    let path = policy(folder.path(), "flight", "");
    let first = (named("flight-one", &live), state(&path));
    let more = vec![(named("flight-two", &silent), state(&path))];
    let running = Server::start_all(first, more).unwrap();
    let headers = [("Host", "flight-two.example"), ("Content-Type", "application/json")];
    let bytes = request("POST", "/graphql", &headers, Some(br#"{"query":"{ a }"}"#));
    let mut client = TcpStream::connect(running.addr()).unwrap();
    client.write_all(&bytes).unwrap();
    wait_for(&running, "upstream_in_flight{graph=\"flight-two\"}", 1);
    let text = metrics(&running);
    assert!(text.contains("portcullis_upstream_in_flight{graph=\"flight-one\"} 0\n"), "{text}");
    drop(client);
    wait_for(&running, "upstream_in_flight{graph=\"flight-two\"}", 0);
    stop(running);
}

#[test]
fn what_is_for_no_graph_has_no_label_and_one_graph_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let path = policy(folder.path(), "plain", "");
    let first = (named("lost-one", &upstream), state(&path));
    let more = vec![(config(&["lost.example"], &upstream), state(&path))];
    let running = Server::start_all(first, more).unwrap();
    let what = "verdict=\"refused\",code=\"NOT_FOUND\",transport=\"http_post\"";
    let before = value(&metrics(&running), &format!("requests_total{{{what}}}"));
    assert_eq!(ask(&running, "lost-one.example", "/other", "{ a }").status(), 404);
    assert_eq!(ask(&running, "lost.example", "/graphql", "{ a }").status(), 200);
    let text = metrics(&running);
    assert!(value(&text, &format!("requests_total{{{what}}}")) > before);
    let named = "graph=\"lost-one\"";
    assert_eq!(value(&text, &format!("requests_total{{{named},{what}}}")), 0);
    assert!(text.contains(&format!("portcullis_refusals_total{{{named}}} 0\n")), "{text}");
    // Whoever gives no name is told by where it is.
    let told = "requests_total{graph=\"lost.example/graphql\",verdict=\"admitted\",code=\"\",\
                transport=\"http_post\"}";
    assert_eq!(value(&text, told), 1, "{text}");
    stop(running);
    let alone = Server::start(config(&[], &upstream), state(&path)).unwrap();
    assert_eq!(ask(&alone, "any.example", "/graphql", "{ a }").status(), 200);
    assert!(!metrics(&alone).contains("graph=\""));
    stop(alone);
}

#[test]
fn a_graph_keeps_its_numbers_whatever_its_policy_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let path = policy(folder.path(), "before", "");
    let opened = Reloader::open(&path, CacheLimits::default(), None);
    let Ok((reloader, second)) = opened else { panic!("it can be used") };
    let mut reloader = reloader.of_graph(1);
    let first = (named("kept-one", &upstream), state(&path));
    let more = vec![(config(&["kept.example"], &upstream), second)];
    let running = Server::start_all(first, more).unwrap();
    let name = "graph=\"kept.example/graphql\"";
    let admitted =
        format!("requests_total{{{name},verdict=\"admitted\",code=\"\",transport=\"http_post\"}}");
    assert_eq!(ask(&running, "kept.example", "/graphql", "{ a }").status(), 200);
    let text = "version: 1\nname: after\nschema: { file: test.graphql }\nhttp: { path: /new }\n";
    fs::write(&path, text).unwrap();
    assert_eq!(reloader.reload(&running), Reload::Replaced);
    assert_eq!(ask(&running, "kept.example", "/new", "{ a }").status(), 200);
    let text = metrics(&running);
    assert_eq!(value(&text, &admitted), 2, "{text}");
    assert_eq!(value(&text, &format!("reloads_total{{{name}}}")), 1);
    assert_eq!(value(&text, "reloads_total{graph=\"kept-one\"}"), 0);
    let digest = |graph: &str, policy: &str| {
        text.contains(&format!("portcullis_cache_documents{{{graph},policy=\"{policy}\"}}"))
    };
    assert!(digest(name, "after") && !digest(name, "before"));
    assert!(digest("graph=\"kept-one\"", "before"));
    stop(running);
    // A process that ends takes its numbers along; one that serves fewer graphs tells of fewer, and
    // of those it still has without a break.
    let (again, gone) = (config(&["kept.example"], &upstream), "kept-one");
    let again = Config { name: Some("kept.example/graphql".into()), ..again };
    let alone = Server::start(again, state(&path)).unwrap();
    let text = metrics(&alone);
    assert_eq!(value(&text, &admitted), 2);
    assert!(!text.contains(gone), "{text}");
    stop(alone);
}

#[test]
fn names_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let path = policy(folder.path(), "twins", "");
    let other = Config { hosts: vec!["b.example".into()], ..named("twin", &upstream) };
    let first = (named("twin", &upstream), state(&path));
    let why = Server::start_all(first, vec![(other, state(&path))]).unwrap_err();
    assert_eq!(why.to_string(), "two graphs are called `twin`");
}
