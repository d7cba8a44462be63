//! What an HTTP/2 upstream did not look at, by its own word (RFC 9113 §8.7), is sent again.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use portcullis::config::UpstreamHttp;

use crate::{
    check_failure, connect, post,
    server::{ANSWER, Answers, Server},
    start, status,
};

/// A frame on stream 0 or 1.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Reads until a request is there.
fn hear(stream: &mut TcpStream) {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    while !all.windows(7).any(|it| it == b"\"query\"") {
        let n = stream.read(&mut piece).unwrap();
        assert_ne!(n, 0, "it was closed before a request");
        all.extend_from_slice(&piece[..n]);
    }
}

/// An upstream that says this of the first request of each of `n` connections, and then answers.
fn refusing(n: usize, said: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        for n_before in 0.. {
            let (mut stream, _peer) = listener.accept().unwrap();
            stream.write_all(&frame(4, 0, 0, &[])).unwrap();
            hear(&mut stream);
            if n_before < n {
                stream.write_all(&said).unwrap();
            } else {
                let json = [&[0x88, 0x0f, 0x10, 0x10][..], b"application/json"].concat();
                let answer = frame(0, 1, 1, ANSWER.as_bytes());
                stream.write_all(&[frame(1, 4, 1, &json), answer].concat()).unwrap();
            }
            held.push(stream);
        }
    });
    address
}

fn refused_stream() -> Vec<u8> {
    frame(3, 0, 1, &[0, 0, 0, 7])
}

/// No stream was looked at.
fn go_away() -> Vec<u8> {
    frame(7, 0, 0, &[0; 8])
}

#[test]
fn what_was_not_looked_at_is_sent_again() {
    for said in [refused_stream(), go_away()] {
        let address = refusing(1, said);
        let proxy = start("http://127.0.0.1", address, |it| it.upstream_http = UpstreamHttp::H2c);
        let answer = post(&proxy);
        assert!(answer.contains(ANSWER), "{answer}");
    }
}

/// Nobody is shut out for that: the upstream is there.
#[test]
fn an_upstream_that_only_refuses_is_told_of() {
    let proxy = start("http://127.0.0.1", refusing(100, refused_stream()), |it| {
        it.upstream_http = UpstreamHttp::H2c;
        it.bounds.breaker_failures = 1;
    });
    for _ in 0..3 {
        check_failure(&proxy, "502", "refused unprocessed");
    }
}

/// Before an upstream has said how many requests it takes, it gets one.
#[test]
fn a_burst_is_no_more_than_an_upstream_takes() {
    let server = Server::start(None, true, Answers::AtMost(3));
    let proxy = start("http://127.0.0.1", server.address, |it| {
        it.upstream_http = UpstreamHttp::H2c;
        it.deadlines.response = Duration::from_secs(20);
    });
    let clients: Vec<_> = (0..50).map(|_| connect(&proxy, "")).collect();
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(status(&answer), "200", "{answer}");
    }
    assert_eq!(server.seen().len(), 50);
}
