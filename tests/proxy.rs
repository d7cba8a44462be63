//! The proxy over real sockets, in front of an upstream that records what reaches it.

mod support;

use std::{io::Write, time::Duration};

use portcullis::config::Config;
use support::{
    bench::{ANSWER, Bench, ONE, POST, exchange, read_answer, rest, start, start_with, status},
    proxy::Proxy,
    upstream::Upstream,
};

#[test]
fn an_admitted_request_is_forwarded_in_canonical_form() {
    let bench = start();
    let head = "POST /graphql?op=A HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Authorization: t\r\nCookie: c\r\nX-Forwarded-For: 1\r\nAccept: text/html\r\n";
    let answer = bench.send(head, r#"{"query":"{ a }","extra":1,"operationName":null}"#);
    assert_eq!(status(&answer), "200");
    assert!(answer.ends_with(ANSWER), "{answer}");
    assert!(answer.contains("x-up: 1") && answer.contains("x-request-id: "), "{answer}");
    assert!(!answer.contains("x-hop"), "{answer}");
    let seen = bench.upstream.take();
    assert_eq!((seen.len(), &*seen[0].first), (1, "POST /up?x=1 HTTP/1.1"));
    let mut headers: Vec<_> =
        seen[0].headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    headers.sort_unstable();
    let expect = [
        "accept-encoding: identity".to_owned(),
        "accept: application/json".to_owned(),
        "authorization: t".to_owned(),
        format!("content-length: {}", seen[0].body.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", bench.upstream.address()),
        "via: 1.1 portcullis".to_owned(),
        "x-forwarded-for: 127.0.0.1".to_owned(),
    ];
    assert_eq!(headers, expect);
    let body = seen[0].json().unwrap();
    assert!(body.get("extra").is_none() && body["query"].as_str().unwrap().contains('a'));
    assert_eq!(bench.proxy.stop(), 0);
}

#[test]
fn what_is_refused_never_reaches_the_upstream() {
    let bench = start();
    let large = format!(r#"{{"query":"{{ a }}","x":"{}"}}"#, "x".repeat(2000));
    let plain = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
    let get = "GET /graphql?query=%7Ba%7D HTTP/1.1\r\nHost: a\r\n";
    for (head, body, code, expect) in [
        (POST, r#"{"query":"{ refuse }"}"#, "GRAPHQL_VALIDATION_FAILED", "422"),
        (POST, r#"{"query":"{ a }","query":"{ a }"}"#, "INVALID_JSON", "400"),
        (POST, "", "INVALID_JSON", "400"),
        (POST, "[]", "INVALID_REQUEST", "400"),
        (POST, &format!("[{ONE},{ONE},{ONE}]"), "BATCH_TOO_LARGE", "422"),
        (POST, &large, "MAX_BODY_LIMIT", "413"),
        (plain, ONE, "CONTENT_TYPE_NOT_SUPPORTED", "415"),
        (get, "", "METHOD_NOT_ALLOWED", "405"),
        (&POST.replace("/graphql", "/other"), ONE, "NOT_FOUND", "404"),
        (&POST.replace("/graphql", "/graphql?query={b}"), ONE, "INVALID_REQUEST", "400"),
    ] {
        let answer = bench.send(head, body);
        assert_eq!(status(&answer), expect, "{body}: {answer}");
        assert!(answer.contains(&format!(r#""code":"{code}""#)), "{answer}");
        assert!(answer.contains("cache-control: no-store") && answer.contains("requestId"));
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn a_policy_that_only_watches_refuses_what_no_rule_can_judge() {
    let policy = "version: 1\nname: t\nmode: report\nschema: { file: test.graphql }\n\
        limits: { depth: 2, body: 2000B }\n";
    let upstream = Upstream::answering(ANSWER);
    let schema = "type Query { a: Int b: Query }";
    let proxy = Proxy::with(policy, schema, upstream.address(), |_config| {});
    let bench = Bench { upstream, proxy };
    let get = "GET /graphql?query=%7Ba%7D HTTP/1.1\r\nHost: a\r\n";
    let hash = r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}"#;
    for (head, body, expect) in [
        (get, "", "METHOD_NOT_ALLOWED"),
        (POST, &*format!("[{ONE},{ONE}]"), "BATCH_TOO_LARGE"),
        (POST, hash, "PERSISTED_QUERY_NOT_SUPPORTED"),
        (POST, &*format!(r#"{{"query":"{{ a }}","x":"{}"}}"#, "x".repeat(2000)), "MAX_BODY_LIMIT"),
        (POST, r#"{"query":"{"}"#, "GRAPHQL_PARSE_FAILED"),
        (POST, r#"{"query":"{ no }"}"#, "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let answer = bench.send(head, body);
        assert!(answer.contains(&format!(r#""code":"{expect}""#)), "{body}: {answer}");
    }
    assert!(bench.upstream.take().is_empty());
    assert_eq!(status(&bench.post(r#"{"query":"{ b { b { a } } }"}"#)), "200");
}

#[test]
fn a_batch_is_admitted_whole_or_not_at_all() {
    let bench = start();
    assert_eq!(status(&bench.post(&format!("[{ONE}]"))), "200");
    assert!(bench.upstream.take()[0].body.starts_with(b"["));
    let answer = bench.post(&format!(r#"[{ONE},{{"query":"{{ refuse }}"}}]"#));
    assert_eq!(status(&answer), "422");
    assert!(answer.contains("\r\n\r\n[{"), "{answer}");
    assert!(bench.upstream.take().is_empty());
}

#[test]
fn a_body_in_chunks_is_counted() {
    let bench = start();
    let chunked = |n: usize| {
        let mut stream = bench.connect();
        let body = format!(r#"{{"query":"{{ a }}"}}{}"#, " ".repeat(n - ONE.len()));
        write!(stream, "{POST}Transfer-Encoding: chunked\r\n\r\n").unwrap();
        for piece in body.as_bytes().chunks(100) {
            write!(stream, "{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap())
                .unwrap();
        }
        let _closed_early = write!(stream, "0\r\n\r\n");
        status(&read_answer(&mut stream)).to_owned()
    };
    assert_eq!(chunked(2000), "200");
    assert_eq!(chunked(2001), "413");
}

#[test]
fn a_client_that_sends_too_much_reads_why_it_is_refused() {
    let bench = start();
    for n in [100_000, 1_000_000] {
        let answer = bench.post(&"x".repeat(n));
        assert_eq!(status(&answer), "413", "{answer}");
    }
}

#[test]
fn connections_are_kept_on_both_sides() {
    let bench = start();
    let mut client = bench.connect();
    for _ in 0..5 {
        assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
    }
    let connections: Vec<_> = bench.upstream.take().iter().map(|it| it.connection).collect();
    assert_eq!(connections, [0; 5]);
}

#[test]
fn a_connection_that_the_upstream_closed_is_not_used_again() {
    let upstream = Upstream::raw(Some("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
    let bench = start_with(upstream, |_config| {});
    let mut client = bench.connect();
    for _ in 0..5 {
        assert_eq!(status(&exchange(&mut client, POST, ONE)), "200");
        while bench.upstream.take().is_empty() {
            std::thread::yield_now();
        }
    }
}

#[test]
fn two_requests_in_one_packet_are_both_answered() {
    let bench = start();
    let mut client = bench.connect();
    let one = format!("{POST}Content-Length: {}\r\n\r\n{ONE}", ONE.len());
    write!(client, "{one}{}", one.replace("Host: a", "Host: a\r\nConnection: close")).unwrap();
    let answers = rest(&mut client);
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
}

#[test]
fn an_upstream_that_fails_is_a_502_or_504() {
    let gone = Upstream::nowhere();
    let hurry = |config: &mut Config| config.deadlines.response = Duration::from_millis(50);
    for (upstream, expect) in [
        (gone, "502"),
        (Upstream::raw(Some("")), "502"),
        (Upstream::raw(Some("nonsense\r\n\r\n")), "502"),
        (
            Upstream::raw(Some(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            )),
            "502",
        ),
        (Upstream::raw(None), "504"),
    ] {
        let bench = start_with(upstream, hurry);
        let answer = bench.post(ONE);
        assert_eq!(status(&answer), expect, "{answer}");
        assert!(answer.contains("the request could not be served"));
    }
}
