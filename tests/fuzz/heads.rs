//! Heads of HTTP/1 as the walk passes them: the same however they arrive, and the protocol
//! library makes the same requests of them, with the same bodies.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use portcullis::server::head::{Limits, Walk};
use serde_json::Value;

use crate::mutate::{Target, lines};

const LIMITS: Limits = Limits { head: 2048, fields: 20, target: 500 };

#[test]
fn heads() {
    target().fuzz(5_000);
}

pub(crate) fn target() -> Target {
    let probes = lines("tests/corpus/http/probes.jsonl").into_iter().map(|it| {
        let probe: Value = serde_json::from_slice(&it).unwrap();
        probe["bytes"].as_str().expect("a text").replace("{fill}", "x").into_bytes()
    });
    let mut seeds: Vec<_> = probes.collect();
    // Several requests on one connection.
    seeds.extend(seeds.chunks(4).map(<[_]>::concat).collect::<Vec<_>>());
    Target::new("head", seeds, |input| {
        let whole = walked(input, input.len().max(1));
        for step in [1, 3, 7] {
            let (n_heads, is_wrong, n) = walked(input, step);
            assert_eq!((n_heads, is_wrong), (whole.0, whole.1), "in pieces of {step}");
            assert!(is_wrong || n == whole.2, "in pieces of {step}");
        }
        let asked = asked(&input[..whole.2]);
        assert_eq!(asked.len() as u64, whole.0);
        compare(&asked, &served(&input[..whole.2]));
        !asked.is_empty()
    })
}

/// How many heads are good, whether something is wrong, and how many bytes may go on.
fn walked(bytes: &[u8], size: usize) -> (u64, bool, usize) {
    let mut walk = Walk::new(LIMITS);
    let (mut from, mut end) = (0, 0);
    while end < bytes.len() {
        end = bytes.len().min(end + size);
        let step = walk.advance(&bytes[from..end]);
        from += step.n;
        if step.wrong.is_some() {
            return (walk.n_heads(), true, from);
        }
    }
    (walk.n_heads(), false, from)
}

/// A request: what the walk says of it.
#[derive(Debug)]
struct Asked<'b> {
    head: &'b [u8],
    /// As it was sent, with the marks of its chunks.
    body: &'b [u8],
    is_complete: bool,
}

/// Line by line, so that every head passes by itself.
fn asked(bytes: &[u8]) -> Vec<Asked<'_>> {
    let mut walk = Walk::new(LIMITS);
    let mut all: Vec<Asked<'_>> = Vec::new();
    let (mut from, mut end, mut body) = (0, 0, 0);
    while end < bytes.len() {
        let line = bytes[end..].iter().position(|it| *it == b'\n');
        end = line.map_or(bytes.len(), |n| end + n + 1);
        let n_before = walk.n_heads();
        let n = walk.advance(&bytes[from..end]).n;
        if walk.n_heads() > n_before {
            all.push(Asked { head: &bytes[from..from + n], body: &[], is_complete: false });
            body = from + n;
        }
        from += n;
        if let Some(last) = all.last_mut().filter(|it| !it.is_complete) {
            last.body = &bytes[body..from];
            last.is_complete = walk.is_at_head() || walk.is_switching();
        }
    }
    all
}

/// A request as the library hands it over.
struct Served {
    request: Request<()>,
    /// Nothing, when it broke off.
    body: Option<Bytes>,
}

fn served(bytes: &[u8]) -> Vec<Served> {
    let all = RefCell::new(Vec::new());
    let service = service_fn(|request: Request<Incoming>| {
        let all = &all;
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.ok().map(|it| it.to_bytes());
            all.borrow_mut().push(Served { request: Request::from_parts(parts, ()), body });
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let connection = http1::Builder::new().serve_connection(Wire { bytes, at: 0 }, service);
    let mut connection = pin!(connection);
    let mut ctx = Context::from_waker(Waker::noop());
    let is_over = (0..10_000).any(|_| connection.as_mut().poll(&mut ctx).is_ready());
    assert!(is_over, "it never ends");
    all.take()
}

/// The library may stop early, and may refuse; what it makes of the bytes is the same.
fn compare(asked: &[Asked<'_>], served: &[Served]) {
    assert!(served.len() <= asked.len(), "{} of {asked:?}", served.len());
    for (ours, theirs) in asked.iter().zip(served) {
        let mut lines = ours.head.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next().expect("a line");
        assert!(first.starts_with(theirs.request.method().as_str().as_bytes()), "{ours:?}");
        let fields: Vec<_> = lines.filter(|it| !it.is_empty()).collect();
        assert_eq!(theirs.request.headers().len(), fields.len(), "{ours:?}");
        for field in fields {
            let colon = field.iter().position(|it| *it == b':').expect("a colon");
            let name = std::str::from_utf8(&field[..colon]).expect("a token");
            let values = theirs.request.headers().get_all(name);
            let value = field[colon + 1..].trim_ascii();
            assert!(values.iter().any(|it| it.as_bytes() == value), "{name} of {ours:?}");
        }
        let is_chunked = theirs.request.headers().contains_key("transfer-encoding");
        let body = ours.is_complete.then(|| content(ours.body, is_chunked));
        assert_eq!(theirs.body.as_deref(), body.as_deref(), "{ours:?}");
    }
}

/// The content of a body, which is known to be well-formed.
fn content(body: &[u8], is_chunked: bool) -> Vec<u8> {
    if !is_chunked {
        return body.to_vec();
    }
    let (mut content, mut rest) = (Vec::new(), body);
    loop {
        let line = rest.iter().position(|it| *it == b'\n').expect("a size") + 1;
        let n_digits = rest.iter().take_while(|it| it.is_ascii_hexdigit()).count();
        let digits = std::str::from_utf8(&rest[..n_digits]).expect("digits");
        let n = usize::from_str_radix(digits, 16).expect("a size");
        if n == 0 {
            return content;
        }
        content.extend_from_slice(&rest[line..line + n]);
        // Behind the end of its line.
        rest = &rest[line + n + 2..];
    }
}

/// A connection on which everything has arrived already.
struct Wire<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Read for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _ctx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.bytes[self.at..];
        let n = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..n]);
        self.at += n;
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
