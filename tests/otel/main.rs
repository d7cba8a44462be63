//! Traces and metrics, through a real socket, to a collector that reads them as OTLP.

#![cfg(feature = "otel")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod graphs;
mod sockets;
#[path = "../support/mod.rs"]
mod support;

use std::{
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
    sync::mpsc::{Sender, channel},
    thread,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data, number_data_point::Value as Number},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use portcullis::{
    config::{Collector, UpstreamUrl},
    telemetry::COUNTERS,
};
use prost::Message as _;
use support::{
    bench::{ANSWER, ONE},
    proxy::Proxy,
    upstream::Upstream,
    wire::{Message, exchange, read_message},
};

const POLICY: &str = "\
version: 1
name: traced
schema: { file: test.graphql }
http: { forward_headers: [traceparent, tracestate] }
limits: { depth: 2 }
cost: { max: 100, mode: enforce }
";
const SCHEMA: &str = "type Query { a: Int b: Query }";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// Portcullis between an upstream and a collector, both of which record what they get.
struct Traced {
    collector: Upstream,
    upstream: Upstream,
    proxy: Proxy,
}

impl Traced {
    fn start(change: impl FnOnce(&mut Collector)) -> Self {
        // An empty message is one of every kind.
        Self::with(Upstream::answering(""), Upstream::answering(ANSWER), change)
    }

    fn with(collector: Upstream, upstream: Upstream, change: impl FnOnce(&mut Collector)) -> Self {
        let url = UpstreamUrl::parse(&format!("http://{}/base/", collector.address())).unwrap();
        let mut wanted = Collector::new(url);
        change(&mut wanted);
        let proxy = Proxy::with(POLICY, SCHEMA, upstream.address(), |config| {
            config.collector = Some(wanted);
        });
        Self { collector, upstream, proxy }
    }

    fn post(&self, headers: &str, body: &str) -> Message {
        post(self.proxy.address(), headers, body)
    }

    /// What the upstream was told, and all that the collector was.
    fn stop(self) -> (Vec<Message>, Vec<Message>) {
        let Self { collector, upstream, proxy } = self;
        let _cut_off = proxy.stop();
        (upstream.take(), collector.take())
    }
}

fn post(to: SocketAddr, headers: &str, body: &str) -> Message {
    let length = body.len();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    exchange(to, request.as_bytes()).expect("an answer")
}

fn spans(told: &[Message]) -> Vec<Span> {
    let traces = told.iter().filter(|it| it.first.contains("/base/v1/traces"));
    let messages = traces.map(|it| ExportTraceServiceRequest::decode(&*it.body).expect("OTLP"));
    let spans = messages.flat_map(|it| it.resource_spans).flat_map(|it| it.scope_spans);
    spans.flat_map(|it| it.spans).collect()
}

fn of_kind(spans: &[Span], kind: SpanKind) -> &Span {
    let mut found = spans.iter().filter(|it| it.kind == i32::from(kind));
    let first = found.next().expect("one of that kind");
    assert!(found.next().is_none(), "only one of that kind");
    first
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

fn fact(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(it) => Some(it.clone()),
        Value::IntValue(it) => Some(it.to_string()),
        _ => None,
    }
}

fn check(span: &Span, expect: &[(&str, &str)]) {
    for (key, value) in expect {
        assert_eq!(fact(&span.attributes, key).as_deref(), Some(*value), "{key}: {span:#?}");
    }
}

#[test]
fn one_trace_leads_from_the_client_to_the_upstream() {
    let traced = Traced::start(|_collector| {});
    let theirs = format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: shop=1\r\n");
    let body = r#"{"query":"query Basket { b { a } }","operationName":"Basket"}"#;
    assert_eq!(traced.post(&theirs, body).status(), 200);
    let (asked, told) = traced.stop();
    let spans = spans(&told);
    let (server, client) = (of_kind(&spans, SpanKind::Server), of_kind(&spans, SpanKind::Client));
    assert_eq!(spans.len(), 2);
    for span in [server, client] {
        assert_eq!(hex(&span.trace_id), TRACE);
        assert_eq!(span.trace_state, "shop=1");
        assert!(span.start_time_unix_nano > 0 && span.end_time_unix_nano > 0);
        assert!(span.status.is_none());
    }
    assert_eq!(hex(&server.parent_span_id), SPAN);
    assert_eq!(client.parent_span_id, server.span_id);
    let parent = format!("00-{TRACE}-{}-01", hex(&client.span_id));
    assert_eq!(asked[0].header("traceparent"), Some(&*parent));
    assert_eq!(asked[0].header("tracestate"), Some("shop=1"));
    // Clients choose names of operations: they are facts, and no span is called by one.
    assert_eq!((&*server.name, &*client.name), ("query", "POST"));
    check(
        server,
        &[
            ("http.request.method", "POST"),
            ("http.response.status_code", "200"),
            ("url.path", "/graphql"),
            ("server.address", "shop.example"),
            ("graphql.operation.type", "query"),
            ("graphql.operation.name", "Basket"),
            ("portcullis.cost", "2"),
        ],
    );
    check(client, &[("server.address", "127.0.0.1"), ("http.response.status_code", "200")]);
    assert!(!format!("{spans:?}").contains("{ b {"), "no document is told");
    assert_eq!(told[0].header("content-type"), Some("application/x-protobuf"));
}

