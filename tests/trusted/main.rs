//! Trusted documents through the real proxy: by id and by text, by POST and by GET, and while
//! their manifests change.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod judged;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use portcullis::{
    config::{Config, UpstreamUrl},
    digest::Digest,
    server::{Reload, Reloader, Running, Server},
};
use serde_json::{Value, json};
use support::{
    upstream::Upstream,
    wire::{Message, exchange, read_message, request},
};

const SCHEMA: &str = "type Query { a: Int b(x: Int): Int } type Mutation { m: Int }";
const A: &str = "query A { a }";
const B: &str = "query B($x: Int) { b(x: $x) }";
const M: &str = "mutation M { m }";

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// `A` and `M` under their hash, `B` under a name of its own.
fn manifest() -> String {
    json!({ hash(A): A, "x-b:1": B, hash(M): M }).to_string()
}

/// A proxy over a folder with a manifest, which can be changed.
struct Bench {
    folder: tempfile::TempDir,
    reloader: Reloader,
    running: Running,
    upstream: Upstream,
}

impl Bench {
    fn start(rest: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).expect("write");
        };
        write("s.graphql", SCHEMA);
        write("m.json", &manifest());
        fs::create_dir_all(folder.path().join("ops/in")).expect("a folder");
        write("ops/o.graphql", "query O { ...F }");
        write("ops/in/f.graphql", "fragment F on Query { a }");
        write("p.yaml", &format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}\n"));
        let upstream = Upstream::start();
        let url = UpstreamUrl::parse(&format!("http://{}/graphql", upstream.address()));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: any, admin: Some(any), ..Config::new(url.expect("a URL")) };
        let path = folder.path().join("p.yaml");
        let (reloader, state) = Reloader::open(&path, config.cache, None).expect("a policy");
        let running = Server::start(config, state).expect("the server starts");
        Self { folder, reloader, running, upstream }
    }

    fn send(&self, bytes: &[u8]) -> Message {
        exchange(self.running.addr(), bytes).expect("an answer")
    }

    /// What becomes of a request: the text that is forwarded, or the code and the message.
    #[track_caller]
    fn check(&self, bytes: &[u8], expect: Result<&str, (&str, &str)>) {
        let answer = self.send(bytes);
        let forwarded = self.upstream.take();
        let json = answer.json().unwrap_or_default();
        let request = String::from_utf8_lossy(bytes);
        match expect {
            Ok(text) => {
                assert_eq!((answer.status(), forwarded.len()), (200, 1), "{request}: {json}");
                let body = forwarded[0].json().expect("JSON");
                assert_eq!(body["query"], text, "{request}");
                assert_eq!(forwarded[0].first.split(' ').next(), Some("POST"));
                // The text goes on, never the id.
                assert!(body.get("extensions").is_none() && body.get("documentId").is_none());
            }
            Err((code, message)) => {
                assert!(forwarded.is_empty(), "{request}");
                assert_eq!(json["errors"][0]["extensions"]["code"], code, "{request}: {json}");
                assert_eq!(json["errors"][0]["message"], message, "{request}");
            }
        }
    }

    #[track_caller]
    fn check_post(&self, body: &Value, expect: Result<&str, (&str, &str)>) {
        let headers = [("Host", "a"), ("Content-Type", "application/json")];
        let body = body.to_string();
        self.check(&request("POST", "/graphql", &headers, Some(body.as_bytes())), expect);
    }

    #[track_caller]
    fn check_get(&self, query: &str, expect: Result<&str, (&str, &str)>) {
        let headers = [("Host", "a"), ("GraphQL-Require-Preflight", "1")];
        self.check(&request("GET", &format!("/graphql?{query}"), &headers, None), expect);
    }

    fn stop(self) {
        self.running.stop();
        assert_eq!(self.running.join(), 0);
    }
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

