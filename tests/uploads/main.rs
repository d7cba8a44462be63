//! Requests with files, through a real listener: what reaches the upstream is written anew, what
//! breaks the specification or a bound does not reach it whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod kept;
mod multiplexed;
mod proven;
mod streamed;

use support::{
    proxy::Proxy,
    upstream::Upstream,
    wire::{Message, exchange, request},
};

const SCHEMA: &str = "
    scalar Upload
    scalar JSON
    type Query { a: String b(file: Upload): String }
    type Mutation { put(file: Upload!): String many(files: [Upload!]!): String
        deep(input: In!): String any(json: JSON): String text(text: String): String }
    input In { file: Upload! name: String json: JSON }
";

const POLICY: &str = "version: 1\nname: t\nschema: { file: test.graphql }\n\
    http: { batch: 2, uploads: { files: 2, bytes: 10B } }\nlimits: { body: 1KiB }\n";

const BOUNDARY: &str = "XyZ";

/// A part: its head behind `Content-Disposition: form-data; name=`, and its content.
type Part<'p> = (&'p str, &'p str);

fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = String::new();
    for (head, content) in parts {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name={head}\r\n\r\n");
        body += &format!("{content}\r\n");
    }
    (body + &format!("--{BOUNDARY}--\r\n")).into_bytes()
}

fn headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("Host", "shop.example"),
        ("Content-Type", "multipart/form-data; boundary=XyZ"),
        ("Apollo-Require-Preflight", "1"),
    ]
}

/// What is sent for one file at `variables.file`.
fn one_file(content: &str) -> Vec<u8> {
    body(&[OPERATIONS, MAP, ("\"7\"; filename=\"a.txt\"\r\nContent-Type: text/plain", content)])
}

const OPERATIONS: Part<'_> = (
    "\"operations\"",
    r#"{ "query": "mutation ($file: Upload!) { put(file: $file) }", "variables": {"file": null} }"#,
);
const MAP: Part<'_> = ("\"map\"", r#"{ "7": ["variables.file"] }"#);

struct Case {
    upstream: Upstream,
    proxy: Proxy,
}

impl Case {
    fn with(policy: &str) -> Self {
        let upstream = Upstream::start();
        let proxy = Proxy::with(policy, SCHEMA, upstream.address(), |_config| {});
        Self { upstream, proxy }
    }

    fn start() -> Self {
        Self::with(POLICY)
    }

    fn send(&self, headers: &[(&str, &str)], body: &[u8]) -> (Message, Vec<Message>) {
        let bytes = request("POST", "/graphql", headers, Some(body));
        let answer = exchange(self.proxy.address(), &bytes).expect("an answer");
        (answer, self.upstream.take())
    }

    #[track_caller]
    fn check(&self, body: &[u8], expect: Result<&[Part<'_>], &str>) {
        let (answer, got) = self.send(&headers(), body);
        match expect {
            Ok(parts) => {
                assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(&answer.body));
                assert_eq!(got.len(), 1);
                assert_eq!(parts_of(&got[0]), owned(parts));
            }
            Err(code) => {
                assert_eq!(code_of(&answer), code, "{}", String::from_utf8_lossy(body));
                assert!(got.is_empty(), "it reached the upstream");
            }
        }
    }
}

fn code_of(answer: &Message) -> String {
    let json = answer.json().unwrap_or_default();
    let item = if json.is_array() { &json[0] } else { &json };
    let code = item["errors"][0]["extensions"]["code"].as_str();
    code.map_or_else(|| format!("{}", answer.status()), str::to_owned)
}

fn owned(parts: &[Part<'_>]) -> Vec<(String, String)> {
    parts.iter().map(|(head, content)| ((*head).to_owned(), (*content).to_owned())).collect()
}

/// What reached the upstream, without its boundary.
fn parts_of(message: &Message) -> Vec<(String, String)> {
    let value = message.header("content-type").expect("a type");
    let Some(boundary) = value.strip_prefix("multipart/form-data; boundary=") else {
        return vec![(value.to_owned(), String::from_utf8(message.body.clone()).unwrap())];
    };
    assert!(boundary.starts_with("portcullis-") && boundary.len() == 43, "{boundary}");
    let body = String::from_utf8(message.body.clone()).unwrap();
    let body = body.strip_suffix(&format!("\r\n--{boundary}--\r\n")).expect("an end");
    let body = format!("\r\n{body}");
    let between = format!("\r\n--{boundary}\r\n");
    let parts = body.split(&between).skip(1).map(|part| {
        let (head, content) = part.split_once("\r\n\r\n").expect("a head");
        let head = head.strip_prefix("Content-Disposition: form-data; name=").expect("a name");
        (head.to_owned(), content.to_owned())
    });
    parts.collect()
}

const FORWARDED: Part<'_> = (
    "\"operations\"",
    r#"{"query":"mutation($file:Upload!){put(file:$file)}","variables":{"file":null}}"#,
);
const FORWARDED_MAP: Part<'_> = ("\"map\"", r#"{"0":["variables.file"]}"#);

