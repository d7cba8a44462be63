//! The cost of answers on their way through the proxy: counted, told, or left alone.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io,
    net::TcpStream,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use support::{
    bench::{POST, exchange, status},
    proxy::Proxy,
    upstream::Upstream,
};
use tracing_subscriber::fmt;

const SCHEMA: &str = "type Query { items(first: Int): [Item] } type Item { id: ID }";
const THREE: &str = r#"{ "data":{"items":[{"id":1.0},{"id":2},{"id":3}]} }"#;

/// A proxy whose list of items goes by a name of its own, so that its events are known by it.
struct Bench {
    proxy: Option<Proxy>,
    field: &'static str,
}

impl Bench {
    fn start(upstream: &Upstream, field: &'static str, answers: &str) -> Self {
        LazyLock::force(&LOG);
        let policy = format!(
            "version: 1\nname: test\nschema: {{ file: test.graphql }}\nhttp: {{ batch: 2 }}\n\
             cost: {{ max: 50, lists: {{ Query.{field}: {{ slicing: [first] }} }}{answers} }}\n"
        );
        let schema = SCHEMA.replace("items", field);
        let proxy = Some(Proxy::with(&policy, &schema, upstream.address(), |_config| {}));
        Self { proxy, field }
    }

    fn query(&self, first: u32) -> String {
        let Self { field, .. } = self;
        format!(r#"{{"query":"{{ items: {field}(first: {first}) {{ id }} }}"}}"#)
    }

    fn post(&self, body: &str) -> String {
        let stream = TcpStream::connect(self.proxy.as_ref().unwrap().address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        exchange(&mut { stream }, &format!("{POST}Connection: close\r\n"), body)
    }

    /// Bound and length of the events, once all answers are through.
    fn events(mut self) -> Vec<(Value, Value)> {
        assert_eq!(self.proxy.take().unwrap().stop(), 0);
        let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(log.clone()).unwrap();
        let events = text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
        let at = json!(format!("Query.{}", self.field));
        let mine = events.filter(|it| it["event"] == "above-static" && it["at"] == at);
        mine.map(|it| (it["bound"].clone(), it["length"].clone())).collect()
    }
}

/// What this process logs.
static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(|| {
    fmt().json().flatten_event(true).with_writer(|| Log).init();
    Mutex::default()
});

struct Log;

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_list_above_its_bound_is_an_event_and_passes_as_it_is() {
    let upstream = Upstream::answering(THREE);
    let bench = Bench::start(&upstream, "over", ", answers: { count_one_in: 1 }");
    for first in [3, 2, 1] {
        assert!(bench.post(&bench.query(first)).ends_with(&format!("\r\n\r\n{THREE}")));
    }
    assert_eq!(bench.events(), [(json!(2), json!(3)), (json!(1), json!(3))]);
}

#[test]
fn parts_of_a_batch_are_counted_by_their_own_bounds() {
    let upstream = Upstream::answering(THREE);
    let bench = Bench::start(&upstream, "batched", ", answers: { count_one_in: 1 }");
    let batch = format!("[{},{}]", bench.query(3), bench.query(2));
    assert!(bench.post(&batch).ends_with(&format!("[{THREE},{THREE}]")));
    assert_eq!(bench.events(), [(json!(2), json!(3))]);
}

#[test]
fn answers_are_counted_one_in_so_many() {
    let upstream = Upstream::answering(THREE);
    let bench = Bench::start(&upstream, "sampled", ", answers: { count_one_in: 2 }");
    for _ in 0..3 {
        bench.post(&bench.query(2));
    }
    assert_eq!(bench.events().len(), 2);
}

#[test]
fn nothing_is_counted_unless_asked_for() {
    let upstream = Upstream::answering(THREE);
    let bench = Bench::start(&upstream, "silent", "");
    assert!(bench.post(&bench.query(2)).ends_with(THREE));
    assert_eq!(bench.events(), []);
}

#[test]
fn the_client_is_told_the_cost() {
    let upstream = Upstream::answering(THREE);
    let bench =
        Bench::start(&upstream, "told", ", answers: { in_extensions: true, count_one_in: 1 }");
    let told = |first: u32| {
        let cost = format!(
            r#","extensions":{{"cost":{{"type":{first},"field":1,"combined":{},"limit":50}}}}}}"#,
            first + 1
        );
        format!("{}{cost}", THREE.strip_suffix('}').unwrap())
    };
    let answer = bench.post(&bench.query(2));
    assert!(answer.ends_with(&format!("\r\n\r\n{}", told(2))), "{answer}");
    assert!(answer.contains("x-request-id: ") && answer.contains("x-up: 1"), "{answer}");
    let batch = bench.post(&format!("[{},{}]", bench.query(4), bench.query(3)));
    assert!(batch.ends_with(&format!("\r\n\r\n[{},{}]", told(4), told(3))), "{batch}");
    assert_eq!(bench.events(), [(json!(2), json!(3))]);
}

/// What an upstream answers, and whether a client is told the cost in it.
const RAW: [(&str, bool); 5] = [
    (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 10\r\n\r\n{\"data\":1}",
        true,
    ),
    ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"data\":1}", false),
    (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n{\"data\":1}",
        false,
    ),
    ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":1}", true),
    (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"data\":1 ",
        false,
    ),
];

#[test]
fn what_cannot_be_told_passes_untouched() {
    for (raw, is_told) in RAW {
        let upstream = Upstream::raw(Some(raw));
        let bench = Bench::start(&upstream, "untouched", ", answers: { in_extensions: true }");
        let answer = bench.post(&bench.query(2));
        assert_eq!(status(&answer), "200", "{raw}");
        assert_eq!(answer.contains("\"cost\""), is_told, "{raw}\n{answer}");
        let body = raw.split_once("\r\n\r\n").unwrap().1;
        assert!(is_told || answer.contains(body), "{answer}");
    }
}

#[test]
fn an_answer_that_breaks_off_before_it_was_told_is_a_fault() {
    let raw = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"data\":1}";
    let upstream = Upstream::raw(Some(raw));
    let bench = Bench::start(&upstream, "broken", ", answers: { in_extensions: true }");
    let answer = bench.post(&bench.query(2));
    assert_eq!(status(&answer), "502", "{answer}");
    assert!(answer.contains("UPSTREAM_UNAVAILABLE"), "{answer}");
}
