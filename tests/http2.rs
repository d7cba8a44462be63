//! HTTP/2: served by prior knowledge, and bounded frame by frame.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::{
    bench::{ANSWER, Bench, ONE, exchange, start, start_with, status},
    upstream::Upstream,
};

async fn connect(bench: &Bench) -> SendRequest<Full<Bytes>> {
    let stream = tokio::net::TcpStream::connect(bench.proxy.address()).await.unwrap();
    let executor = TokioExecutor::new();
    let handshake = hyper::client::conn::http2::handshake(executor, TokioIo::new(stream));
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Stops the proxy while our side of the connection still runs.
async fn end(bench: Bench) {
    tokio::task::spawn_blocking(|| drop(bench)).await.unwrap();
}

fn post() -> Request<Full<Bytes>> {
    let builder = Request::post("http://a/graphql").header("content-type", "application/json");
    builder.body(Full::new(Bytes::from(ONE))).unwrap()
}

#[tokio::test]
async fn http2_by_prior_knowledge_is_served() {
    let bench = start();
    let mut sender = connect(&bench).await;
    let both = tokio::join!(sender.clone().send_request(post()), sender.send_request(post()));
    for response in [both.0.unwrap(), both.1.unwrap()] {
        let response: Response<_> = response;
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), ANSWER);
    }
    assert_eq!(bench.upstream.take()[0].header("via"), Some("2 portcullis"));
    end(bench).await;
}

#[tokio::test]
async fn one_server_is_meant() {
    let bench = start();
    let mut sender = connect(&bench).await;
    for (host, expect) in [("a", 200), ("evil", 400)] {
        let mut request = post();
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(sender.send_request(request).await.unwrap().status(), expect);
    }
    assert_eq!(bench.upstream.take().len(), 1);
    end(bench).await;
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A literal field without indexing, RFC 7541 §6.2.2.
fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |it: &str| [&[u8::try_from(it.len()).unwrap()], it.as_bytes()].concat();
    assert!(name.len() < 127 && value.len() < 127);
    [vec![0], text(name), text(value)].concat()
}

fn head() -> Vec<u8> {
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "a"),
        (":path", "/graphql"),
        ("content-type", "application/json"),
    ];
    fields.map(|(name, value)| field(name, value)).concat()
}

fn open(bench: &Bench) -> TcpStream {
    let mut stream = bench.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).unwrap();
    stream
}

fn next(stream: &mut TcpStream) -> io::Result<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload)?;
    let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Ok(Frame { kind: head[3], stream: id, payload })
}

/// The error code of a GOAWAY, or `None` when the connection ends without one.
fn goodbye(stream: &mut TcpStream) -> Option<u32> {
    while let Ok(frame) = next(stream) {
        if frame.kind == GOAWAY {
            return Some(u32::from_be_bytes(frame.payload[4..8].try_into().unwrap()));
        }
    }
    None
}

/// The proxy still serves others, and the upstream has seen no more than that.
fn check_unharmed(bench: &Bench, n_at_most: usize) {
    let mut other = bench.connect();
    assert_eq!(status(&exchange(&mut other, support::bench::POST, ONE)), "200");
    assert!(bench.upstream.take().len() <= n_at_most + 1);
}

#[test]
fn settings_bound_streams_and_header_lists() {
    let bench = start();
    let settings = next(&mut open(&bench)).unwrap();
    assert_eq!((settings.kind, settings.stream), (SETTINGS, 0));
    let value = |id: u16| {
        let all = settings.payload.chunks(6);
        let mut found = all.filter(|it| it[..2] == id.to_be_bytes());
        found.next().map(|it| u32::from_be_bytes(it[2..6].try_into().unwrap()))
    };
    assert_eq!((value(3), value(6)), (Some(100), Some(16 * 1024)));
}