#[test]
fn everything_is_written_anew() {
    let case = Case::start();
    let file = ("\"0\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "0123456789");
    case.check(&one_file("0123456789"), Ok(&[FORWARDED, FORWARDED_MAP, file]));
    let odd = "\"7\"; filename=\"../b.png\"; x=1\r\nX-Other: 1";
    let sent = body(&[OPERATIONS, MAP, (odd, "")]);
    let file = ("\"0\"; filename=\"b.png\"\r\nContent-Type: text/plain", "");
    case.check(&sent, Ok(&[FORWARDED, FORWARDED_MAP, file]));
    let tricky = "\r\n--Xy".to_owned();
    let file = ("\"0\"; filename=\"a.txt\"\r\nContent-Type: text/plain", &*tricky);
    case.check(&one_file(&tricky), Ok(&[FORWARDED, FORWARDED_MAP, file]));
}

#[test]
fn operations_are_under_the_ceiling_of_bodies_and_files_are_not() {
    let upstream = Upstream::start();
    let policy = POLICY.replace("10B", "1KiB");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |it| it.bounds.bodies = 200);
    let case = Case { upstream, proxy };
    let (answer, got) = case.send(&headers(), &one_file(&"x".repeat(900)));
    assert_eq!((answer.status(), got.len()), (200, 1));
    let long = OPERATIONS.1.replace("{ \"query\"", &format!("{{{} \"query\"", " ".repeat(200)));
    let large = body(&[(OPERATIONS.0, &long), MAP, ("\"7\"; filename=\"a.txt\"", "x")]);
    let (answer, got) = case.send(&headers(), &large);
    assert_eq!((answer.status(), &*code_of(&answer)), (503, "SERVICE_UNAVAILABLE"));
    assert_eq!((answer.header("retry-after"), got.len()), (Some("1"), 0));
    // What was held is given back.
    let (answer, _) = case.send(&headers(), &one_file("x"));
    assert_eq!(answer.status(), 200);
}

#[test]
fn uploads_take_time_of_ours_and_of_the_upstream() {
    let case = Case::start();
    let counts = || {
        let metrics = request("GET", "/metrics", &[("Host", "localhost")], None);
        let answer = exchange(case.proxy.admin_address(), &metrics).expect("an answer");
        let text = String::from_utf8(answer.body).unwrap();
        let count = |name: &str| -> u64 {
            let line = text.lines().find_map(|it| it.strip_prefix(name)).expect(name);
            line.trim().parse().unwrap()
        };
        ["own", "upstream"].map(|it| count(&format!("portcullis_{it}_duration_seconds_count")))
    };
    let [own, upstream] = counts();
    let (answer, _) = case.send(&headers(), &one_file("x"));
    assert_eq!(answer.status(), 200);
    let [own_then, upstream_then] = counts();
    assert!(own_then > own && upstream_then > upstream);
}

