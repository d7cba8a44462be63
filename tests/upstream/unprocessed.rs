//! What an HTTP/2 upstream did not look at, by its own word (RFC 9113 §8.7), is sent again.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::config::UpstreamHttp;

use crate::{
    check_failure, connect, post,
    server::{ANSWER, Answers, Server},
    start, status,
};

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Reads until another request is there; false when nobody sends one any more.
fn hear(stream: &mut TcpStream) -> bool {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    while !all.windows(7).any(|it| it == b"\"query\"") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return false,
            Ok(n) => all.extend_from_slice(&piece[..n]),
        }
    }
    true
}

fn answer(stream: u8) -> Vec<u8> {
    let json = [&[0x88, 0x0f, 0x10, 0x10][..], b"application/json"].concat();
    [frame(1, 4, stream, &json), frame(0, 1, stream, ANSWER.as_bytes())].concat()
}

/// An upstream that says this of the first `n` requests, and answers the others.
fn refusing(n: usize, said: fn(u8) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let n_heard = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let n_heard = Arc::clone(&n_heard);
            thread::spawn(move || {
                stream.write_all(&frame(4, 0, 0, &[])).unwrap();
                for id in (1..).step_by(2) {
                    if !hear(&mut stream) {
                        return;
                    }
                    let is_refused = n_heard.fetch_add(1, Ordering::SeqCst) < n;
                    let words = if is_refused { said(id) } else { answer(id) };
                    stream.write_all(&words).unwrap();
                }
            });
        }
    });
    address
}

fn refused_stream(id: u8) -> Vec<u8> {
    frame(3, 0, id, &[0, 0, 0, 7])
}

/// This stream was not looked at, nor any behind it.
fn go_away(id: u8) -> Vec<u8> {
    frame(7, 0, 0, &[0, 0, 0, id.saturating_sub(2), 0, 0, 0, 0])
}

#[test]
fn what_was_not_looked_at_is_sent_again() {
    for said in [refused_stream, go_away] {
        let address = refusing(2, said);
        let proxy = start("http://127.0.0.1", address, |it| it.upstream_http = UpstreamHttp::H2c);
        let answer = post(&proxy);
        assert!(answer.contains(ANSWER), "{answer}");
    }
}

fn half_an_answer(id: u8) -> Vec<u8> {
    let json = [&[0x88, 0x0f, 0x10, 0x10][..], b"application/json"].concat();
    let half = &ANSWER.as_bytes()[..ANSWER.len() / 2];
    [frame(1, 4, id, &json), frame(0, 0, id, half)].concat()
}

/// `NO_ERROR` (RFC 9113 §8.1): whatever was answered is whole, and the rest of the request unwanted.
fn no_more(id: u8) -> Vec<u8> {
    frame(3, 0, id, &[0; 4])
}

#[test]
fn half_an_answer_is_not_taken_for_a_whole_one() {
    let said = |id| [half_an_answer(id), no_more(id)].concat();
    let proxy = start("http://127.0.0.1", refusing(1, said), |it| {
        it.upstream_http = UpstreamHttp::H2c;
    });
    let cut = post(&proxy);
    assert!(!cut.contains(ANSWER) && !cut.ends_with("0\r\n\r\n"), "{cut}");
    let whole = post(&proxy);
    assert!(whole.contains(ANSWER), "{whole}");
}

#[test]
fn a_whole_answer_is_whole_though_the_stream_is_given_up_after_it() {
    let said = |id| [answer(id), no_more(id)].concat();
    let proxy = start("http://127.0.0.1", refusing(1, said), |it| {
        it.upstream_http = UpstreamHttp::H2c;
    });
    let answer = post(&proxy);
    assert!(answer.contains(ANSWER) && answer.ends_with("0\r\n\r\n"), "{answer}");
}

/// Nobody is shut out for that: the upstream is there.
#[test]
fn an_upstream_that_only_refuses_is_told_of() {
    let proxy = start("http://127.0.0.1", refusing(100, refused_stream), |it| {
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
