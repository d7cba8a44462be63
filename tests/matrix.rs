//! Forty requests over every transport: one judge, one verdict, one code.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{fmt::Write as _, fs};

use portcullis::digest::Digest;
use serde_json::{Value, json};
use support::{
    proxy::Proxy,
    socket::{Client, SocketUpstream},
    upstream::Upstream,
    wire::{Message, exchange, request},
};

/// What is sent, and the code of the refusal; no code: it is forwarded.
struct Case {
    query: &'static str,
    variables: &'static str,
    operation: Option<&'static str>,
    expect: Option<&'static str>,
}

const fn refuse(expect: &'static str, query: &'static str, variables: &'static str) -> Case {
    Case { query, variables, operation: None, expect: Some(expect) }
}

const fn admit(query: &'static str, variables: &'static str) -> Case {
    Case { query, variables, operation: None, expect: None }
}

const fn select(name: &'static str, case: Case) -> Case {
    Case { operation: Some(name), ..case }
}

const TO_REFUSE: [Case; 24] = [
    refuse("GRAPHQL_PARSE_FAILED", "{ a", "{}"),
    refuse("GRAPHQL_PARSE_FAILED", "type T { a: Int } { a }", "{}"),
    refuse("GRAPHQL_VALIDATION_FAILED", "{ nothing }", "{}"),
    refuse("GRAPHQL_VALIDATION_FAILED", "{ ...F } fragment F on Query { ...F }", "{}"),
    refuse("GRAPHQL_VALIDATION_FAILED", "{ a(x: \"text\") }", "{}"),
    refuse("MAX_DEPTH_LIMIT", "{ me { friend { friend { friend { name } } } } }", "{}"),
    refuse(
        "MAX_ALIASES_LIMIT",
        "{ me { name b: name c: name d: name e: name f: name g: name } }",
        "{}",
    ),
    refuse("MAX_ROOT_FIELDS_LIMIT", "{ a b: a __typename me { name } list c: a d: a e: a }", "{}"),
    refuse("MAX_DIRECTIVES_LIMIT", "{ a @skip(if: false) @include(if: true) @tag @tag }", "{}"),
    refuse("DIRECTIVE_NOT_ALLOWED", "{ a @live }", "{}"),
    refuse("INTROSPECTION_DISABLED", "{ __schema { types { name } } }", "{}"),
    refuse("FORBIDDEN", "{ me { secret } }", "{}"),
    refuse("DEPRECATED_USED", "{ old }", "{}"),
    refuse("BAD_USER_INPUT", "query ($x: Int) { a(x: $x) }", r#"{"x":"1"}"#),
    refuse("BAD_USER_INPUT", "query ($x: Int!) { a(x: $x) }", "{}"),
    refuse("BAD_USER_INPUT", "query ($i: ID) { node(id: $i) }", r#"{"i":9007199254740992}"#),
    refuse("BAD_USER_INPUT", "query ($i: ID) { node(id: $i) }", r#"{"i":-0}"#),
    refuse(
        "GRAPHQL_VALIDATION_FAILED",
        "query ($x: Int, $__proto__: Order) { a(x: $x) sorted(by: $__proto__) @skip(if: true) }",
        r#"{"__proto__":{"field":"NAME"}}"#,
    ),
    refuse("BAD_USER_INPUT", "query ($constructor: Int) { a(x: $constructor) }", "{}"),
    refuse("MAX_VARIABLES_LIMIT", "query ($l: [Int]) { list(l: $l) }", r#"{"l":[1,2,3,4,5,6]}"#),
    refuse("INPUT_NOT_ALLOWED", "query ($n: Int) { first(n: $n) }", r#"{"n":101}"#),
    refuse("COST_ESTIMATED_TOO_EXPENSIVE", "query ($n: Int) { first(n: $n) dear }", r#"{"n":1}"#),
    refuse("INPUT_NOT_ALLOWED", "mutation ($t: String) { post(text: $t) }", r#"{"t":"toolong"}"#),
    select("C", refuse("OPERATION_RESOLUTION_FAILURE", "query A { a } query B { a }", "{}")),
];

const TO_ADMIT: [Case; 21] = [
    admit("{ a }", "{}"),
    admit("{a}#comment", "{}"),
    admit("query Named { a }", "{}"),
    select("Named", admit("query Named { a }", "{}")),
    select("B", admit("query A { a } query B { a b: a }", "{}")),
    admit("{ __typename }", "{}"),
    admit("{ me { friend { friend { name } } } }", "{}"),
    admit("{ a b: a c: a d: a e: a f: a }", "{}"),
    admit("{ ...F } fragment F on Query { me { ... on User { name } } }", "{}"),
    admit("query ($x: Int = 1) { a(x: $x) }", "{}"),
    admit("query ($x: Int) { a(x: $x) }", r#"{"x":null,"unknown":1}"#),
    admit("query ($constructor: Int) { a(x: $constructor) }", r#"{"constructor":null}"#),
    admit("query ($f: Float) { real(f: $f) }", r#"{"f":1.0}"#),
    admit("query ($i: ID) { node(id: $i) }", r#"{"i":-9007199254740991}"#),
    admit("query ($i: ID) { node(id: $i) }", r#"{"i":"\u00e4 \" \ud83d\ude00"}"#),
    admit("query ($l: [Int]) { list(l: $l) }", r#"{"l":[1,2,3,4,5]}"#),
    admit("query ($n: Int) { first(n: $n) }", r#"{"n":100}"#),
    admit("query ($s: Boolean!) { a me @include(if: $s) { secret } }", r#"{"s":false}"#),
    admit("query ($o: Order) { sorted(by: $o) }", r#"{"o":{"field":"NAME","down":true}}"#),
    admit("mutation { post(text: \"12345\") }", "{}"),
    admit("mutation ($t: String) { post(text: $t) }", r#"{"t":"1234"}"#),
];

const SCHEMA: &str = "
    directive @live on FIELD
    directive @tag repeatable on FIELD
    type Query { a(x: Int): Int me: User list(l: [Int]): Int first(n: Int): Int dear: Int
        old: Int @deprecated real(f: Float): Float node(id: ID): Int sorted(by: Order): Int }
    type User { name: String friend: User secret: Int }
    type Mutation { post(text: String): Int }
    type Subscription { tick: Int }
    input Order { field: Field down: Boolean }
    enum Field { NAME }
";

fn policy(documents: &str) -> String {
    format!(
        "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
        http: {{ get: on, batch: 2, uploads: {{}}, \
          websocket: {{ operations: [query, mutation, subscription] }} }}\n\
        directives: [skip, include, tag]\n\
        limits: {{ depth: 4, aliases: 5, root_fields: 7, directives_per_place: 3, \
          variables: {{ list: 5 }} }}\n\
        deprecated: deny\ncost: {{ max: 50, mode: enforce, weights: {{ Query.dear: 100 }} }}\n\
        authorization: {{ default: allow, rules: [{{ on: [User.secret], allow: never }}] }}\n\
        inputs: [{{ at: [\"Query.first(n:)\"], range: 0..100 }}, \
          {{ at: [\"Mutation.post(text:)\"], length: 1..5 }}]\n\
        documents: {{ {documents} }}\n"
    )
}

/// Every way to send a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Apq,
    ApqKnown,
    Batch,
    Get,
    Multipart,
    Post,
    Sse,
    TrustedGet,
    TrustedPost,
    WebSocket,
}

use Transport::{
    Apq, ApqKnown, Batch, Get, Multipart, Post, Sse, TrustedGet, TrustedPost, WebSocket,
};

const ALL: [Transport; 10] =
    [Post, Get, Batch, Multipart, Apq, ApqKnown, Sse, WebSocket, TrustedPost, TrustedGet];

/// What a transport says where it cannot carry a case; nothing: what the judge says.
fn of_the_transport(transport: Transport, case: &Case) -> Option<Expect> {
    let is_mutation = case.query.starts_with("mutation");
    // What cannot be read or does not validate cannot be listed: a manifest with it is refused.
    let is_unlisted = case.expect.is_some_and(|it| it.starts_with("GRAPHQL_"));
    match transport {
        // GraphQL over HTTP: a GET is for queries; what a mutation would be refused for otherwise
        // does not matter.
        Get | TrustedGet if is_mutation => Some(Expect::Code("METHOD_NOT_ALLOWED")),
        TrustedGet | TrustedPost if is_unlisted => {
            Some(Expect::Code("PERSISTED_QUERY_NOT_SUPPORTED"))
        }
        // Only what was admitted once is remembered.
        ApqKnown if case.expect.is_some() => Some(Expect::Unsent),
        Apq | ApqKnown | Batch | Get | Multipart | Post | Sse | TrustedGet | TrustedPost
        | WebSocket => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Admit,
    Code(&'static str),
    /// There is nothing to be sent.
    Unsent,
}

struct Bench {
    upstream: Upstream,
    sockets: SocketUpstream,
    by_text: Proxy,
    over_sockets: Proxy,
    by_id: Proxy,
    /// Keeps the manifest.
    _folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = folder.path().join("m.json");
        let listed = TO_REFUSE.iter().chain(&TO_ADMIT);
        let listed = listed.filter(|it| of_the_transport(TrustedPost, it).is_none());
        let listed: serde_json::Map<_, _> =
            listed.map(|it| (hash(it.query), it.query.into())).collect();
        fs::write(&manifest, Value::from(listed).to_string()).expect("write");
        let (upstream, sockets) = (Upstream::start(), SocketUpstream::start());
        let start = |documents: &str, to| Proxy::with(&policy(documents), SCHEMA, to, |_config| {});
        let manifests = format!("manifests: ['{}']", manifest.display());
        Self {
            by_text: start("apq: on", upstream.address()),
            over_sockets: start("apq: on", sockets.address()),
            by_id: start(&manifests, upstream.address()),
            upstream,
            sockets,
            _folder: folder,
        }
    }

    /// The verdict, and what was forwarded.
    fn send(&self, transport: Transport, case: &Case) -> (String, Option<Value>) {
        let body = body(case, transport);
        let text = body.to_string();
        let answer = match transport {
            WebSocket => return self.over_a_socket(&body),
            Apq | ApqKnown | Post => self.post(&self.by_text, &text, &[]),
            TrustedPost => self.post(&self.by_id, &text, &[]),
            Sse => self.post(&self.by_text, &text, &[("Accept", "text/event-stream")]),
            Batch => self.post(&self.by_text, &format!("[{{\"query\":\"{{a}}\"}},{text}]"), &[]),
            Get => self.get(&self.by_text, &body),
            TrustedGet => self.get(&self.by_id, &body),
            Multipart => self.multipart(&text),
        };
        let mut seen = self.upstream.take();
        assert!(seen.len() <= 1, "it was sent twice");
        let forwarded = seen.pop().and_then(|it| it.json());
        let forwarded = match forwarded {
            Some(Value::Array(mut items)) => items.pop(),
            other => other,
        };
        (code_of(&answer), forwarded)
    }

    fn post(&self, to: &Proxy, body: &str, more: &[(&str, &str)]) -> Message {
        let mut headers = vec![("Host", "a"), ("Content-Type", "application/json")];
        headers.extend(more);
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        exchange(to.address(), &bytes).expect("an answer")
    }

    fn get(&self, to: &Proxy, body: &Value) -> Message {
        let mut target = String::from("/graphql?");
        for (name, value) in body.as_object().expect("an object") {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(target, "{name}=");
            for byte in value.bytes() {
                let _ = write!(target, "%{byte:02x}");
            }
            target.push('&');
        }
        let headers = [("Host", "a"), ("GraphQL-Require-Preflight", "1")];
        exchange(to.address(), &request("GET", &target, &headers, None)).expect("an answer")
    }

    fn multipart(&self, operations: &str) -> Message {
        let part = |name: &str, text: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let body = part("operations", operations) + &part("map", "{}") + "--b--\r\n";
        let headers = [
            ("Host", "a"),
            ("Content-Type", "multipart/form-data; boundary=b"),
            ("GraphQL-Require-Preflight", "1"),
        ];
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        exchange(self.by_text.address(), &bytes).expect("an answer")
    }

    fn over_a_socket(&self, body: &Value) -> (String, Option<Value>) {
        self.sockets.forget();
        let mut client = Client::begun(self.over_sockets.address(), &[]);
        client.say(&json!({ "id": "1", "type": "subscribe", "payload": body }).to_string());
        let heard = client.hear_short();
        match heard.strip_prefix("error 1 ") {
            Some(code) => (code.to_owned(), None),
            None => {
                assert_eq!(heard, "next 1");
                let seen = self.sockets.wait(|it| !it.operations().is_empty());
                ("admitted".to_owned(), seen.operations().first().map(|it| (*it).clone()))
            }
        }
    }
}

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

fn body(case: &Case, transport: Transport) -> Value {
    let variables: Value = serde_json::from_str(case.variables).expect("JSON");
    let mut body = json!({ "variables": variables });
    if let Some(name) = case.operation {
        body["operationName"] = name.into();
    }
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(case.query) } });
    match transport {
        Apq => {
            body["query"] = case.query.into();
            body["extensions"] = persisted;
        }
        ApqKnown | TrustedGet => body["extensions"] = persisted,
        TrustedPost => body["documentId"] = format!("sha256:{}", hash(case.query)).into(),
        Batch | Get | Multipart | Post | Sse | WebSocket => body["query"] = case.query.into(),
    }
    body
}

/// The code of an answer: of an array, of its last item; of events, of the first.
fn code_of(answer: &Message) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.strip_prefix("event: next\ndata: ").unwrap_or(&text);
    let text = text.split("\n\n").next().unwrap_or_default();
    let json: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    let item = json.as_array().and_then(|it| it.last()).unwrap_or(&json);
    let code = item["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or("admitted").to_owned()
}

fn check(bench: &Bench, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut first = None;
    for transport in ALL {
        let judged = case.expect.map_or(Expect::Admit, Expect::Code);
        let expect = match of_the_transport(transport, case).unwrap_or(judged) {
            Expect::Admit => "admitted",
            Expect::Code(code) => code,
            Expect::Unsent => continue,
        };
        let (code, forwarded) = bench.send(transport, case);
        let is_forwarded = forwarded.is_some();
        if code != expect || is_forwarded != (expect == "admitted") {
            wrong.push(format!("{transport:?} {}: {code}, not {expect}", case.query));
        } else if is_forwarded && *first.get_or_insert_with(|| forwarded.clone()) != forwarded {
            wrong.push(format!("{transport:?} {}: forwarded otherwise", case.query));
        }
    }
    wrong
}

#[test]
fn every_transport_gives_the_same_verdict() {
    let bench = Bench::start();
    let wrong: Vec<_> =
        TO_REFUSE.iter().chain(&TO_ADMIT).flat_map(|it| check(&bench, it)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
