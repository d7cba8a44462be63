//! Keys that are taken away while somebody is there whom they have told of.

use std::{
    io::{BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::{
    issuer::{ISSUER, Key, ec, set},
    key_server::{Answer, KeyServer},
    support::{
        proxy::Proxy,
        socket::{Client, SocketUpstream},
        wire::{exchange, read_message, request},
    },
};

const SCHEMA: &str = "type Query { a: Int } type Subscription { tick: Int }";

fn policy(keys: &KeyServer, rest: &str) -> String {
    format!(
        "version: 1\nname: t\nschema: {{ file: test.graphql }}\n\
         http: {{ websocket: {{ init_timeout: 5s }} }}\n\
         identity: {{ jwt: {{ issuer: {ISSUER}, audience: api, keys: {{ url: '{}' }}{rest} }} }}\n",
        keys.url("/keys"),
    )
}

fn bearer(key: &Key) -> String {
    format!("Bearer {}", key.token("ann"))
}

fn status(proxy: &Proxy, key: &Key) -> u16 {
    status_of(proxy, key, br#"{"query":"{ __typename }"}"#)
}

fn status_of(proxy: &Proxy, key: &Key, body: &[u8]) -> u16 {
    let headers =
        [("Host", "a"), ("Content-Type", "application/json"), ("Authorization", &bearer(key))];
    let query = request("POST", "/graphql", &headers, Some(body));
    exchange(proxy.address(), &query).unwrap().status()
}

#[test]
fn sockets_end_with_the_key_of_their_token() {
    let [gone, kept, new] = ["gone", "kept", "new"].map(ec);
    let keys = KeyServer::start(Answer::Body(set(&[&gone, &kept])));
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(&keys, ""), SCHEMA, upstream.address(), |_| {});
    let begin = |headers: &[(&str, &str)]| {
        let mut client = Client::begun(proxy.address(), headers);
        client.subscribe("1", "subscription{tick}");
        assert_eq!(client.hear_short(), "next 1");
        client
    };
    let mut ends = begin(&[("authorization", &bearer(&gone))]);
    let stay = [begin(&[("authorization", &bearer(&kept))]), begin(&[])];
    keys.answers("/keys", Answer::Body(set(&[&kept, &new])));
    // The first token of the new key has the keys asked for again. The upstream serves sockets only.
    assert_ne!(status(&proxy, &new), 401);
    assert_eq!(ends.hear_short(), "close 4403");
    for mut client in stay {
        client.subscribe("2", "subscription{tick}");
        assert_eq!(client.hear_short(), "next 2");
    }
}

#[test]
fn nothing_begins_on_a_socket_whose_keys_do_not_count_any_more() {
    let key = ec("k");
    let keys = KeyServer::start(Answer::Body(set(&[&key])));
    let upstream = SocketUpstream::start();
    let policy = policy(&keys, "").replace("/keys'", "/keys', refresh: 1s, stale: 2s");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_| {});
    let mut known = Client::begun(proxy.address(), &[("authorization", &bearer(&key))]);
    let mut nobody = Client::begun(proxy.address(), &[]);
    known.subscribe("1", "subscription{tick}");
    assert_eq!(known.hear_short(), "next 1");
    keys.answers("/keys", Answer::Raw(String::new()));
    let begun = Instant::now();
    // Judged, and refused, as long as somebody is known to ask.
    while status_of(&proxy, &key, br#"{"query":"{ b }"}"#) != 503 {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    known.subscribe("2", "subscription{tick}");
    assert_eq!(known.hear_short(), "error 2 SERVICE_UNAVAILABLE");
    // What runs goes on: its name is taken.
    known.subscribe("1", "subscription{tick}");
    assert_eq!(known.hear_short(), "close 4409");
    nobody.subscribe("1", "subscription{tick}");
    assert_eq!(nobody.hear_short(), "next 1");
}

/// An upstream that begins an endless answer for each of its connections.
fn endless() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let asked = read_message(&mut BufReader::new(stream.try_clone().unwrap()));
                if asked.is_ok_and(|it| it.is_some()) {
                    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
                    let media = "Content-Type: text/event-stream\r\n\r\n";
                    let _ = write!(stream, "{head}{media}3\r\n:\n\n\r\n");
                    // Until the other side gives up.
                    let _ = stream.read(&mut [0]);
                }
            });
        }
    });
    address
}

/// Asks for events with a token, and waits for the first of them.
fn follow(proxy: &Proxy, key: &Key) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let bearer = bearer(key);
    let headers = [
        ("Host", "a"),
        ("Content-Type", "application/json"),
        ("Accept", "text/event-stream"),
        ("Authorization", bearer.as_str()),
    ];
    let body = br#"{"query":"subscription { tick }"}"#;
    stream.write_all(&request("POST", "/graphql", &headers, Some(body))).unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b":\n\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    assert!(heard.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&heard));
    stream
}

#[test]
fn streams_end_with_the_key_of_their_token() {
    let [gone, kept, new] = ["gone", "kept", "new"].map(ec);
    let keys = KeyServer::start(Answer::Body(set(&[&gone, &kept])));
    let proxy = Proxy::with(&policy(&keys, ""), SCHEMA, endless(), |_| {});
    // It looks around first, as it has begun first.
    let (stays, mut ends) = (follow(&proxy, &kept), follow(&proxy, &gone));
    keys.answers("/keys", Answer::Body(set(&[&kept, &new])));
    // The first token of the new key has the keys asked for again.
    let _third = follow(&proxy, &new);
    let mut rest = Vec::new();
    let _ended = ends.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"3\r\n"), "{}", String::from_utf8_lossy(&rest));
    stays.set_nonblocking(true).unwrap();
    let still = stays.peek(&mut [0]).unwrap_err();
    assert_eq!(still.kind(), std::io::ErrorKind::WouldBlock, "it goes on");
}

#[test]
fn another_policy_takes_over_the_keys_of_its_issuer() {
    let key = ec("k");
    let keys = KeyServer::start(Answer::Body(set(&[&key])));
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(&keys, ""), SCHEMA, upstream.address(), |_| {});
    let mut client = Client::begun(proxy.address(), &[("authorization", &bearer(&key))]);
    keys.answers("/keys", Answer::Raw("HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n".into()));
    proxy.replace(&policy(&keys, ", leeway: 10s"), SCHEMA);
    client.subscribe("1", "subscription{tick}");
    assert_eq!(client.hear_short(), "next 1");
    proxy.replace(&policy(&keys, ", algorithms: [EdDSA]"), SCHEMA);
    assert_eq!(client.hear_short(), "close 1011", "nobody has keys for these rules");
}
