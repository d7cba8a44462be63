//! Messages as they are written: ids escaped anew, payloads as they were judged.

use crate::{json::push_escaped, websocket::Dialect};

/// The first message to the upstream; `payload` is an object.
#[must_use]
pub fn connection_init(payload: Option<&str>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"connection_init","payload":{payload}}}"#),
        None => r#"{"type":"connection_init"}"#.to_owned(),
    }
}

/// The answer to `connection_init`.
#[must_use]
pub fn connection_ack() -> String {
    r#"{"type":"connection_ack"}"#.to_owned()
}

/// The answer to a ping.
#[must_use]
pub fn pong() -> String {
    r#"{"type":"pong"}"#.to_owned()
}

/// An operation for the upstream; `payload` is a canonical request.
#[must_use]
pub fn subscribe(dialect: Dialect, n: u64, payload: &str) -> String {
    let kind = match dialect {
        Dialect::GraphqlWs => "start",
        Dialect::TransportWs => "subscribe",
    };
    format!(r#"{{"id":"{n}","type":"{kind}","payload":{payload}}}"#)
}

/// The upstream's operation is not wanted any more.
#[must_use]
pub fn stop(dialect: Dialect, n: u64) -> String {
    let kind = match dialect {
        Dialect::GraphqlWs => "stop",
        Dialect::TransportWs => "complete",
    };
    with_id(&n.to_string(), kind, None)
}

/// An answer; `payload` is an object.
#[must_use]
pub fn next(id: &str, payload: &str) -> String {
    with_id(id, "next", Some(payload))
}

/// A failed operation; `payload` is an array of errors.
#[must_use]
pub fn error(id: &str, payload: &str) -> String {
    with_id(id, "error", Some(payload))
}

/// The end of an operation.
#[must_use]
pub fn complete(id: &str) -> String {
    with_id(id, "complete", None)
}

fn with_id(id: &str, kind: &'static str, payload: Option<&str>) -> String {
    let n_bytes = id.len().saturating_add(payload.map_or(0, str::len)).saturating_add(64);
    let mut out = String::with_capacity(n_bytes);
    out.push_str(r#"{"id":"#);
    push_escaped(&mut out, id);
    out.push_str(r#","type":""#);
    out.push_str(kind);
    out.push('"');
    if let Some(payload) = payload {
        out.push_str(r#","payload":"#);
        out.push_str(payload);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_escaped_and_payloads_are_not() {
        assert_eq!(
            next("a\"\n", r#"{"data": 1.0}"#),
            r#"{"id":"a\"\n","type":"next","payload":{"data": 1.0}}"#
        );
        assert_eq!(complete("1"), r#"{"id":"1","type":"complete"}"#);
        assert_eq!(error("1", "[]"), r#"{"id":"1","type":"error","payload":[]}"#);
        let (new, old) = (Dialect::TransportWs, Dialect::GraphqlWs);
        assert_eq!(subscribe(new, 7, "{}"), r#"{"id":"7","type":"subscribe","payload":{}}"#);
        assert_eq!(subscribe(old, 7, "{}"), r#"{"id":"7","type":"start","payload":{}}"#);
        assert_eq!(stop(new, 7), r#"{"id":"7","type":"complete"}"#);
        assert_eq!(stop(old, 7), r#"{"id":"7","type":"stop"}"#);
    }
}
