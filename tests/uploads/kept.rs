//! Connections behind uploads: kept where both sides have said all, and else ended in plain words.

use std::{
    io::{BufReader, Read, Write},
    net::TcpStream,
    num::NonZeroUsize,
};

use crate::{
    Case, POLICY, SCHEMA, headers, one_file, parts_of,
    streamed::Held,
    support::{
        proxy::Proxy,
        wire::{Message, post, read_message, request},
    },
};

/// A connection of a client.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        Self(BufReader::new(stream))
    }

    /// What is sent may be too much for whoever gets it.
    fn send(&mut self, bytes: &[u8]) {
        let _cut_off = self.0.get_mut().write_all(bytes);
    }

    fn hear(&mut self) -> Option<Message> {
        read_message(&mut self.0).unwrap()
    }
}

fn upload(n: usize) -> Vec<u8> {
    request("POST", "/graphql", &headers(), Some(&one_file(&"x".repeat(n))))
}

#[test]
fn large_files_pass_one_after_the_other() {
    let case = Case::with(&POLICY.replace("10B", "1MiB"));
    let mut client = Client::connect(&case.proxy);
    for n in [1 << 20, 1, 64 * 1024, 1 << 20] {
        client.send(&upload(n));
        let answer = client.hear().unwrap();
        assert_eq!((answer.status(), answer.header("connection")), (200, None), "{n}");
        assert_eq!(parts_of(&case.upstream.take()[0])[2].1.len(), n);
    }
}

#[test]
fn a_body_in_chunks_is_read_to_its_end() {
    let case = Case::start();
    let mut client = Client::connect(&case.proxy);
    let mut all = headers();
    all.push(("Transfer-Encoding", "chunked"));
    let head = String::from_utf8(request("POST", "/graphql", &all, None)).unwrap();
    let head = head.replace("Content-Length: 0\r\n", "").into_bytes();
    let body = String::from_utf8(one_file("0123456789")).unwrap();
    for behind in ["", "2\r\n\r\n\r\n", "b\r\nan epilogue\r\n"] {
        client.send(&head);
        client.send(format!("{:x}\r\n{body}\r\n{behind}0\r\n\r\n", body.len()).as_bytes());
        let answer = client.hear().unwrap();
        let told = String::from_utf8_lossy(&answer.body);
        assert_eq!((answer.status(), answer.header("connection")), (200, None), "{told} {behind}");
    }
    client.send(&head);
    let behind = "x".repeat(17 * 1024);
    let behind = format!("{:x}\r\n{behind}\r\n", behind.len());
    client.send(format!("{:x}\r\n{body}\r\n{behind}0\r\n\r\n", body.len()).as_bytes());
    assert_eq!(client.hear().unwrap().status(), 400);
}

#[test]
fn an_upstream_may_answer_before_it_has_read_the_files() {
    let upstream = Held::start();
    let policy = POLICY.replace("10B", "64MiB");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address, |_config| {});
    let whole = upload(32 << 20);
    let mut client = Client::connect(&proxy);
    client.send(&whole[..1 << 20]);
    let mut peer = upstream.accept();
    let said = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n";
    let said = format!("{said}{}", r#"{"data":{}}"#);
    peer.write_all(said.as_bytes()).unwrap();
    let answer = client.hear().unwrap();
    let told = String::from_utf8_lossy(&answer.body);
    assert_eq!((answer.status(), answer.header("connection")), (200, Some("close")), "{told}");
    // Neither side is kept: nobody else is to wait for what these two have not said.
    let mut rest = Vec::new();
    let _reset = peer.read_to_end(&mut rest);
    assert!(client.0.read_to_end(&mut rest).is_ok_and(|n| n == 0));
}

#[test]
fn what_is_refused_unread_keeps_the_connection_or_says_that_it_ends() {
    let rates = "rates: [{ name: r, key: client.ip, limit: 1/h }]\n";
    let case = Case::with(&format!("{POLICY}{rates}"));
    let mut client = Client::connect(&case.proxy);
    let mut ask = |n: usize| {
        client.send(&upload(n));
        let answer = client.hear().unwrap();
        (answer.status(), answer.header("connection").map(str::to_owned))
    };
    assert_eq!(ask(1), (200, None));
    // Less than what is read of a body for nothing, and more.
    assert_eq!(ask(1_000_000), (429, None));
    assert_eq!(ask(1), (429, None));
    assert_eq!(ask(2_000_000), (429, Some("close".into())));
}

#[test]
fn files_that_come_slowly_leave_room_for_others() {
    let upstream = Held::start();
    let proxy = Proxy::with(POLICY, SCHEMA, upstream.address, |config| {
        config.workers = NonZeroUsize::MIN;
        config.bounds.upstream_in_flight = 2;
    });
    let slow = upload(10);
    let mut first = Client::connect(&proxy);
    first.send(&slow[..slow.len() - 10]);
    let _peer = upstream.accept();
    let mut second = Client::connect(&proxy);
    second.send(&slow);
    assert_eq!(second.hear().unwrap().status(), 503);
    let mut other = Client::connect(&proxy);
    other.send(&post(r#"{"query":"{ a }"}"#));
    let mut peer = upstream.accept();
    let said = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n";
    peer.write_all(format!("{said}{}", r#"{"data":{}}"#).as_bytes()).unwrap();
    assert_eq!(other.hear().unwrap().status(), 200);
}

#[test]
fn who_asks_before_sending_is_told_no_and_not_go_on() {
    let rates = "rates: [{ name: r, key: client.ip, limit: 1/h }]\n";
    let case = Case::with(&format!("{POLICY}{rates}"));
    let mut client = Client::connect(&case.proxy);
    client.send(&upload(1));
    assert_eq!(client.hear().unwrap().status(), 200);
    let body = one_file("0");
    let mut all = headers();
    all.push(("Expect", "100-continue"));
    let asked = request("POST", "/graphql", &all, Some(&body));
    client.send(&asked[..asked.len() - body.len()]);
    let answer = client.hear().unwrap();
    assert_eq!((answer.status(), answer.header("connection")), (429, Some("close")));
}
