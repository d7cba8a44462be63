//! What clients see of an upstream that misbehaves, through a real listener.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod at_once;
mod incomplete;
mod later;
mod laws;
mod log;
mod streams;
mod table;
mod upstream;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use support::proxy::Proxy;
use upstream::{Act, Upstream};

const SCHEMA: &str = "
    directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
    type Query { me: User users: [User!] any: JSON }
    type User { id: ID! name: String email: String role: Role age: Int }
    type Subscription { me: User }
    enum Role { ADMIN STAFF }
    scalar JSON
";

/// A policy with a `response` block.
fn policy(response: &str) -> String {
    format!(
        "version: 1\nname: test\nschema: {{ file: test.graphql }}\n\
         directives: [skip, include, defer]\nhttp: {{ batch: 2, \
         websocket: {{ operations: [subscription] }} }}\nresponse: {{ {response} }}\n"
    )
}

/// What a client saw of an answer.
#[derive(Debug)]
struct Seen {
    head: String,
    body: String,
    /// The body has the length that the head says, or ends as it has to.
    is_whole: bool,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|it| it.split_once(": "));
        lines.into_iter().find(|it| it.0 == name).map(|it| it.1)
    }

    fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or("---")
    }
}

/// Asks through a proxy whose upstream does so.
fn ask(response: &str, acts: &'static [Act], query: &str) -> Seen {
    let upstream = Upstream::start(acts);
    let proxy = Proxy::with(&policy(response), SCHEMA, upstream.address(), |_config| {});
    post(proxy.address(), &format!(r#"{{"query":"{query}"}}"#), "application/json")
}

fn post(to: SocketAddr, body: &str, accept: &str) -> Seen {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: {accept}\
         \r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut bytes = Vec::new();
    // A connection that is cut off may end with an error.
    let _ = stream.read_to_end(&mut bytes);
    seen(&String::from_utf8_lossy(&bytes))
}

fn seen(text: &str) -> Seen {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut seen = Seen { head: head.to_owned(), body: rest.to_owned(), is_whole: false };
    if let Some(length) = seen.header("content-length") {
        seen.is_whole = length.parse() == Ok(rest.len());
        return seen;
    }
    let (mut rest, mut body) = (rest, String::new());
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let n = usize::from_str_radix(size, 16).unwrap_or(0);
        seen.is_whole = n == 0;
        let Some((piece, behind)) = behind.split_at_checked(n).filter(|_| n > 0) else { break };
        body.push_str(piece);
        rest = behind.trim_start_matches("\r\n");
    }
    seen.body = body;
    seen
}
