//! Operations over a WebSocket: each has its span, below that of the handshake.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use portcullis::config::{Collector, UpstreamUrl};

use crate::{
    SPAN, TRACE, check, hex, spans,
    support::{
        proxy::Proxy,
        socket::{Client, SocketUpstream},
        upstream::Upstream,
    },
};

const POLICY: &str = "\
version: 1
name: traced
schema: { file: test.graphql }
http: { websocket: { operations: [query, subscription] } }
introspection: allow
limits: { depth: 2 }
";
const SCHEMA: &str = "
    type Query { a: Int b: Query }
    type Subscription { once: Int fail: Int tick: Int }
";

/// What is said and heard over one socket, and the spans of it: the handshake, then operations.
struct Told {
    handshake: Span,
    operations: Vec<Span>,
}

/// Says each of the queries, and hears what comes.
fn told(upstream: std::net::SocketAddr, flags: &str, said: &[(&str, &[&str])]) -> Option<Told> {
    let collector = Upstream::answering("");
    let url = UpstreamUrl::parse(&format!("http://{}/base/", collector.address())).unwrap();
    let proxy = Proxy::with(POLICY, SCHEMA, upstream, |config| {
        config.collector = Some(Collector::new(url));
    });
    let parent = format!("00-{TRACE}-{SPAN}-{flags}");
    let mut client = Client::begun(proxy.address(), &[("traceparent", &parent)]);
    for (n, (query, expect)) in said.iter().enumerate() {
        client.subscribe(&n.to_string(), query);
        let heard: Vec<_> = expect.iter().map(|_| client.hear_short()).collect();
        assert_eq!(heard, *expect, "{query}");
    }
    drop(client);
    let _cut_off = proxy.stop();
    let mut spans = spans(&collector.take()).into_iter();
    let handshake = spans.next()?;
    let mut operations: Vec<_> = spans.collect();
    operations.sort_by_key(|it| it.start_time_unix_nano);
    Some(Told { handshake, operations })
}

fn names(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|it| &*it.name).collect()
}

#[test]
fn each_operation_is_a_span_below_the_handshake() {
    let upstream = SocketUpstream::start();
    let said: [(&str, &[&str]); 5] = [
        ("query Mine { a }", &["next 0"]),
        ("{ b { b { a } } }", &["error 1 MAX_DEPTH_LIMIT"]),
        ("subscription { once }", &["next 2", "complete 2"]),
        ("subscription { fail }", &["error 3"]),
        ("{ __schema { __typename } }", &["next 4", "complete 4"]),
    ];
    let Told { handshake, operations } = told(upstream.address(), "01", &said).unwrap();
    assert_eq!(hex(&handshake.parent_span_id), SPAN);
    check(&handshake, &[("http.response.status_code", "101")]);
    let expect = ["query", "subscribe", "subscription", "subscription", "query"];
    assert_eq!(names(&operations), expect);
    for span in &operations {
        assert_eq!(
            (&span.trace_id, &span.parent_span_id),
            (&handshake.trace_id, &handshake.span_id)
        );
        assert_eq!(span.kind, i32::from(SpanKind::Server));
        assert!(span.status.is_none(), "{span:?}");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    check(&operations[0], &[("graphql.operation.type", "query")]);
    check(&operations[1], &[("error.type", "MAX_DEPTH_LIMIT")]);
    let errors =
        operations.iter().filter(|it| it.attributes.iter().any(|it| it.key == "error.type"));
    assert_eq!(errors.count(), 1);
    // The upstream's socket is one for all of them.
    let parent = format!("00-{TRACE}-{}-01", hex(&handshake.span_id));
    assert_eq!(upstream.seen().header(0, "traceparent"), Some(&*parent));
}

#[test]
fn an_upstream_that_is_not_there_fails_the_operation() {
    let nowhere = Upstream::nowhere();
    let said: [(&str, &[&str]); 1] = [("subscription { tick }", &["error 0 UPSTREAM_UNAVAILABLE"])];
    let Told { handshake, operations } = told(nowhere.address(), "01", &said).unwrap();
    assert!(handshake.status.is_none());
    assert_eq!(names(&operations), ["subscription"]);
    check(&operations[0], &[("error.type", "UPSTREAM_UNAVAILABLE")]);
    assert_eq!(operations[0].status.as_ref().unwrap().code, i32::from(StatusCode::Error));
}

#[test]
fn a_trace_that_nobody_keeps_has_no_operations() {
    let upstream = SocketUpstream::start();
    let said: [(&str, &[&str]); 1] = [("subscription { once }", &["next 0", "complete 0"])];
    assert!(told(upstream.address(), "00", &said).is_none());
}
