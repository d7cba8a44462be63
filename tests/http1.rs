//! HTTP/1 as bytes: what is refused before the protocol library sees it, and in which order it is
//! answered.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{io::Write, net::Shutdown};

use support::{
    bench::{Bench, ONE, POST, rest, start, status},
    probes::{Probe, probes},
    wire,
};

/// What is wrong with the outcome of a probe; empty is good.
fn judge(bench: &Bench, probe: &Probe) -> String {
    let answer = wire::exchange(bench.proxy.address(), &probe.bytes);
    let n_reached = bench.upstream.take().len();
    let status = answer.map_or(0, |it| it.status());
    let is_good = if probe.accepted {
        status == 200 && n_reached == 1
    } else {
        (400..500).contains(&status) && n_reached == 0
    };
    if is_good { String::new() } else { format!("{}: {status}, {n_reached} reached", probe.name) }
}

#[test]
fn probes_are_answered_as_they_deserve() {
    let bench = start();
    let all = probes();
    assert!(all.len() >= 45);
    let complaints: Vec<_> = all.iter().map(|it| judge(&bench, it)).collect();
    let complaints: Vec<_> = complaints.into_iter().filter(|it| !it.is_empty()).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn check_statuses(bytes: &[u8], expect: &[&str]) {
    let bench = start();
    let mut client = bench.connect();
    client.write_all(bytes).unwrap();
    let answers = rest(&mut client);
    let got: Vec<_> = answers.split("HTTP/1.1 ").skip(1).filter_map(|it| it.get(..3)).collect();
    assert_eq!(got, expect, "{answers}");
    let n_good = expect.iter().filter(|it| **it == "200").count();
    assert_eq!(bench.upstream.take().len(), n_good);
}

fn good() -> String {
    format!("{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len())
}

#[test]
fn a_faulty_request_is_answered_after_those_before_it() {
    let good = good();
    check_statuses(format!("{good}{good}GET / HTTP/1.1\n\n").as_bytes(), &["200", "200", "400"]);
    check_statuses(format!("{good}\r\n{good}").as_bytes(), &["200", "400"]);
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    let body = format!("{:x}\r\n{ONE}\r\n0\r\n\r\n", ONE.len());
    check_statuses(format!("{chunked}{body}{good}?").as_bytes(), &["200", "200", "400"]);
    check_statuses(format!("{good}{chunked}xyz").as_bytes(), &["200", "400"]);
}

#[test]
fn what_follows_a_faulty_request_is_never_served() {
    check_statuses(format!("POST / HTTP/1.1\r\n\r\n{}", good()).as_bytes(), &["400"]);
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n");
    check_statuses(format!("{chunked}1\r\nab\r\n0\r\n\r\n{}", good()).as_bytes(), &["400"]);
}

#[test]
fn a_request_in_single_bytes_is_served() {
    let bench = start();
    let mut client = bench.connect();
    client.set_nodelay(true).unwrap();
    let request = good().replace("Host: a", "Host: a\r\nConnection: close");
    for byte in request.as_bytes() {
        client.write_all(&[*byte]).unwrap();
    }
    assert_eq!(status(&rest(&mut client)), "200");
}

#[test]
fn a_head_that_breaks_off_is_not_served() {
    let bench = start();
    let mut client = bench.connect();
    client.write_all(POST.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut client), "");
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn refusals_of_bytes_are_problems() {
    let bench = start();
    let mut client = bench.connect();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let answer = rest(&mut client);
    for expect in [
        "HTTP/1.1 400 ",
        "content-type: application/problem+json",
        "connection: close",
        "cache-control: no-store",
        r#""code":"INVALID_HTTP""#,
    ] {
        assert!(answer.contains(expect), "{expect}: {answer}");
    }
}