const MANIFEST: &str = "documents: { manifests: [m.json] }";
const NOT_FOUND: (&str, &str) = ("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
const NOT_SUPPORTED: (&str, &str) = ("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported");
const NOT_IN_LIST: (&str, &str) =
    ("PERSISTED_QUERY_NOT_IN_LIST", "only listed documents may be sent");
const DISAGREE: (&str, &str) = ("INVALID_REQUEST", "the id and the text name different documents");

#[test]
fn a_document_is_asked_for_by_its_id() {
    let bench = Bench::start(MANIFEST);
    let a = "query A{a}";
    bench.check_post(&json!({ "documentId": hash(A) }), Ok(a));
    bench.check_post(&json!({ "documentId": format!("sha256:{}", hash(A)) }), Ok(a));
    bench.check_post(&json!({ "extensions": persisted(&hash(A)) }), Ok(a));
    bench.check_post(&json!({ "extensions": persisted(&hash(A)), "operationName": "A" }), Ok(a));
    bench.check_post(&json!({ "documentId": "x-b:1" }), Ok("query B($x:Int){b(x:$x)}"));
    bench.check_post(&json!({ "documentId": hash(M) }), Ok("mutation M{m}"));
    // Together with the same text, or without any id.
    bench.check_post(&json!({ "documentId": hash(A), "query": A }), Ok(a));
    bench.check_post(&json!({ "query": A }), Ok(a));
    bench.check_post(&json!({ "query": "{b}" }), Ok("{b}"));
    bench.stop();
}

#[test]
fn what_does_not_agree_is_refused() {
    let bench = Bench::start(MANIFEST);
    let both = |id: &str, text: &str| json!({ "documentId": id, "query": text });
    bench.check_post(&both(&hash(A), "query A { a  }"), Err(DISAGREE));
    bench.check_post(&both("x-b:1", A), Err(DISAGREE));
    bench.check_post(&both(&hash("{b}"), "{a}"), Err(DISAGREE));
    bench.check_post(&both(&hash("{b}"), "{b}"), Err(NOT_SUPPORTED));
    bench.check_post(&both("x-c", "{b}"), Err(NOT_SUPPORTED));
    for id in ["x-c", "", &hash(A).to_uppercase(), "sha256:ab"] {
        bench.check_post(&json!({ "documentId": id }), Err(NOT_FOUND));
    }
    // What sends it sends the text alone then, and that is judged.
    bench.check_post(&json!({ "documentId": hash("{b}") }), Err(NOT_SUPPORTED));
    bench.check_post(&json!({ "extensions": persisted(&hash("{b}")) }), Err(NOT_SUPPORTED));
    let two = json!({ "documentId": "x-b:1", "extensions": persisted(&hash(A)) });
    let message = "`documentId` and `persistedQuery` name different documents";
    bench.check_post(&two, Err(("INVALID_REQUEST", message)));
    let name = "no operation has the name that `operationName` gives";
    let other = json!({ "documentId": hash(A), "operationName": "B" });
    bench.check_post(&other, Err(("OPERATION_RESOLUTION_FAILURE", name)));
    bench.stop();
    let none = Bench::start("");
    none.check_post(&json!({ "documentId": hash(A) }), Err(NOT_SUPPORTED));
    none.check_post(&both(&hash(A), A), Err(NOT_SUPPORTED));
    none.stop();
    // Nothing is made of a text that is too long, whatever comes with it.
    let short = Bench::start("limits: { document: 10B }");
    let long = ("MAX_DOCUMENT_LIMIT", "the document has more than 10 bytes");
    short.check_post(&both(&hash("{b}"), "{a#1234567}"), Err(long));
    short.stop();
}

#[test]
fn queries_come_by_get() {
    let bench = Bench::start(MANIFEST);
    let (a, m) = (hash(A), hash(M));
    bench.check_get(&format!("documentId={a}"), Ok("query A{a}"));
    let extensions = format!("{{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{a}\"}}}}");
    let extensions = extensions.replace('"', "%22");
    bench.check_get(&format!("extensions={extensions}&operationName=A"), Ok("query A{a}"));
    let b = "documentId=x-b:1&variables=%7B%22x%22:1%7D";
    bench.check_get(b, Ok("query B($x:Int){b(x:$x)}"));
    let by_get = "only queries may come by GET";
    bench.check_get(&format!("documentId={m}"), Err(("METHOD_NOT_ALLOWED", by_get)));
    let by_id = ("PERSISTED_QUERY_ID_REQUIRED", "a document is asked for by its id here");
    bench.check_get("query=%7Ba%7D", Err(by_id));
    bench.check_get(&format!("documentId={a}&query=query+A+%7B+a+%7D"), Err(by_id));
    let once = "every parameter may stand once";
    bench.check_get(&format!("documentId={a}&documentId={a}"), Err(("INVALID_REQUEST", once)));
    let head = format!("/graphql?documentId={a}");
    let forged = bench.send(&request("GET", &head, &[("Host", "a")], None));
    assert_eq!(forged.status(), 403);
    let sent =
        [("Host", "a"), ("GraphQL-Require-Preflight", "1"), ("Content-Type", "application/json")];
    let with_body = bench.send(&request("GET", &head, &sent, Some(b"{}")));
    assert_eq!(with_body.status(), 400);
    // An empty piece is no body.
    let lines = "Host: a\r\nGraphQL-Require-Preflight: 1\r\nTransfer-Encoding: chunked\r\n";
    let chunked = |piece| format!("GET {head} HTTP/1.1\r\n{lines}\r\n{piece}0\r\n\r\n");
    bench.check(chunked("").as_bytes(), Ok("query A{a}"));
    assert_eq!(bench.send(chunked("2\r\n{}\r\n").as_bytes()).status(), 400);
    let mutation = request("GET", &format!("/graphql?documentId={m}"), &sent, None);
    assert_eq!(bench.send(&mutation).header("allow"), Some("POST"));
    let put = request("PUT", "/graphql", &sent, None);
    assert_eq!(bench.send(&put).header("allow"), Some("GET, POST"));
    bench.stop();
}

#[test]
fn get_is_as_wide_as_the_policy_says() {
    let on = Bench::start("http: { get: on }");
    on.check_get("query=%7Ba%7D", Ok("{a}"));
    let by_get = ("METHOD_NOT_ALLOWED", "only queries may come by GET");
    on.check_get("query=mutation%7Bm%7D", Err(by_get));
    on.stop();
    let off = ("METHOD_NOT_ALLOWED", "this method is not allowed here");
    for rest in ["", "http: { get: trusted }", &format!("http: {{ get: off }}\n{MANIFEST}")] {
        let bench = Bench::start(rest);
        bench.check_get("query=%7Ba%7D", Err(off));
        bench.stop();
    }
}

#[test]
fn only_listed_documents_pass_when_they_are_required() {
    let bench = Bench::start("documents: { manifests: [m.json], require: true }");
    bench.check_post(&json!({ "documentId": hash(A) }), Ok("query A{a}"));
    // What says the same is the same.
    bench.check_post(&json!({ "query": "query A {\n  a # one\n}" }), Ok("query A{a}"));
    for text in ["query A { a a }", "query B { a }", "{a}", "{unknown}"] {
        bench.check_post(&json!({ "query": text }), Err(NOT_IN_LIST));
    }
    bench.check_post(&json!({ "query": "{a}", "documentId": hash("{a}") }), Err(NOT_IN_LIST));
    bench.check_post(&json!({ "extensions": persisted(&hash("{a}")) }), Err(NOT_FOUND));
    let unreadable = json!({ "query": "{" });
    let answer = bench.send(&request(
        "POST",
        "/graphql",
        &[("Host", "a"), ("Content-Type", "application/json")],
        Some(unreadable.to_string().as_bytes()),
    ));
    assert_eq!(answer.status(), 400);
    bench.stop();
}

#[test]
fn automatic_persisted_queries_remember_what_was_admitted() {
    let bench = Bench::start("documents: { apq: on }\nlimits: { aliases: 0 }");
    let hashed = |text: &str| json!({ "extensions": persisted(&hash(text)) });
    let both = |id: &str, text: &str| json!({ "query": text, "extensions": persisted(&hash(id)) });
    bench.check_post(&hashed("{a}"), Err(NOT_FOUND));
    bench.check_post(&both("{b}", "{a}"), Err(DISAGREE));
    bench.check_post(&hashed("{b}"), Err(NOT_FOUND));
    bench.check_post(&both("{a}", "{a}"), Ok("{a}"));
    bench.check_post(&hashed("{a}"), Ok("{a}"));
    // What was refused is not remembered.
    let message = "the operation is over the limit `limits.aliases`";
    bench.check_post(&both("{x:a}", "{x:a}"), Err(("MAX_ALIASES_LIMIT", message)));
    bench.check_post(&hashed("{x:a}"), Err(NOT_FOUND));
    bench.stop();
}

#[test]
fn a_manifest_changes_under_load() {
    let mut bench = Bench::start(MANIFEST);
    let address = bench.running.addr();
    let is_done = AtomicBool::new(false);
    let client = || {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        let mut stream = BufReader::new(stream);
        let headers = [("Host", "a"), ("Content-Type", "application/json")];
        let body = json!({ "documentId": hash(A) }).to_string();
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        let mut n = 0_u64;
        while !is_done.load(Ordering::SeqCst) {
            stream.get_mut().write_all(&bytes).expect("written");
            let answer = read_message(&mut stream).expect("read").expect("an answer");
            assert_eq!(answer.status(), 200);
            n += 1;
        }
        n
    };
    let n = thread::scope(|scope| {
        let clients: Vec<_> = (0..2).map(|_| scope.spawn(client)).collect();
        for n in 0..20 {
            let mut listed = json!({ hash(A): A });
            let text = format!("query N{n} {{ a }}");
            listed[hash(&text)] = json!(text);
            fs::write(bench.folder.path().join("m.json"), listed.to_string()).expect("write");
            assert_eq!(bench.reloader.reload(&bench.running), Reload::Replaced);
        }
        is_done.store(true, Ordering::SeqCst);
        clients.into_iter().map(|it| it.join().expect("no client fails")).sum::<u64>()
    });
    assert!(n > 0);
    bench.upstream.take();
    bench.check_post(&json!({ "documentId": hash("query N19 { a }") }), Ok("query N19{a}"));
    bench.check_post(&json!({ "documentId": hash(M) }), Err(NOT_SUPPORTED));
    fs::write(bench.folder.path().join("m.json"), r#"{"1":"{unknown}"}"#).expect("write");
    assert_eq!(bench.reloader.reload(&bench.running), Reload::Kept);
    bench.check_post(&json!({ "documentId": hash(A) }), Ok("query A{a}"));
    bench.stop();
}

#[test]
fn a_folder_of_documents_is_watched() {
    let mut bench = Bench::start("documents: { manifests: [ops/] }");
    let look = |bench: &mut Bench| bench.reloader.look(&bench.running);
    bench.check_post(
        &json!({ "documentId": hash("query O{...F} fragment F on Query{a}") }),
        Ok("query O{...F} fragment F on Query{a}"),
    );
    assert_eq!([look(&mut bench), look(&mut bench)], [None, None]);
    fs::write(bench.folder.path().join("ops/in/n.graphql"), "query N { b }").expect("write");
    assert_eq!([look(&mut bench), look(&mut bench)], [None, Some(Reload::Replaced)]);
    bench.check_post(&json!({ "documentId": hash("query N{b}") }), Ok("query N{b}"));
    bench.check_post(&json!({ "documentId": hash("query N { b }") }), Ok("query N{b}"));
    bench.stop();
}