#[test]
fn a_trace_begins_here_when_the_client_has_none_that_can_be_read() {
    for theirs in ["", "traceparent: 00-1-2-3\r\ntracestate: a=1\r\n"] {
        let traced = Traced::start(|_collector| {});
        traced.post(theirs, ONE);
        let (asked, told) = traced.stop();
        let spans = spans(&told);
        let server = of_kind(&spans, SpanKind::Server);
        assert!(server.parent_span_id.is_empty() && server.trace_state.is_empty());
        let client = of_kind(&spans, SpanKind::Client);
        let parent = format!("00-{}-{}-01", hex(&server.trace_id), hex(&client.span_id));
        assert_eq!(asked[0].header("traceparent"), Some(&*parent));
        assert_eq!(asked[0].header("tracestate"), None, "it belongs to another trace");
    }
}

#[test]
fn a_refusal_is_told_with_its_code_and_reaches_nobody() {
    let traced = Traced::start(|_collector| {});
    let secret = r#"{"query":"query Secret { b { b { a } } }","operationName":"Secret"}"#;
    let status = traced.post("", secret).status();
    let (asked, told) = traced.stop();
    let spans = spans(&told);
    let server = of_kind(&spans, SpanKind::Server);
    assert!(asked.is_empty() && spans.len() == 1);
    assert_eq!(server.name, "POST");
    check(server, &[("error.type", "MAX_DEPTH_LIMIT")]);
    check(server, &[("http.response.status_code", &status.to_string())]);
    // What a client does wrong is no failure of the server.
    assert!(server.status.is_none());
    assert!(!format!("{spans:?}").contains("Secret"), "what was refused has no name");
}

#[test]
fn an_upstream_that_is_not_there_is_a_failure_of_both_spans() {
    let collector = Upstream::answering("");
    let traced = Traced::with(collector, Upstream::nowhere(), |_collector| {});
    assert_eq!(traced.post("", ONE).status(), 502);
    let (_, told) = traced.stop();
    let spans = spans(&told);
    for kind in [SpanKind::Server, SpanKind::Client] {
        let span = of_kind(&spans, kind);
        check(span, &[("error.type", "UPSTREAM_UNAVAILABLE")]);
        assert_eq!(span.status.as_ref().unwrap().code, i32::from(StatusCode::Error));
    }
}

#[test]
fn who_does_not_want_a_trace_kept_gets_his_wish() {
    let none = |collector: &mut Collector| collector.sample = "0".parse().unwrap();
    for (theirs, expect, flags) in [
        (format!("traceparent: 00-{TRACE}-{SPAN}-00\r\n"), 0, "-00"),
        (format!("traceparent: 00-{TRACE}-{SPAN}-01\r\n"), 2, "-01"),
        (String::new(), 0, "-00"),
    ] {
        let traced = Traced::start(none);
        traced.post(&theirs, ONE);
        let (asked, told) = traced.stop();
        assert_eq!(spans(&told).len(), expect, "{theirs}");
        let parent = asked[0].header("traceparent").expect("a parent");
        assert!(parent.ends_with(flags), "{parent}");
        assert!(theirs.is_empty() || parent.contains(TRACE), "{parent}");
    }
}