#[test]
fn a_raw_request_is_served() {
    let bench = start();
    let mut stream = open(&bench);
    stream.write_all(&frame(HEADERS, END_HEADERS, 1, &head())).unwrap();
    stream.write_all(&frame(DATA, END_STREAM, 1, ONE.as_bytes())).unwrap();
    let answer = std::iter::from_fn(|| next(&mut stream).ok()).find(|it| it.kind == DATA);
    assert_eq!(answer.unwrap().payload, ANSWER.as_bytes());
}

/// All bytes that it announces are there, and then it is taken back, or there are more.
#[test]
fn a_request_goes_on_when_it_has_ended() {
    let bench = start();
    let length = field("content-length", &ONE.len().to_string());
    let open_with_all = |stream: &mut TcpStream| {
        let head = [head(), length.clone()].concat();
        stream.write_all(&frame(HEADERS, END_HEADERS, 1, &head)).unwrap();
        stream.write_all(&frame(DATA, 0, 1, ONE.as_bytes())).unwrap();
        // The answer to the ping says that all of that was seen.
        stream.write_all(&frame(PING, 0, 0, &[7; 8])).unwrap();
        let seen = std::iter::from_fn(|| next(stream).ok()).find(|it| it.kind == PING);
        assert!(seen.is_some());
    };
    let reset = frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes());
    let more = frame(DATA, END_STREAM, 1, b" {}");
    let mut held = Vec::new();
    for wrong in [reset, more] {
        let mut stream = open(&bench);
        open_with_all(&mut stream);
        stream.write_all(&wrong).unwrap();
        held.push(stream);
    }
    let mut stream = open(&bench);
    open_with_all(&mut stream);
    stream.write_all(&frame(DATA, END_STREAM, 1, b"")).unwrap();
    let answer = std::iter::from_fn(|| next(&mut stream).ok()).find(|it| it.kind == DATA);
    assert_eq!(answer.unwrap().payload, ANSWER.as_bytes());
    assert_eq!(bench.upstream.take().len(), 1);
}

#[tokio::test]
async fn bounds_of_a_head_hold() {
    let bench = start();
    let mut sender = connect(&bench).await;
    let mut many = post();
    // Two of its own.
    for n in 0..98 {
        let name = http::HeaderName::try_from(format!("x-{n}")).unwrap();
        many.headers_mut().insert(name, "1".parse().unwrap());
    }
    assert_eq!(sender.send_request(many.clone()).await.unwrap().status(), 200);
    many.headers_mut().insert("x-more", "1".parse().unwrap());
    many.headers_mut().insert("x-most", "1".parse().unwrap());
    assert_eq!(sender.send_request(many).await.unwrap().status(), 431);
    for (n, expect) in [(8192, 404), (8193, 414)] {
        let mut long = post();
        let path = format!("http://a/{}", "x".repeat(n - 1));
        *long.uri_mut() = path.parse().unwrap();
        assert_eq!(sender.send_request(long).await.unwrap().status(), expect, "{n}");
    }
    end(bench).await;
}

#[tokio::test]
async fn head_has_no_body() {
    let bench = start();
    let mut sender = connect(&bench).await;
    let head = Request::head("http://a/graphql").body(Full::default()).unwrap();
    let answer: Response<_> = sender.send_request(head).await.unwrap();
    assert_eq!(answer.status(), 405);
    assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(sender.send_request(post()).await.unwrap().status(), 200);
    end(bench).await;
}

#[test]
fn rapid_resets_end_the_connection() {
    let bench = start();
    let mut stream = open(&bench);
    for n in 0..2000 {
        let open = frame(HEADERS, END_HEADERS, 2 * n + 1, &head());
        let reset = frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes());
        if stream.write_all(&[open, reset].concat()).is_err() {
            break;
        }
    }
    // ENHANCE_YOUR_CALM, unless the system has thrown the farewell away with the connection.
    assert!(matches!(goodbye(&mut stream), Some(11) | None));
    check_unharmed(&bench, 0);
}

