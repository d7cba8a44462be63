//! The proxy over real sockets, in front of an upstream that records what reaches it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::{
    admission::Gate,
    config::{Config, UpstreamUrl},
    server::{Running, Server, State},
    sources::load_policy,
};

use upstream::Upstream;

/// An upstream on a thread of its own.
mod upstream {
    use std::{
        convert::Infallible,
        io::{Read, Write},
        net::{SocketAddr, TcpListener},
        sync::{Arc, Mutex},
        thread,
    };

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::{BodyExt, Full};
    use hyper::{body::Incoming, server::conn::http1, service::service_fn};
    use hyper_util::rt::TokioIo;

    /// What reached the upstream.
    #[derive(Debug)]
    pub(super) struct Seen {
        pub(super) connection: usize,
        pub(super) line: String,
        pub(super) headers: http::HeaderMap,
        pub(super) body: String,
    }

    pub(super) struct Upstream {
        pub(super) addr: SocketAddr,
        seen: Arc<Mutex<Vec<Seen>>>,
    }

    impl Upstream {
        /// Answers every request with the same body.
        pub(super) fn start(answer: &'static str) -> Self {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            listener.set_nonblocking(true).unwrap();
            let recorded = Arc::clone(&seen);
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            thread::spawn(move || runtime.block_on(serve(listener, recorded, answer)));
            Self { addr, seen }
        }

        /// Reads a request's head on every connection and then does what it is told: writes the
        /// text and closes, or, without a text, keeps silent.
        pub(super) fn raw(text: Option<&'static str>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap();
            thread::spawn(move || {
                let mut kept = Vec::new();
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let _n = stream.read(&mut [0; 4096]).unwrap();
                    match text {
                        Some(text) => stream.write_all(text.as_bytes()).unwrap(),
                        None => kept.push(stream),
                    }
                }
            });
            Self { addr, seen: Arc::default() }
        }

        /// An address at which nobody listens.
        pub(super) fn nowhere() -> Self {
            let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            Self { addr, seen: Arc::default() }
        }

        pub(super) fn take(&self) -> Vec<Seen> {
            std::mem::take(&mut *self.seen.lock().unwrap())
        }
    }

    async fn serve(listener: TcpListener, seen: Arc<Mutex<Vec<Seen>>>, answer: &'static str) {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        for connection in 0.. {
            let (stream, _peer) = listener.accept().await.unwrap();
            let seen = Arc::clone(&seen);
            let service = service_fn(move |request: Request<Incoming>| {
                let seen = Arc::clone(&seen);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    seen.lock().unwrap().push(Seen {
                        connection,
                        line: format!("{} {}", head.method, head.uri),
                        headers: head.headers,
                        body: String::from_utf8(body.to_vec()).unwrap(),
                    });
                    let response = Response::builder()
                        .header("content-type", "application/json")
                        .header("x-up", "1")
                        .header("connection", "x-hop")
                        .header("x-hop", "1");
                    Ok::<_, Infallible>(response.body(Full::new(Bytes::from(answer))).unwrap())
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }
}

/// A proxy and what it protects.
struct Bench {
    upstream: Upstream,
    running: Running,
}

const ANSWER: &str = r#"{"data":{"a":1}}"#;

const POLICY: &str = "\
version: 1
name: test
schema: { file: test.graphql }
http: { batch: 2, forward_headers: [authorization] }
limits: { body: 2000B, depth: 2 }
";

fn state() -> State {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("test.graphql", "type Query { a: Int b: Query }");
    write("policy.yaml", POLICY);
    let path: &Path = &folder.path().join("policy.yaml");
    let (policy, found) = load_policy(path);
    let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
    State::new(Gate::new(Arc::new(policy), portcullis::admission::CacheLimits::default()))
}

fn start_with(upstream: Upstream, change: impl FnOnce(&mut Config)) -> Bench {
    let url = UpstreamUrl::parse(&format!("http://{}/up?x=1", upstream.addr)).unwrap();
    let mut config = Config::new(url);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.admin = Some(config.listen);
    change(&mut config);
    Bench { upstream, running: Server::start(config, state()).unwrap() }
}

fn start() -> Bench {
    start_with(Upstream::start(ANSWER), |_config| {})
}

impl Bench {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.running.addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// The answer to a request on a connection of its own.
    fn send(&self, head: &str, body: &str) -> String {
        exchange(&mut self.connect(), head, body)
    }

    fn post(&self, body: &str) -> String {
        self.send(POST, body)
    }

    fn admin(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.running.admin_addr().unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn stop(self) -> u64 {
        self.running.stop();
        self.running.join()
    }
}

const POST: &str = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
const ONE: &str = r#"{"query":"{ a }"}"#;

/// Sends a request and reads one answer with a `Content-Length`, or to the end of the connection.
fn exchange(stream: &mut TcpStream, head: &str, body: &str) -> String {
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    read_answer(stream)
}

fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap();
        answer.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&answer).to_string();
        let complete = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
            length.is_some_and(|it| it.parse() == Ok(body.len()))
        });
        if n == 0 || complete {
            return text;
        }
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn an_admitted_request_is_forwarded_in_canonical_form() {
    let bench = start();
    let head = "POST /graphql?query=%7Bevil%7D HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Authorization: t\r\nCookie: c\r\nX-Forwarded-For: 1\r\nAccept: text/html\r\n";
    let answer = bench.send(head, r#"{"query":"{ a }","extra":1,"operationName":null}"#);
    assert_eq!(status(&answer), "200");
    assert!(answer.ends_with(ANSWER), "{answer}");
    assert!(
        answer.contains("x-up: 1")
            && !answer.contains("x-hop")
            && answer.contains("x-request-id: ")
    );
    let seen = bench.upstream.take();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /up?x=1");
    let mut names: Vec<_> = seen[0].headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "content-length", "content-type", "host"]);
    assert_eq!(seen[0].headers["host"], bench.upstream.addr.to_string());
    assert_eq!(seen[0].headers["accept"], "application/json");
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert!(body.get("extra").is_none() && body["query"].as_str().unwrap().contains('a'));
    assert_eq!(bench.stop(), 0);
}