#[test]
fn metrics_come_under_the_names_that_prometheus_reads() {
    let traced = Traced::start(|collector| {
        collector.headers.push(("x-key".parse().unwrap(), "k".parse().unwrap()));
        collector.resource.push(("deployment.environment.name".into(), "test".into()));
    });
    traced.post("", ONE);
    let (_, told) = traced.stop();
    let last = told.iter().rfind(|it| it.first.contains("/base/v1/metrics")).expect("metrics");
    assert_eq!(last.header("x-key"), Some("k"));
    let message = ExportMetricsServiceRequest::decode(&*last.body).expect("OTLP");
    let of = &message.resource_metrics[0];
    let about = &of.resource.as_ref().unwrap().attributes;
    assert_eq!(fact(about, "service.name").as_deref(), Some("portcullis"));
    assert_eq!(fact(about, "deployment.environment.name").as_deref(), Some("test"));
    let metrics = &of.scope_metrics[0].metrics;
    let one = |name: &str| -> &Metric { metrics.iter().find(|it| it.name == name).expect(name) };
    let Some(Data::Sum(requests)) = &one("portcullis_requests").data else { unreachable!() };
    let admitted = requests.data_points.iter().find(|it| {
        fact(&it.attributes, "verdict").as_deref() == Some("admitted")
            && fact(&it.attributes, "transport").as_deref() == Some("http_post")
    });
    assert!(matches!(admitted.unwrap().value, Some(Number::AsInt(1..))) && requests.is_monotonic);
    let Some(Data::Histogram(own)) = &one("portcullis_own_duration_seconds").data else {
        unreachable!()
    };
    let point = &own.data_points[0];
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    assert_eq!(point.count, point.bucket_counts.iter().sum::<u64>());
    assert!(point.count >= 1 && point.sum.unwrap() > 0.0);
    assert!(metrics.iter().any(|it| it.name == "portcullis_build_info"));
}

/// Nobody waits for it, and everything is counted.
#[test]
fn a_dead_collector_costs_spans_and_no_request() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("bind");
    let away = Upstream::nowhere();
    for at in [away.address(), silent.local_addr().expect("an address")] {
        let before = (COUNTERS.spans_dropped.value(), COUNTERS.otlp_failures.value());
        let upstream = Upstream::answering(ANSWER);
        let proxy = Proxy::with(POLICY, SCHEMA, upstream.address(), |config| {
            let url = UpstreamUrl::parse(&format!("http://{at}/")).expect("a URL");
            config.collector = Some(Collector::new(url));
        });
        for _ in 0..200 {
            assert_eq!(post(proxy.address(), "", ONE).status(), 200);
        }
        let begun = Instant::now();
        assert_eq!(proxy.stop(), 0);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(upstream.take().len(), 200);
        assert!(COUNTERS.spans_dropped.value() - before.0 >= 400, "{at}");
        assert!(COUNTERS.otlp_failures.value() > before.1, "{at}");
    }
}

/// Answers 404 to metrics and takes everything else, until somebody connects and says nothing.
fn taker_of_traces(listener: TcpListener, told: &Sender<Message>) {
    for stream in listener.incoming() {
        let mut stream = stream.expect("accept");
        let message = read_message(&mut BufReader::new(&stream)).expect("a message");
        let Some(message) = message else { return };
        let is_wanted = !message.first.contains("/v1/metrics");
        let status = if is_wanted { "200 OK" } else { "404 Not Found" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).expect("write");
        told.send(message).expect("somebody listens");
    }
}

#[test]
fn a_collector_that_wants_no_metrics_gets_its_spans() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("an address");
    let (told, heard) = channel();
    let collector = thread::spawn(move || taker_of_traces(listener, &told));
    let upstream = Upstream::answering(ANSWER);
    let proxy = Proxy::with(POLICY, SCHEMA, upstream.address(), |config| {
        let url = UpstreamUrl::parse(&format!("http://{address}/base/")).expect("a URL");
        let mut wanted = Collector::new(url);
        wanted.metrics_every = Duration::ZERO;
        config.collector = Some(wanted);
    });
    assert!(heard.recv().expect("metrics").first.contains("/v1/metrics"));
    assert_eq!(post(proxy.address(), "", ONE).status(), 200);
    assert_eq!(proxy.stop(), 0);
    drop(TcpStream::connect(address).expect("connect"));
    collector.join().expect("it ends");
    assert_eq!(spans(&heard.iter().collect::<Vec<_>>()).len(), 2);
}

#[test]
fn variables_of_the_environment_are_read() {
    let run = |name: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["serve", "--policy", "none.yaml", "--upstream", "http://localhost/"]);
        let output = command.env(name, value).output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let wrong = run("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318");
    assert!(wrong.contains("`OTEL_EXPORTER_OTLP_ENDPOINT`"), "{wrong}");
}
