//! A policy that waits shortly, in front of an upstream that is silent.

use std::{
    io::{BufRead, BufReader, Read},
    net::{Shutdown, TcpListener},
    time::Duration,
};

use portcullis::config::UpstreamHttp;

use crate::{
    POLICY, connect, log, post,
    server::{Answers, Server},
    start, start_under, status,
};

#[test]
fn a_silent_http2_connection_takes_no_further_request_however_shortly_the_policy_waits() {
    for timeout in ["first_byte: 1s", "total: 1s"] {
        let server = Server::start(None, true, Answers::NotTheFirst);
        let policy = format!("{POLICY}response: {{ timeout: {{ {timeout} }} }}\n");
        let proxy = start_under((&policy, "http://127.0.0.1"), server.address, |it| {
            it.upstream_http = UpstreamHttp::H2c;
        });
        assert_eq!([post(&proxy), post(&proxy)].each_ref().map(|it| status(it)), ["504", "200"]);
        let connections: Vec<_> = server.seen().iter().map(|it| it.connection).collect();
        assert_eq!(connections, [0, 1], "{timeout}");
    }
}

/// Nothing tells a side that is closed from a client that has left; the log tells that it did.
#[test]
fn a_client_that_leaves_before_its_answer_is_in_the_log() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = start("http://127.0.0.1", upstream.local_addr().unwrap(), |_config| {});
    let mut client = connect(&proxy, "");
    let (asked, _address) = upstream.accept().unwrap();
    // It stays open: an upstream that leaves is something else.
    let (mut asked, mut line) = (BufReader::new(asked), String::new());
    asked.read_line(&mut line).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    proxy.stop();
    assert_eq!(proxy.join(), 0);
    let logged = log::lines_with("client-left");
    assert!(logged.contains(r#""forwarded":true"#), "{logged}");
}

/// Whom the process cuts off when its time is over has not left.
#[test]
fn who_is_cut_off_is_not_said_to_have_left() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = start("http://127.0.0.1", upstream.local_addr().unwrap(), |config| {
        config.deadlines.grace = Duration::from_millis(50);
    });
    // Ids of one worker begin alike.
    let mut refused = String::new();
    connect(&proxy, "Content-Encoding: gzip\r\n").read_to_string(&mut refused).unwrap();
    let (_, id) = refused.split_once("x-request-id: ").unwrap();
    let _client = connect(&proxy, "");
    let (asked, _address) = upstream.accept().unwrap();
    let (mut asked, mut line) = (BufReader::new(asked), String::new());
    asked.read_line(&mut line).unwrap();
    proxy.stop();
    assert_eq!(proxy.join(), 1);
    let left = log::lines_with("client-left");
    assert!(!left.contains(id.get(..16).unwrap()), "{left}");
}
