//! Files on their way: not held, and broken off when something is found wrong with them.

use std::{
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use crate::{
    POLICY, SCHEMA, code_of, headers, one_file,
    support::{
        proxy::Proxy,
        wire::{read_message, request},
    },
};

#[test]
fn files_pass_without_being_held() {
    let policy = POLICY.replace("10B", "64MiB");
    let upstream = Held::start();
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address, |_config| {});
    let content = "x".repeat(1 << 20);
    let mut sent = String::from_utf8(one_file("HERE")).unwrap();
    let end = sent.split_off(sent.find("HERE").unwrap()).replace("HERE", "");
    let length = sent.len() + end.len() + content.len() * 32;
    let length = length.to_string();
    let mut all: Vec<_> = headers();
    all.push(("Content-Length", &length));
    let mut head = String::from("POST /graphql HTTP/1.1\r\n");
    all.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream.write_all(format!("{head}\r\n{sent}").as_bytes()).unwrap();
    // The upstream has the operations before the file has come; then it reads nothing for a while,
    // and what the client can send meanwhile is bounded by buffers.
    let mut peer = upstream.accept();
    stream.set_nonblocking(true).unwrap();
    let mut rest = content.repeat(32).into_bytes();
    let n_taken = write_until_blocked(&mut stream, &mut rest);
    assert!(n_taken < 24 << 20, "{n_taken} bytes were taken of a client that nobody reads");
    let reader = thread::spawn(move || {
        let message = read_message(&mut BufReader::new(peer.try_clone().unwrap())).unwrap();
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        peer.write_all(answer).unwrap();
        message.expect("a request").body.len()
    });
    stream.set_nonblocking(false).unwrap();
    stream.write_all(&rest).unwrap();
    stream.write_all(end.as_bytes()).unwrap();
    let answer = read_message(&mut BufReader::new(stream)).unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(reader.join().unwrap() > 32 << 20);
}

/// Writes until nothing is taken for a while; how many bytes were.
fn write_until_blocked(stream: &mut TcpStream, rest: &mut Vec<u8>) -> usize {
    let (mut n_taken, mut n_blocked) = (0, 0);
    while n_blocked < 1000 && !rest.is_empty() {
        match stream.write(rest) {
            Ok(n) => {
                n_taken += n;
                n_blocked = 0;
                rest.drain(..n);
            }
            Err(_would_block) => {
                n_blocked += 1;
                thread::yield_now();
            }
        }
    }
    n_taken
}

/// An upstream that reads when it is told to.
pub(crate) struct Held {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Held {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// The next connection, of which the first byte has come.
    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
        stream
    }
}

#[test]
fn what_is_found_late_breaks_the_request_off() {
    let upstream = Held::start();
    let proxy = Proxy::with(POLICY, SCHEMA, upstream.address, |_config| {});
    let bytes = request("POST", "/graphql", &headers(), Some(&one_file("01234567890")));
    let (first, rest) = bytes.split_at(bytes.len() - 20);
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    client.write_all(first).unwrap();
    let mut peer = upstream.accept();
    client.write_all(rest).unwrap();
    let mut got = Vec::new();
    let _reset = peer.read_to_end(&mut got);
    let got = String::from_utf8_lossy(&got);
    assert!(got.contains("mutation($file") && !got.ends_with("0\r\n\r\n"), "{got}");
    let answer = read_message(&mut BufReader::new(client)).unwrap().expect("an answer");
    assert_eq!((answer.status(), &*code_of(&answer)), (413, "MAX_UPLOAD_BYTES_LIMIT"));
}