#[test]
fn what_is_refused_never_reaches_the_upstream() {
    let bench = start();
    let large = format!(r#"{{"query":"{{ a }}","x":"{}"}}"#, "x".repeat(2000));
    let plain = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
    let get = "GET /graphql?query=%7Ba%7D HTTP/1.1\r\nHost: a\r\n";
    for (head, body, code, expect) in [
        (POST, r#"{"query":"{ refuse }"}"#, "GRAPHQL_VALIDATION_FAILED", "422"),
        (POST, r#"{"query":"{ a }","query":"{ a }"}"#, "INVALID_JSON", "400"),
        (POST, "", "INVALID_JSON", "400"),
        (POST, "[]", "INVALID_REQUEST", "400"),
        (POST, &format!("[{ONE},{ONE},{ONE}]"), "BATCH_TOO_LARGE", "422"),
        (POST, &large, "MAX_BODY_LIMIT", "413"),
        (plain, ONE, "CONTENT_TYPE_NOT_SUPPORTED", "415"),
        (get, "", "METHOD_NOT_ALLOWED", "405"),
        (&POST.replace("/graphql", "/other"), ONE, "NOT_FOUND", "404"),
    ] {
        let answer = bench.send(head, body);
        assert_eq!(status(&answer), expect, "{body}: {answer}");
        assert!(answer.contains(&format!(r#""code":"{code}""#)), "{answer}");
        assert!(answer.contains("cache-control: no-store") && answer.contains("requestId"));
    }
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn a_batch_is_admitted_whole_or_not_at_all() {
    let bench = start();
    assert_eq!(status(&bench.post(&format!("[{ONE}]"))), "200");
    assert!(bench.upstream.take()[0].body.starts_with('['));
    let answer = bench.post(&format!(r#"[{ONE},{{"query":"{{ refuse }}"}}]"#));
    assert_eq!(status(&answer), "422");
    assert!(answer.contains("\r\n\r\n[{"), "{answer}");
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn a_body_in_chunks_is_counted() {
    let bench = start();
    let chunked = |n: usize| {
        let mut stream = bench.connect();
        let body = format!(r#"{{"query":"{{ a }}"}}{}"#, " ".repeat(n - ONE.len()));
        write!(stream, "{POST}Transfer-Encoding: chunked\r\n\r\n").unwrap();
        for piece in body.as_bytes().chunks(100) {
            write!(stream, "{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap())
                .unwrap();
        }
        let _closed_early = write!(stream, "0\r\n\r\n");
        status(&read_answer(&mut stream)).to_owned()
    };
    assert_eq!(chunked(2000), "200");
    assert_eq!(chunked(2001), "413");
}

#[test]
fn connections_are_kept_on_both_sides() {
    let bench = start();
    let mut client = bench.connect();
    for _ in 0..5 {
        assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    }
    let connections: Vec<_> = bench.upstream.take().iter().map(|it| it.connection).collect();
    assert_eq!(connections, [0; 5]);
}

#[test]
fn two_requests_in_one_packet_are_both_answered() {
    let bench = start();
    let mut client = bench.connect();
    let one = format!("{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len());
    write!(client, "{one}{}", one.replace("Host: a", "Host: a\r\nConnection: close")).unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
}

#[tokio::test]
async fn http2_by_prior_knowledge_is_served() {
    let bench = start();
    let stream = tokio::net::TcpStream::connect(bench.running.addr()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = || {
        Request::post("http://a/graphql")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(ONE)))
            .unwrap()
    };
    let both = tokio::join!(sender.clone().send_request(request()), sender.send_request(request()));
    for response in [both.0.unwrap(), both.1.unwrap()] {
        let response: Response<_> = response;
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), ANSWER);
    }
}

#[test]
fn an_upstream_that_fails_is_a_502_or_504() {
    let gone = Upstream::nowhere();
    let hurry = |config: &mut Config| config.deadlines.response = Duration::from_millis(50);
    for (upstream, expect) in [
        (gone, "502"),
        (Upstream::raw(Some("")), "502"),
        (Upstream::raw(Some("nonsense\r\n\r\n")), "502"),
        (
            Upstream::raw(Some(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            )),
            "502",
        ),
        (Upstream::raw(None), "504"),
    ] {
        let bench = start_with(upstream, hurry);
        let answer = bench.post(ONE);
        assert_eq!(status(&answer), expect, "{answer}");
        assert!(answer.contains("the request could not be served"));
    }
}

#[test]
fn slow_bodies_and_heads_are_given_up() {
    let bench = start_with(Upstream::start(ANSWER), |config| {
        config.deadlines.body = Duration::from_millis(50);
        config.deadlines.head = Duration::from_millis(50);
    });
    let mut slow_body = bench.connect();
    write!(slow_body, "{POST}Content-Length: 17\r\n\r\n{{").unwrap();
    assert_eq!(status(&read_answer(&mut slow_body)), "408");
    let mut slow_head = bench.connect();
    write!(slow_head, "POST /graphql HTTP/1.1\r\nHost:").unwrap();
    let mut answer = String::new();
    slow_head.read_to_string(&mut answer).unwrap();
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn readiness_is_told_on_the_admin_listener_alone() {
    let bench = start();
    let mut answer = bench.admin("/readyz");
    // Workers begin to listen on threads of their own.
    while status(&answer) == "503" {
        answer = bench.admin("/readyz");
    }
    assert!(answer.contains(r#""ready":true"#), "{answer}");
    assert_eq!(status(&bench.admin("/livez")), "200");
    assert_eq!(status(&bench.admin("/graphql")), "404");
    assert_eq!(status(&bench.send("GET /readyz HTTP/1.1\r\nHost: a\r\n", "")), "404");
}

#[test]
fn a_request_in_flight_survives_a_stop() {
    let bench = start();
    let mut client = bench.connect();
    assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    write!(client, "{POST}Content-Length: {}\r\n\r\n{{", ONE.len()).unwrap();
    let mut other = bench.connect();
    assert_eq!(status(&exchange(&mut other, POST, ONE)), "200");
    bench.running.stop();
    client.write_all(&ONE.as_bytes()[1..]).unwrap();
    let answer = read_answer(&mut client);
    assert_eq!(status(&answer), "200");
    assert_eq!(bench.stop(), 0);
}
