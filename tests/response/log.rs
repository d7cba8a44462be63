//! What clients no longer read stands in the log.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use tracing_subscriber::fmt;

use crate::{
    SCHEMA, ask, policy, post,
    support::proxy::Proxy,
    upstream::{
        Act::{self, Answer},
        Upstream,
    },
};

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

/// The events of a kind that say a word.
fn events(kind: &str, word: &str) -> Vec<Value> {
    let log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&log).into_owned();
    let events = text.lines().filter(|it| it.contains(word));
    let events = events.map(|it| serde_json::from_str::<Value>(it).unwrap());
    events.filter(|it| it["event"] == kind).collect()
}

#[test]
fn the_text_of_a_masked_error_is_logged() {
    LazyLock::force(&LOG);
    const ERROR: &str = r#"{"errors":[{"message":"only for the log","path":["me"]}],"data":null}"#;
    let seen = ask("errors: mask", &[Answer("200 OK", "application/json", ERROR)], "{ me { id } }");
    assert!(seen.is_whole && !seen.body.contains("only for"), "{seen:?}");
    let logged = events("error-masked", "only for the log");
    let id = seen.header("x-request-id").unwrap();
    assert_eq!((logged.len(), logged[0]["request_id"] == id), (1, true), "{logged:?}");
    assert_eq!(logged[0]["error"], r#"{"message":"only for the log","path":["me"]}"#);
}

#[test]
fn a_breach_is_reported_and_the_answer_passes_byte_for_byte() {
    LazyLock::force(&LOG);
    const EXTRA: &str = r#"{ "data": {"me":{"id":1,"reportedOnce":2,"email":3}} }"#;
    let acts = &[Answer("200 OK", "application/json", EXTRA)];
    let seen = ask("contract: report", acts, "{ me { id email } }");
    assert_eq!((seen.status(), &*seen.body, seen.is_whole), ("200", EXTRA, true));
    let logged = events("contract-broken", "reportedOnce");
    assert_eq!((logged.len(), &logged[0]["times"]), (1, &Value::from(2)), "{logged:?}");
}

#[test]
fn an_event_that_is_not_complete_is_logged() {
    LazyLock::force(&LOG);
    const HALF: &[Act] = &[Answer("200 OK", "text/event-stream", "<html>oops</html>")];
    let upstream = Upstream::start(HALF);
    let policy = policy("errors: mask");
    let proxy = Proxy::with(&policy, SCHEMA, upstream.address(), |_config| {});
    let asked = r#"{"query":"subscription { me { id } }"}"#;
    let seen = post(proxy.address(), asked, "text/event-stream");
    assert!(seen.body.contains("UPSTREAM_ANSWER_INVALID"), "{seen:?}");
    let logged = events("answer-cut", seen.header("x-request-id").unwrap());
    assert_eq!(logged.len(), 1, "{logged:?}");
}