/// Slow enough for the library, which has looked at each before it is taken back.
#[test]
fn requests_that_are_taken_back_one_by_one_end_the_connection() {
    let bench = start();
    let mut stream = open(&bench);
    let mut n_taken_back = 0;
    for n in 0..5_000 {
        let open = frame(HEADERS, END_HEADERS, 2 * n + 1, &head());
        let ping = frame(PING, 0, 0, &[7; 8]);
        if stream.write_all(&[open, ping].concat()).is_err() {
            break;
        }
        // The answer to the ping says that the request was seen.
        let mut answers = std::iter::from_fn(|| next(&mut stream).ok());
        if !answers.any(|it| it.kind == PING) {
            break;
        }
        let reset = frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes());
        n_taken_back += u32::from(stream.write_all(&reset).is_ok());
    }
    assert!((100..5_000).contains(&n_taken_back), "{n_taken_back}");
    check_unharmed(&bench, 0);
}

#[test]
fn a_flood_of_continuations_ends_the_connection() {
    let bench = start();
    let mut stream = open(&bench);
    stream.write_all(&frame(HEADERS, 0, 1, &head())).unwrap();
    let more = field("x-a", &"x".repeat(100));
    for _ in 0..100_000 {
        if stream.write_all(&frame(CONTINUATION, 0, 1, &more)).is_err() {
            break;
        }
    }
    assert!(matches!(goodbye(&mut stream), Some(1..) | None));
    check_unharmed(&bench, 0);
}

#[test]
fn a_header_list_that_is_too_large_is_refused() {
    let bench = start();
    let mut stream = open(&bench);
    // 15,000 bytes on the wire; each field counts 32 more, RFC 9113 §6.5.2.
    let many = [head(), field("x-a", &"x".repeat(100)).repeat(140)].concat();
    let (first, rest) = many.split_at(10_000);
    stream.write_all(&frame(HEADERS, END_STREAM, 1, first)).unwrap();
    stream.write_all(&frame(CONTINUATION, END_HEADERS, 1, rest)).unwrap();
    stream.write_all(&frame(PING, 0, 0, &[0; 8])).unwrap();
    let about_it = [HEADERS, RST_STREAM, GOAWAY];
    let answer =
        std::iter::from_fn(|| next(&mut stream).ok()).find(|it| about_it.contains(&it.kind));
    let text = answer.map(|it| String::from_utf8_lossy(&it.payload).into_owned());
    assert!(text.is_none_or(|it| !it.contains("200")));
    check_unharmed(&bench, 0);
}

/// What the proxy sends, and that it ends the connection.
fn frames_to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    // Budget: the connection, which ends or fails the test by its timeout.
    let mut kinds = Vec::new();
    loop {
        match next(stream) {
            Ok(frame) => kinds.push(frame.kind),
            Err(error) => {
                assert!(error.kind() != io::ErrorKind::WouldBlock, "it does not end");
                return kinds;
            }
        }
    }
}

fn hasty() -> Bench {
    start_with(Upstream::answering(ANSWER), |config| {
        config.deadlines.head = Duration::from_millis(200);
    })
}

#[test]
fn a_client_that_answers_no_ping_is_cut_off() {
    let bench = hasty();
    let kinds = frames_to_the_end(&mut open(&bench));
    assert!(kinds.contains(&PING), "{kinds:?}");
}

/// Whoever answers a ping within a head breaks the protocol, and whoever does not is gone: so the
/// deadline of pings is that of a head, too.
#[test]
fn a_head_that_never_ends_is_cut_off() {
    let bench = hasty();
    for answers_pings in [false, true] {
        let mut stream = open(&bench);
        stream.write_all(&frame(HEADERS, END_STREAM, 1, &head())).unwrap();
        if answers_pings {
            let pings = std::iter::from_fn(|| next(&mut stream).ok()).find(|it| it.kind == PING);
            stream.write_all(&frame(PING, 1, 0, &pings.unwrap().payload)).unwrap();
        }
        frames_to_the_end(&mut stream);
    }
    assert!(bench.upstream.take().is_empty());
}
