//! Raw bytes on a connection: whatever comes, the upstream sees only requests that were written
//! anew, and the proxy goes on.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::{
    mutate::fuzz,
    support::{proxy::Proxy, upstream::Upstream, wire::exchange},
};

#[test]
fn http_head() {
    let upstream = Upstream::start();
    let proxy = Proxy::start("policies/baseline.yaml", upstream.address());
    let address = proxy.address();
    let body = r#"{"query":"{ __typename }"}"#;
    let good = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let chunked = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let seeds = [
        good.clone().into_bytes(),
        chunked.clone().into_bytes(),
        format!("{good}{chunked}").into_bytes(),
        format!("{chunked}{good}").into_bytes(),
        b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
    ];
    fuzz("http", 300, &seeds, |input| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let written = stream.write_all(input).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        // A connection that was closed on us may have swallowed the answer.
        let is_answer = answer.is_empty() || answer.starts_with(b"HTTP/1.");
        assert!(is_answer || answer.starts_with(&[0, 0]), "{written:?} {answer:?}");
        let arrived = upstream.take();
        for message in &arrived {
            let body = message.json().expect("what arrives is JSON");
            let items = body.as_array().map_or_else(|| vec![&body], |it| it.iter().collect());
            assert!(items.iter().all(|it| it["query"].is_string()), "{body}");
        }
        !arrived.is_empty()
    });
    let close = good.replace("Host: a", "Host: a\r\nConnection: close");
    let answer = exchange(address, close.as_bytes()).expect("it goes on");
    assert!(!answer.body.is_empty());
}
