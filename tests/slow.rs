//! Clients that send slowly, or not at all: ended inside their deadlines, while others are served.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{io::Write, net::TcpStream, time::Duration};

use support::{
    bench::{ANSWER, Bench, ONE, POST, exchange, rest, start_with, status},
    upstream::Upstream,
};

/// How many slow clients there are of a kind.
const N: usize = 200;

fn hasty() -> Bench {
    start_with(Upstream::answering(ANSWER), |config| {
        let soon = Duration::from_millis(500);
        config.deadlines.head = soon;
        config.deadlines.body = soon;
        config.deadlines.idle = soon;
    })
}

fn slow(bench: &Bench, beginning: &str) -> Vec<TcpStream> {
    let open = |_n| {
        let mut stream = bench.connect();
        write!(stream, "{beginning}").unwrap();
        stream
    };
    (0..N).map(open).collect()
}

/// Serves one client as long as the others are waited for.
fn check(beginning: &str, expect: &str) {
    let bench = hasty();
    let mut slow = slow(&bench, beginning);
    let mut legitimate = bench.connect();
    for stream in &mut slow {
        assert_eq!(status(&exchange(&mut legitimate, POST, ONE)), "200");
        assert_eq!(status(&rest(stream)), expect);
    }
    assert_eq!(bench.upstream.take().len(), N);
}

#[test]
fn slow_heads_end() {
    check("POST /graphql HTTP/1.1\r\nHost:", "408");
}

#[test]
fn slow_bodies_end() {
    check(&format!("{POST}Content-Length: 17\r\n\r\n{{"), "408");
}

#[test]
fn slow_chunks_end() {
    check(&format!("{POST}Transfer-Encoding: chunked\r\n\r\n1\r\n"), "408");
}

#[test]
fn silent_connections_end() {
    check("", "");
}

#[test]
fn a_body_that_trickles_ends_before_its_deadline() {
    let bench = start_with(Upstream::answering(ANSWER), |config| {
        config.deadlines.body_pace = Duration::from_millis(100);
        config.deadlines.body = Duration::from_secs(3600);
    });
    let mut client = bench.connect();
    write!(client, "{POST}Content-Length: 17\r\n\r\n{{").unwrap();
    assert_eq!(status(&rest(&mut client)), "408");
}

/// However slowly it is sent, and whether or not the client waits to be asked for it.
#[test]
fn a_body_that_is_announced_too_large_is_told_so() {
    let bench = start_with(Upstream::answering(ANSWER), |config| {
        config.deadlines.body_pace = Duration::from_millis(100);
    });
    for (head, sent) in [("", "{"), ("Expect: 100-continue\r\n", "")] {
        let mut client = bench.connect();
        write!(client, "{POST}{head}Content-Length: 300000\r\n\r\n{sent}").unwrap();
        let answer = rest(&mut client);
        assert_eq!(status(&answer), "413", "{answer}");
        assert!(answer.contains("MAX_BODY_LIMIT"), "{answer}");
    }
}

#[test]
fn a_connection_without_work_outlives_the_deadline_of_a_head() {
    let bench = start_with(Upstream::answering(ANSWER), |config| {
        config.deadlines.head = Duration::from_millis(200);
        config.deadlines.idle = Duration::from_secs(3600);
    });
    let mut client = bench.connect();
    assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    // Another connection that never speaks shows that the deadline has passed.
    assert_eq!(rest(&mut bench.connect()), "");
    assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
}

#[test]
fn a_client_that_takes_no_answer_is_cut_off() {
    // More than fits into the buffers of both sockets.
    let large = format!(r#"{{"data":{{"a":"{}"}}}}"#, "x".repeat(64 << 20));
    let bench = start_with(Upstream::answering(large.leak()), |config| {
        config.deadlines.stall = Duration::from_millis(100);
    });
    let mut client = bench.connect();
    write!(client, "{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len()).unwrap();
    // When it stops, the connection is either gone already or still being served.
    assert_eq!(bench.proxy.stop(), 0);
}
