//! Upstreams that speak otherwise or listen elsewhere, and how much one socket may ask of them.

use std::num::NonZeroUsize;

use portcullis::config::{Config, UpstreamUrl};

use crate::{
    SCHEMA, policy, start,
    support::{
        proxy::Proxy,
        socket::{Client, Dialect, NOBODY, SocketUpstream},
        upstream::Upstream,
        wire::{exchange, post},
    },
};

#[test]
fn an_old_upstream_is_spoken_to_in_its_own_words() {
    let upstream = SocketUpstream::speaking(Dialect::Old);
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { once }");
    assert_eq!((&*client.hear_short(), &*client.hear_short()), ("next a", "complete a"));
    client.subscribe("b", "subscription { fail }");
    assert_eq!(client.hear(), r#"{"id":"b","type":"error","payload":[{"message":"no"}]}"#);
    client.subscribe("c", "subscription { tick }");
    assert_eq!(client.hear_short(), "next c");
    client.say(r#"{"id":"c","type":"complete"}"#);
    let seen = upstream.wait(|it| it.messages.iter().any(|it| it["type"] == "stop"));
    let offered = seen.header(0, "sec-websocket-protocol");
    assert_eq!(offered, Some("graphql-transport-ws, graphql-ws"));
    let types: Vec<_> = seen.messages.iter().filter_map(|it| it["type"].as_str()).collect();
    assert_eq!(types, ["connection_init", "start", "start", "start", "stop"]);
    assert_eq!(seen.messages.last().unwrap()["id"], seen.messages[3]["id"]);
}

#[test]
fn an_upstream_that_speaks_neither_serves_nothing() {
    let upstream = SocketUpstream::speaking(Dialect::None);
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), |_config| {});
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { tick }");
    assert_eq!(client.hear_short(), "error a UPSTREAM_UNAVAILABLE");
}

#[test]
fn sockets_can_be_taken_elsewhere() {
    let (upstream, sockets) = (Upstream::start(), SocketUpstream::start());
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), |config| {
        let url = format!("ws://{}/sockets?y=2", sockets.address());
        config.upstream_websocket = UpstreamUrl::parse_websocket(&url).ok();
    });
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { tick }");
    assert_eq!(client.hear_short(), "next a");
    let host = sockets.address().to_string();
    assert_eq!(sockets.seen().header(0, "host"), Some(&*host));
    assert!(upstream.take().is_empty());
    let answer = exchange(proxy.address(), &post(r#"{"query":"{a}"}"#)).unwrap();
    assert_eq!((answer.status(), upstream.take().len()), (200, 1));
}

#[test]
fn a_socket_begins_as_many_operations_as_it_may() {
    let (_upstream, proxy) = start("rate: 2/h");
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { tick }");
    // What is refused by the judge counts as well.
    client.subscribe("b", "{ nothing }");
    client.subscribe("c", "subscription { tick }");
    let mut heard = [client.hear_short(), client.hear_short(), client.hear_short()];
    heard.sort();
    let limited = "error c REQUEST_RATE_LIMITED";
    assert_eq!(heard, ["error b GRAPHQL_VALIDATION_FAILED", limited, "next a"]);
    client.say(r#"{"type":"ping"}"#);
    assert_eq!(client.hear_short(), "pong");
    let mut other = Client::begun(proxy.address(), &[]);
    other.subscribe("a", "subscription { tick }");
    assert_eq!(other.hear_short(), "next a");
}

#[test]
fn an_answer_is_as_large_as_the_policy_lets_it_be() {
    let upstream = SocketUpstream::start();
    let started = |max: &str| {
        let policy = format!("{}response: {{ max: {max} }}\n", policy(""));
        Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {})
    };
    for (max, expect) in [("100KiB", "next 1"), ("90KiB", "error 1 UPSTREAM_ANSWER_INVALID")] {
        let proxy = started(max);
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("1", "subscription{flood}");
        assert_eq!(client.hear_short(), expect);
    }
    // Errors that end an operation are an answer, too.
    for (max, expect) in [("100KiB", "error 1"), ("90KiB", "error 1 UPSTREAM_ANSWER_INVALID")] {
        let proxy = started(max);
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("1", "subscription{fault:tick}");
        assert_eq!(client.hear_short(), expect);
    }
}

/// What is kept of operations that go on is bounded, whatever they come by.
#[test]
fn operations_that_go_on_hold_as_much_as_they_may() {
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), |config| {
        config.workers = NonZeroUsize::MIN;
        config.bounds.bodies = 70;
    });
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { tick }");
    client.subscribe("b", "subscription { tick }");
    client.subscribe("c", "subscription { tick }");
    let mut heard = [client.hear_short(), client.hear_short(), client.hear_short()];
    heard.sort();
    assert_eq!(heard, ["error c SERVICE_UNAVAILABLE", "next a", "next b"]);
    client.say(r#"{"id":"a","type":"complete"}"#);
    client.subscribe("c", "subscription { tick }");
    assert_eq!(client.hear_short(), "next c");
}

