//! Headers: which go on, where a request is said to come from, and what browsers are told.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use std::io::Write;

use support::{
    bench::{ANSWER, Bench, ONE, POST, rest, start, start_with, status},
    upstream::Upstream,
};

fn with(headers: &[&str]) -> String {
    headers.iter().fold(POST.to_owned(), |head, it| format!("{head}{it}\r\n"))
}

/// What of some headers the upstream sees, host, media types and length left out.
fn check_forwarded(bench: &Bench, headers: &[&str], expect: &[&str]) {
    assert_eq!(status(&bench.send(&with(headers), ONE)), "200");
    let seen = bench.upstream.take();
    let all = seen[0].headers.iter();
    let ours = ["host", "accept", "accept-encoding", "content-type", "content-length"];
    let others = all.filter(|(name, _)| !ours.contains(&name.as_str()));
    let got: Vec<_> = others.map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(got, expect, "{headers:?}");
}

const OURS: [&str; 2] = ["x-forwarded-for: 127.0.0.1", "via: 1.1 portcullis"];

#[test]
fn identity_is_never_the_clients_word() {
    let bench = start();
    for it in [
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Host: evil",
        "Forwarded: for=6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "X-User-Id: u-1",
        "X_User_Id: u-1",
        "X-Auth-Role: admin",
        "X-Original-URL: /admin",
        "X-HTTP-Method-Override: GET",
        "Proxy: http://evil",
        "TE: trailers",
        "Via: 1.1 evil",
        "Cookie: a=b",
        "Connection: X-Forwarded-For, Via, Content-Type, Host",
    ] {
        check_forwarded(&bench, &[it], &OURS);
    }
    let ours_and = [OURS[0], OURS[1], "authorization: t"];
    check_forwarded(&bench, &["Authorization: t"], &ours_and);
    check_forwarded(&bench, &["Authorization: t", "Connection: authorization"], &OURS);
}

#[test]
fn trailers_do_not_go_on() {
    let bench = start();
    let head = format!("{POST}Trailer: authorization\r\nTransfer-Encoding: chunked\r\n\r\n");
    let body = format!("{:x}\r\n{ONE}\r\n0\r\nauthorization: t\r\n\r\n", ONE.len());
    let answer = support::wire::exchange(bench.proxy.address(), format!("{head}{body}").as_bytes());
    assert_eq!(answer.map(|it| it.status()), Some(200));
    let seen = bench.upstream.take();
    assert_eq!((seen[0].header("authorization"), seen[0].header("trailer")), (None, None));
}

#[test]
fn a_trusted_proxy_says_where_a_request_comes_from() {
    let bench = start_with(Upstream::answering(ANSWER), |config| {
        config.trusted_proxies =
            ["127.0.0.1", "10.0.0.0/8"].map(|it| it.parse().ok()).into_iter().flatten().collect();
    });
    let forwarded = ["X-Forwarded-For: 6.6.6.6, 192.0.2.7", "X-Forwarded-For: 10.1.1.1"];
    check_forwarded(&bench, &forwarded, &["x-forwarded-for: 192.0.2.7", OURS[1]]);
}

#[test]
fn only_listed_origins_may_ask() {
    let bench = start();
    let listed = bench.send(&with(&["Origin: https://shop.example"]), ONE);
    assert_eq!(status(&listed), "200");
    assert!(listed.contains("access-control-allow-origin: https://shop.example\r\n"), "{listed}");
    assert!(listed.contains("vary: Origin"), "{listed}");
    for origin in ["null", "https://evil.example", "http://shop.example", "https://shop.example/"] {
        let foreign = bench.send(&with(&[&format!("Origin: {origin}")]), ONE);
        assert_eq!(status(&foreign), "403");
        assert!(foreign.contains("ORIGIN_NOT_ALLOWED"), "{foreign}");
        assert!(!foreign.contains("access-control-"), "{foreign}");
    }
    assert_eq!(bench.upstream.take().len(), 1);
    let none = bench.post(ONE);
    assert!(!none.contains("access-control-") && none.contains("vary: Origin"), "{none}");
}

#[test]
fn a_preflight_is_answered_here() {
    let bench = start();
    let ask = |origin: &str, more: &str| {
        let head = "OPTIONS /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
        let mut client = bench.connect();
        client.write_all(format!("{head}Origin: {origin}\r\n{more}\r\n").as_bytes()).unwrap();
        rest(&mut client)
    };
    let asked = "Access-Control-Request-Method: POST\r\n\
        Access-Control-Request-Headers: content-type,apollo-require-preflight\r\n";
    let answer = ask("https://shop.example", asked);
    assert_eq!(status(&answer), "204");
    for expect in [
        "access-control-allow-origin: https://shop.example\r\n",
        "access-control-allow-methods: POST\r\n",
        "access-control-allow-headers: content-type,apollo-require-preflight\r\n",
    ] {
        assert!(answer.contains(expect), "{expect}: {answer}");
    }
    assert_eq!(status(&ask("https://evil.example", asked)), "403");
    let no_preflight = ask("https://shop.example", "");
    assert_eq!(status(&no_preflight), "405");
    assert!(no_preflight.contains("allow: POST"), "{no_preflight}");
    assert!(bench.upstream.take().is_empty());
}