#[test]
fn without_files_it_waits_no_longer_than_the_policy() {
    let policy = format!("{POLICY}response: {{ timeout: {{ total: 50ms }} }}\n");
    let upstream = Upstream::raw(None);
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    let body = body(&[("\"operations\"", r#"{ "query": "{ a }" }"#), ("\"map\"", "{}")]);
    let answer = exchange(proxy.address(), &request("POST", "/graphql", &headers(), Some(&body)));
    assert_eq!(answer.unwrap().status(), 504);
}

#[test]
fn without_files_it_is_a_request_like_others() {
    let case = Case::start();
    let empty = ("\"map\"", "{}");
    let query = ("\"operations\"", r#"{"query":"{ a }"}"#);
    case.check(&body(&[query, empty]), Ok(&[("application/json", r#"{"query":"{a}"}"#)]));
    case.check(
        &body(&[("\"operations\"", r#"{"query":"{ c }"}"#), empty]),
        Err("GRAPHQL_VALIDATION_FAILED"),
    );
    case.check(&body(&[OPERATIONS, empty]), Err("BAD_USER_INPUT"));
    let file = ("\"7\"; filename=\"a.txt\"", "");
    case.check(&body(&[query, empty, file]), Err("INVALID_UPLOAD"));
}

#[test]
fn bytes_and_files_are_bounded_on_both_sides() {
    let case = Case::start();
    case.check(&one_file("01234567890"), Err("MAX_UPLOAD_BYTES_LIMIT"));
    let operations = |n: usize| {
        let nulls = vec!["null"; n].join(",");
        format!(
            r#"{{"query":"mutation($f:[Upload!]!){{many(files:$f)}}","variables":{{"f":[{nulls}]}}}}"#
        )
    };
    let (two, three) = (operations(2), operations(3));
    let map = ("\"map\"", r#"{"b":["variables.f.1"],"a":["variables.f.0"]}"#);
    let files = [("\"a\"; filename=\"a\"", "12345"), ("\"b\"; filename=\"b\"", "67890")];
    let sent = body(&[("\"operations\"", &two), map, files[0], files[1]]);
    case.check(
        &sent,
        Ok(&[
            ("\"operations\"", &*two),
            ("\"map\"", r#"{"0":["variables.f.1"],"1":["variables.f.0"]}"#),
            ("\"1\"; filename=\"a\"\r\nContent-Type: text/plain", "12345"),
            ("\"0\"; filename=\"b\"\r\nContent-Type: text/plain", "67890"),
        ]),
    );
    let over = [files[0], ("\"b\"; filename=\"b\"", "678901")];
    let sent = body(&[("\"operations\"", &two), map, over[0], over[1]]);
    case.check(&sent, Err("MAX_UPLOAD_BYTES_LIMIT"));
    let map = r#"{"a":["variables.f.0"],"b":["variables.f.1"],"c":["variables.f.2"]}"#;
    case.check(
        &body(&[("\"operations\"", &three), ("\"map\"", map)]),
        Err("MAX_UPLOAD_FILES_LIMIT"),
    );
    let padded = |n: usize| format!("{}{}", OPERATIONS.1, " ".repeat(n - OPERATIONS.1.len()));
    let file = ("\"7\"; filename=\"a\"", "");
    let (answer, got) =
        case.send(&headers(), &body(&[("\"operations\"", &padded(1024)), MAP, file]));
    assert_eq!((answer.status(), got.len()), (200, 1));
    case.check(&body(&[("\"operations\"", &padded(1025)), MAP, file]), Err("413"));
    let map = |n: usize| format!("{}{}", MAP.1, " ".repeat(n - MAP.1.len()));
    let (answer, _) = case.send(&headers(), &body(&[OPERATIONS, ("\"map\"", &map(16384)), file]));
    assert_eq!(answer.status(), 200);
    case.check(&body(&[OPERATIONS, ("\"map\"", &map(16385)), file]), Err("INVALID_UPLOAD"));
}

#[test]
fn parts_come_once_and_in_order() {
    let case = Case::start();
    let file = ("\"7\"; filename=\"a\"", "x");
    for parts in [
        &[][..],
        &[OPERATIONS],
        &[OPERATIONS, file],
        &[MAP, OPERATIONS, file],
        &[file, OPERATIONS, MAP],
        &[OPERATIONS, OPERATIONS, MAP, file],
        &[OPERATIONS, MAP],
        &[OPERATIONS, MAP, MAP, file],
        &[OPERATIONS, MAP, file, file],
        &[OPERATIONS, MAP, file, OPERATIONS],
        &[OPERATIONS, MAP, ("\"8\"; filename=\"a\"", "x")],
        &[OPERATIONS, MAP, file, ("\"8\"; filename=\"a\"", "x")],
        &[OPERATIONS, MAP, ("\"7\"", "x")],
        &[OPERATIONS, MAP, ("\"7\"; filename=\"a\"\r\nContent-Type: a b", "x")],
        &[OPERATIONS, MAP, ("\"7\"; filename=\"a\"\r\nContent-Transfer-Encoding: base64", "eA==")],
        &[("\"operations\"; filename=\"o\"", OPERATIONS.1), MAP, file],
        &[OPERATIONS, ("\"map\"; filename=\"m\"", MAP.1), file],
        &[OPERATIONS, ("\"map\"", "[]"), file],
        &[OPERATIONS, ("\"map\"", r#"{"7":["query"]}"#), file],
        &[OPERATIONS, ("\"map\"", r#"{"7":["variables.other"]}"#), file],
    ] {
        case.check(&body(parts), Err("INVALID_UPLOAD"));
    }
    let sent = one_file("x");
    // More framing than a request of these bounds has.
    let long = format!("\"7\"; filename=\"a\"\r\nX-Long: {}", "x".repeat(40_000));
    case.check(&body(&[OPERATIONS, MAP, (&long, "x")]), Err("MAX_UPLOAD_BYTES_LIMIT"));
    let cut = &sent[..sent.len() - 8];
    case.check(cut, Err("INVALID_UPLOAD"));
    case.check(b"--XyZ", Err("INVALID_UPLOAD"));
    case.check(b"", Err("INVALID_UPLOAD"));
}

#[test]
fn files_stand_at_uploads_alone() {
    let case = Case::start();
    let file = ("\"7\"; filename=\"a\"", "x");
    let check = |query: &str, variables: &str, path: &str, expect: Result<(), &str>| {
        let operations = format!(r#"{{"query":"{query}","variables":{variables}}}"#);
        let map = format!(r#"{{"7":["{path}"]}}"#);
        let sent = body(&[("\"operations\"", &operations), ("\"map\"", &map), file]);
        let (answer, got) = case.send(&headers(), &sent);
        let code = code_of(&answer);
        assert_eq!(
            (code.as_str(), got.len()),
            expect.map_or_else(|it| (it, 0), |()| ("200", 1)),
            "{query} {variables} {path}"
        );
    };
    check("query($f:Upload){b(file:$f)}", r#"{"f":null}"#, "variables.f", Ok(()));
    let deep = "mutation($i:In!){deep(input:$i)}";
    check(deep, r#"{"i":{"file":null}}"#, "variables.i.file", Ok(()));
    let bad = Err("BAD_USER_INPUT");
    check(deep, r#"{"i":{"file":null,"name":null}}"#, "variables.i.name", bad);
    check(deep, r#"{"i":null}"#, "variables.i", bad);
    check(deep, r#"{"i":{"file":null,"json":{"a":null}}}"#, "variables.i.json.a", bad);
    check("mutation($j:JSON){any(json:$j)}", r#"{"j":null}"#, "variables.j", bad);
    check("mutation($j:JSON){any(json:$j)}", r#"{"j":[null]}"#, "variables.j.0", bad);
    check("mutation($t:String){text(text:$t)}", r#"{"t":null}"#, "variables.t", bad);
    check("{a}", r#"{"f":null}"#, "variables.f", bad);
    let many = "mutation($f:[Upload!]!){many(files:$f)}";
    check(many, r#"{"f":[null]}"#, "variables.f.0", Ok(()));
    check(many, r#"{"f":[null,null]}"#, "variables.f.0", bad);
    check(many, r#"{"f":["x"]}"#, "variables.f.0", Err("INVALID_UPLOAD"));
}

/// Servers that ask for one themselves refuse a body with files that comes without.
#[test]
fn the_header_that_no_form_can_send_goes_on() {
    let case = Case::start();
    let (answer, got) = case.send(&headers(), &one_file("x"));
    assert_eq!(answer.status(), 200);
    assert_eq!(got[0].header("apollo-require-preflight"), Some("1"));
}

#[test]
fn batches_take_files() {
    let case = Case::start();
    let operations = format!("[{{\"query\":\"{{a}}\"}},{}]", OPERATIONS.1);
    let map = ("\"map\"", r#"{"7":["1.variables.file"]}"#);
    let file = ("\"7\"; filename=\"a\"", "x");
    let sent = body(&[("\"operations\"", &operations), map, file]);
    let (answer, got) = case.send(&headers(), &sent);
    assert_eq!(answer.status(), 200);
    let parts = parts_of(&got[0]);
    assert_eq!(parts[0].1, format!("[{{\"query\":\"{{a}}\"}},{}]", FORWARDED.1));
    assert_eq!(parts[1].1, r#"{"0":["1.variables.file"]}"#);
    case.check(&body(&[("\"operations\"", &operations), MAP, file]), Err("INVALID_UPLOAD"));
}

#[test]
fn what_surrounds_it_is_judged() {
    let case = Case::start();
    let sent = one_file("x");
    let with = |name: &str, value: &'static str| {
        let mut headers = headers();
        headers.retain(|it| it.0 != name);
        if !value.is_empty() {
            let name = if name == "Content-Type" { "Content-Type" } else { "Content-Encoding" };
            headers.push((name, value));
        }
        let (answer, got) = case.send(&headers, &sent);
        (code_of(&answer), got.len())
    };
    assert_eq!(with("Apollo-Require-Preflight", ""), ("CSRF_HEADER_REQUIRED".into(), 0));
    let unsupported = ("CONTENT_TYPE_NOT_SUPPORTED".to_owned(), 0);
    assert_eq!(with("Content-Type", "multipart/form-data"), unsupported);
    assert_eq!(with("Content-Type", "multipart/mixed; boundary=XyZ"), unsupported);
    assert_eq!(with("Content-Encoding", "gzip"), unsupported);
    let off = Case::with(&POLICY.replace(", uploads: { files: 2, bytes: 10B }", ""));
    let (answer, got) = off.send(&headers(), &sent);
    assert_eq!((code_of(&answer), got.len()), unsupported);
}