#[test]
fn an_operation_has_as_many_answers_as_it_may() {
    let ask = |max_events: &str| {
        let (upstream, proxy) = start(max_events);
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("a", "subscription { twice }");
        let heard = [client.hear_short(), client.hear_short()];
        (heard, upstream, proxy, client)
    };
    let (heard, _upstream, _proxy, mut client) = ask("max_events: 2");
    assert_eq!(heard, ["next a", "next a"]);
    client.say(r#"{"type":"ping"}"#);
    assert_eq!(client.hear_short(), "pong");
    let (heard, upstream, _proxy, mut client) = ask("max_events: 1");
    assert_eq!(heard, ["next a", "error a MAX_EVENTS_LIMIT"]);
    upstream.wait(|it| it.messages.iter().any(|it| it["type"] == "complete"));
    client.subscribe("a", "subscription { tick }");
    assert_eq!(client.hear_short(), "next a");
}

/// One worker, whose breaker opens soon and stays so.
fn touchy(config: &mut Config) {
    config.workers = NonZeroUsize::MIN;
    config.bounds.breaker_failures = 3;
    config.deadlines.breaker_open = std::time::Duration::from_secs(3600);
}

#[test]
fn a_credential_that_the_upstream_refuses_shuts_it_to_nobody_else() {
    let upstream = SocketUpstream::start();
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), touchy);
    let init = format!(r#"{{"type":"connection_init","payload":{{"authorization":"{NOBODY}"}}}}"#);
    for _ in 0..5 {
        // With the handshake, and with the message that follows it.
        let mut in_head = Client::begun(proxy.address(), &[("authorization", NOBODY)]);
        let mut in_init = Client::open(proxy.address(), &[]).unwrap();
        in_init.say(&init);
        assert_eq!(in_init.hear_short(), crate::ACK);
        for client in [&mut in_head, &mut in_init] {
            client.subscribe("a", "subscription { tick }");
            assert_eq!(client.hear_short(), "error a UPSTREAM_UNAVAILABLE");
        }
    }
    let mut client = Client::begun(proxy.address(), &[]);
    client.subscribe("a", "subscription { tick }");
    assert_eq!(client.hear_short(), "next a");
}

#[test]
fn sockets_that_an_upstream_does_not_serve_leave_its_requests_alone() {
    let subscribe = |proxy: &Proxy| {
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("a", "subscription { tick }");
        assert_eq!(client.hear_short(), "error a UPSTREAM_UNAVAILABLE");
    };
    let upstream = Upstream::start();
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), touchy);
    (0..5).for_each(|_| subscribe(&proxy));
    let answer = exchange(proxy.address(), &post(r#"{"query":"{a}"}"#)).unwrap();
    assert_eq!((answer.status(), upstream.take().len()), (200, 6));
    // What stands in front of a server that is not there says so here, too.
    let down = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    let upstream = Upstream::raw(Some(down));
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), touchy);
    (0..3).for_each(|_| subscribe(&proxy));
    assert_eq!(Client::open(proxy.address(), &[]).err(), Some(503));
    assert_eq!(upstream.take().len(), 3);
}

#[test]
fn a_socket_is_taken_to_an_address_that_is_there() {
    let (away, upstream) = (Upstream::nowhere(), SocketUpstream::start());
    let proxy = Proxy::with(&policy(""), SCHEMA, upstream.address(), |config| {
        let url = format!("http://{}/up?x=1", away.address());
        config.more_upstreams = vec![UpstreamUrl::parse(&url).unwrap()];
        config.workers = NonZeroUsize::MIN;
        config.bounds.breaker_failures = 1_000;
    });
    for _ in 0..4 {
        let mut client = Client::begun(proxy.address(), &[]);
        client.subscribe("a", "subscription { tick }");
        assert_eq!(client.hear_short(), "next a");
    }
}
