//! Secrets in every place of a request, and where none of them may turn up.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    LOCAL, get,
    support::{upstream::Upstream, wire::exchange},
    text,
};

const POLICY: &str = "\
version: 1
name: canary
schema: { file: test.graphql }
http: { batch: 3, websocket: {} }
identity: { api_keys: { header: x-api-key, keys: { file: keys.yaml } } }
limits: { depth: 3, variables: { string: 60B } }
inputs: [{ at: ['Query.find(text:)'], pattern: '^[a-z]*$' }]
";
const SCHEMA: &str = "type Query { a: Int find(text: String, n: Int, in: In): Query }
input In { secret: String }
type Mutation { change(secret: String!): Int }";
pub(crate) const SECRET: &str = "CANARYqj7";

pub(crate) struct Program(pub(crate) Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Waits for what a thread of the program does.
pub(crate) fn eventually<T>(what: impl Fn() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(Instant::now() < until, "it did not happen");
        thread::yield_now();
    }
}

pub(crate) fn start(folder: &Path, upstream: SocketAddr) -> (Program, SocketAddr, SocketAddr) {
    let policy = POLICY.lines().filter(|it| !it.starts_with("identity")).collect::<Vec<_>>();
    fs::write(folder.join("policy.yaml"), policy.join("\n")).unwrap();
    fs::write(folder.join("test.graphql"), SCHEMA).unwrap();
    let log = folder.join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--workers", "1"]);
    command.args(["--admin", "127.0.0.1:0", "--policy"]).arg(folder.join("policy.yaml"));
    command.arg("--upstream").arg(format!("http://{upstream}/graphql"));
    command.arg("--audit-log").arg(folder.join("audit"));
    command.arg("--traffic-log").arg(folder.join("traffic"));
    command.env("PORTCULLIS_LOG", "warn,portcullis=trace");
    let program = Program(command.stderr(File::create(&log).unwrap()).spawn().unwrap());
    let started = eventually(|| {
        let text = fs::read_to_string(&log).ok()?;
        let events = text.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        events.into_iter().find(|it| it["event"] == "started")
    });
    let at = |key: &str| started[key].as_str().unwrap().parse().unwrap();
    (program, at("listen"), at("admin"))
}

