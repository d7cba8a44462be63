//! Where an answer ends, and whether its connection is used again: raw bytes of an HTTP/1 upstream.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use crate::{ANSWER, post, start, status};

/// An upstream that says the same to every request, as often as it is asked on a connection, and
/// the number of the connection of every request.
fn saying(text: String, closes: bool) -> (SocketAddr, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, seen) = channel();
    thread::spawn(move || {
        for (n, stream) in listener.incoming().map(Result::unwrap).enumerate() {
            let (mut stream, send, text) = (stream, send.clone(), text.clone());
            thread::spawn(move || {
                while hear(&mut stream) {
                    send.send(n).unwrap();
                    stream.write_all(text.as_bytes()).unwrap();
                    if closes {
                        return;
                    }
                }
            });
        }
    });
    (address, seen)
}

/// Reads a request; false when there is none.
fn hear(stream: &mut TcpStream) -> bool {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.ends_with('}') {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return false,
            Ok(n) => text += std::str::from_utf8(&piece[..n]).unwrap(),
        }
    }
    true
}

/// What a client gets, which asks twice, and whether both times over the same connection.
fn ask_twice(answer: &str, closes: bool) -> (String, String, bool) {
    let (address, seen) = saying(answer.replace('\n', "\r\n"), closes);
    let proxy = start("http://127.0.0.1", address, |_config| {});
    let first = post(&proxy);
    let second = post(&proxy);
    let n = |()| seen.recv_timeout(Duration::from_secs(20)).unwrap();
    let is_kept = n(()) == n(());
    assert_eq!(status(&first), status(&second), "{answer:?}");
    let (_, body) = second.split_once("\r\n\r\n").unwrap();
    (status(&second).to_owned(), body.to_owned(), is_kept)
}

#[track_caller]
fn check(head: &str, body: &str, is_kept: bool) {
    let (status, body, kept) = ask_twice(&format!("{head}\n\n{body}"), false);
    assert_eq!((&*status, kept), ("200", is_kept), "{head}");
    // The answers of the proxy may be in chunks themselves.
    assert!(body.contains(ANSWER), "{body}");
}

#[test]
fn a_connection_is_kept_when_its_answer_is_over() {
    let n = ANSWER.len();
    check(&format!("HTTP/1.1 200 OK\nContent-Length: {n}"), ANSWER, true);
    check(
        &format!("HTTP/1.1 103 Hints\nLink: a\n\nHTTP/1.1 200 OK\nContent-Length: {n}"),
        ANSWER,
        true,
    );
    check(&format!("HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: {n}"), ANSWER, true);
    let chunks = format!("{n:x};a=b\n{ANSWER}\n0\nTrailer: x\n\n");
    check("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", &chunks, true);
}

#[test]
fn a_length_goes_on_as_one_number() {
    let n = ANSWER.len();
    for said in [format!("{n}, {n}"), format!("{n}\nContent-Length: {n}")] {
        let answer = format!("HTTP/1.1 200 OK\nContent-Length: {said}\n\n{ANSWER}");
        let (address, _seen) = saying(answer.replace('\n', "\r\n"), false);
        let proxy = start("http://127.0.0.1", address, |_config| {});
        let answer = post(&proxy);
        let lines = answer.lines().filter_map(|it| it.strip_prefix("content-length: "));
        assert_eq!(lines.collect::<Vec<_>>(), [n.to_string()], "{answer}");
    }
}

#[test]
fn what_comes_behind_an_answer_is_no_answer() {
    let n = ANSWER.len();
    let stray = format!("{ANSWER}HTTP/1.1 200 OK\nContent-Length: 3\n\nbad");
    check(&format!("HTTP/1.1 200 OK\nContent-Length: {n}"), &stray, false);
    let chunks = format!("{n:x}\n{ANSWER}\n0\n\n{stray}");
    check("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", &chunks, false);
}

#[test]
fn a_connection_of_which_the_end_is_unclear_is_not_used_again() {
    let n = ANSWER.len();
    check(&format!("HTTP/1.1 200 OK\nConnection: close\nContent-Length: {n}"), ANSWER, false);
    check(&format!("HTTP/1.0 200 OK\nContent-Length: {n}"), ANSWER, false);
    let chunks = format!("{n:x}\n{ANSWER}\n0\n\n");
    let both = "HTTP/1.1 200 OK\nContent-Length: 4\nTransfer-Encoding: chunked";
    check(both, &chunks, false);
}

#[test]
fn without_a_length_the_answer_ends_with_its_connection() {
    let (status, body, is_kept) = ask_twice(&format!("HTTP/1.1 200 OK\n\n{ANSWER}"), true);
    assert_eq!((&*status, is_kept), ("200", false));
    assert!(body.contains(ANSWER), "{body}");
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for head in [
        "HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2",
        "HTTP/1.1 200 OK\nContent-Length: -1",
        "HTTP/1.0 200 OK\nTransfer-Encoding: chunked",
        "HTTP/1.1 101 Switching Protocols\nUpgrade: x",
        "HTTP/1.1 2000 OK",
        "ICY 200 OK",
        "HTTP/1.1 200 OK\nA b: 1",
    ] {
        let (status, body, is_kept) = ask_twice(&format!("{head}\n\n"), false);
        assert_eq!((&*status, is_kept), ("502", false), "{head}: {body}");
    }
}

#[test]
fn interim_answers_have_a_bound() {
    let n = ANSWER.len();
    let after = |n_interim: usize| {
        let interim = "HTTP/1.1 102 Processing\n\n".repeat(n_interim);
        ask_twice(&format!("{interim}HTTP/1.1 200 OK\nContent-Length: {n}\n\n{ANSWER}"), false)
    };
    assert_eq!((&*after(100).0, after(100).2), ("200", true));
    assert_eq!((&*after(101).0, after(101).2), ("502", false));
}
