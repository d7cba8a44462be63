//! A proxy with a small policy, what it protects, and its answers as text.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use portcullis::config::Config;

use crate::support::{proxy::Proxy, upstream::Upstream};

/// A proxy and what it protects.
pub(crate) struct Bench {
    pub(crate) upstream: Upstream,
    pub(crate) proxy: Proxy,
}

/// What the upstream answers.
pub(crate) const ANSWER: &str = r#"{"data":{"a":1}}"#;
/// What goes before the body and its length.
pub(crate) const POST: &str =
    "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
/// A request that is admitted.
pub(crate) const ONE: &str = r#"{"query":"{ a }"}"#;

const POLICY: &str = "\
version: 1
name: test
schema: { file: test.graphql }
http: { batch: 2, forward_headers: [authorization], origins: ['https://shop.example'] }
limits: { body: 2000B, depth: 2 }
";
const SCHEMA: &str = "type Query { a: Int b: Query }";

pub(crate) fn start() -> Bench {
    start_with(Upstream::answering(ANSWER), |_config| {})
}

pub(crate) fn start_with(upstream: Upstream, change: impl FnOnce(&mut Config)) -> Bench {
    let proxy = Proxy::with(POLICY, SCHEMA, upstream.address(), change);
    Bench { upstream, proxy }
}

impl Bench {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy.address()).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set a timeout");
        stream.set_nodelay(true).expect("set an option");
        stream
    }

    /// The answer to a request on a connection of its own.
    pub(crate) fn send(&self, head: &str, body: &str) -> String {
        exchange(&mut self.connect(), head, body)
    }

    pub(crate) fn post(&self, body: &str) -> String {
        self.send(POST, body)
    }

    pub(crate) fn admin(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.proxy.admin_address()).expect("connect");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .expect("write");
        rest(&mut stream)
    }
}

/// Sends a request and reads one answer with a `Content-Length`, or to the end of the connection.
pub(crate) fn exchange(stream: &mut TcpStream, head: &str, body: &str) -> String {
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).expect("write");
    read_answer(stream)
}

pub(crate) fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).expect("read");
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

/// Everything up to the end of the connection.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("a clean end");
    answers
}

pub(crate) fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}