/// Bodies with a secret in every place that clients fill.
pub(crate) fn bodies() -> Vec<String> {
    let s = SECRET;
    let long = s.repeat(20);
    let query = |query: &str, variables: &str| {
        let query = query.replace('"', "\\\"");
        format!(r#"{{"query":"{query}","variables":{variables}}}"#)
    };
    vec![
        query(&format!("mutation {{ change(secret: \"{s}\") }}"), "{}"),
        query("mutation($v: String!) { change(secret: $v) }", &format!(r#"{{"v":"{s}"}}"#)),
        query(&format!("{{ find(text: \"{s}\") {{ a }} }}"), "{}"),
        query("query($v: String) { find(text: $v) { a } }", &format!(r#"{{"v":"{s}"}}"#)),
        query("query($v: String) { find(text: $v) { a } }", &format!(r#"{{"v":"{long}"}}"#)),
        query("query($v: Int) { find(n: $v) { a } }", &format!(r#"{{"v":"{s}"}}"#)),
        query(
            "query($v: In) { find(in: $v) { a } }",
            &format!(r#"{{"v":{{"secret":["{s}",1]}}}}"#),
        ),
        query("query($v: In) { find(in: $v) { a } }", &format!(r#"{{"v":"{s}"}}"#)),
        query(&format!("{{ find(n: \"{s}\") {{ a }} }}"), "{}"),
        query(&format!("{{ find(in: {{ secret: [\"{s}\"] }}) {{ a }} }}"), "{}"),
        query(&format!("query($v: String = \"{s}\") {{ find(n: $v) {{ a }} }}"), "{}"),
        query(&format!("{{ find(text: \"{s}) {{ a }} }}"), "{}"),
        query(
            &format!(
                "{{ find(text: \"{s}\") {{ find(text: \"{s}\") {{ find {{ find {{ a }} }} }} }} }}"
            ),
            "{}",
        ),
        query(&format!("# {s}\n{{ a ").replace('\n', "\\n"), "{}"),
        query("{ a }", &format!("\"{s}\"")),
        query("{ a }", &format!(r#"{{"unused":"{s}"}}"#)),
        format!(r#"{{"query":"{{ a }}","extensions":{{"token":"{s}"}}}}"#),
        format!(r#"{{"query":"{{ a }}","variables":{{"a":"{s}"}}"#),
        format!(r#"[{{"query":"{{ a }}"}},{{"query":"{{ find(text: \"{s}\") {{ a }} }}"}}]"#),
        format!("{s}"),
    ]
}

#[test]
fn secrets_are_in_no_log_and_no_metric_and_on_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let (mut program, address, admin) = start(folder.path(), upstream.address());
    for head in heads() {
        assert_eq!(by_post(address, &head), 2 * bodies().len());
        assert_eq!(by_get(address, &head), 3);
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let changed = || read("audit").matches("mutation-admitted").count();
    eventually(|| (changed() >= 4).then_some(()));
    let page = text(&get(admin, "/", LOCAL));
    let metrics = text(&get(admin, "/metrics", LOCAL));
    // What is written is all there is once the program has ended.
    assert!(Command::new("kill").arg(program.0.id().to_string()).status().unwrap().success());
    assert!(program.0.wait().unwrap().success());
    for (place, text) in [
        ("log", read("log")),
        ("audit", read("audit")),
        ("traffic", read("traffic")),
        ("page", page),
        ("metrics", metrics),
    ] {
        let hits: Vec<_> = text.lines().filter(|it| it.contains(SECRET)).collect();
        assert!(hits.is_empty(), "{place}: {hits:#?}");
        assert!(text.len() > 1000, "{place} says nothing");
    }
    check_audit(&read("audit"));
}

/// Headers with a secret, all of which clients fill.
fn heads() -> [String; 2] {
    [
        format!(
            "Authorization: Bearer {SECRET}\r\nCookie: session={SECRET}\r\nX-Api-Key: {SECRET}\r\nX-Request-Id: {SECRET}\r\nUser-Agent: {SECRET}\r\nReferer: https://{SECRET}.example/\r\n"
        ),
        format!(
            "Apollographql-Client-Name: {SECRET}\r\nX-Forwarded-For: {SECRET}\r\nTraceparent: {SECRET}\r\n"
        ),
    ]
}

/// Every body, with a secret in the target and without; how many answers there were.
fn by_post(address: SocketAddr, head: &str) -> usize {
    let mut n_answers = 0;
    for body in bodies() {
        let request = format!(
            "POST /graphql?token={SECRET} HTTP/1.1\r\nHost: a\r\n{head}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        n_answers += usize::from(exchange(address, request.as_bytes()).is_some());
        let request = request.replace(&format!("?token={SECRET}"), "");
        n_answers += usize::from(exchange(address, request.as_bytes()).is_some());
    }
    n_answers
}

/// Targets with a secret; how many answers there were.
fn by_get(address: SocketAddr, head: &str) -> usize {
    let targets = [
        format!("/graphql?query=%7Bfind(text:%22{SECRET}%22)%7Ba%7D%7D"),
        format!("/graphql?query=mutation%7Bchange(secret:%22{SECRET}%22)%7D"),
        format!("/{SECRET}"),
    ];
    let is_answered = |target: &&String| {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\n{head}GraphQL-Require-Preflight: 1\r\nConnection: close\r\n\r\n"
        );
        exchange(address, request.as_bytes()).is_some()
    };
    targets.iter().filter(is_answered).count()
}

/// Every line is JSON with the names of the schema.
fn check_audit(audit: &str) {
    let lines: Vec<Value> = audit.lines().map(|it| serde_json::from_str(it).expect(it)).collect();
    for line in &lines {
        let has = |key: &str| assert!(!line[key].is_null(), "{key}: {line}");
        ["@timestamp", "ecs.version", "event.action", "event.outcome", "event.type"]
            .into_iter()
            .for_each(has);
        ["source.ip", "http.request.id", "http.request.method"].into_iter().for_each(has);
    }
    let of =
        |action: &str| lines.iter().filter(|it| it["event.action"] == action).collect::<Vec<_>>();
    let (refused, changed) = (of("request-refused"), of("mutation-admitted"));
    assert!(refused.len() > 20 && refused.len() + changed.len() == lines.len());
    assert!(refused.iter().all(|it| it["rule.id"].is_string() && it["event.code"].is_string()));
    assert_eq!(changed[0]["portcullis.mutations"][0], "Mutation.change");
    let deep = refused.iter().find(|it| it["event.code"] == "MAX_DEPTH_LIMIT").expect("a deep one");
    let exception = deep["portcullis.objections"].to_string();
    assert!(exception.contains("lift: [limits.depth]"), "{exception}");
}
