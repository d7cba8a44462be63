//! Messages as they are read, of a client and of the upstream.
//!
//! A message has one reading or none. Which message may come when is for whoever holds the session.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    json::{Kind, Tree, Value},
    policy::UnknownKeys,
    websocket::{Close, Dialect},
};

/// What a client says.
#[derive(Clone, Debug)]
pub enum FromClient<'t> {
    /// It wants no more of an operation.
    Complete {
        /// The client's own name for the operation.
        id: Cow<'t, str>,
    },
    /// It begins.
    ConnectionInit {
        /// What it says of itself.
        payload: Option<Value<'t>>,
    },
    /// It asks whether we are there.
    Ping,
    /// It is there.
    Pong,
    /// It wants an operation.
    Subscribe {
        /// The client's own name for the operation.
        id: Cow<'t, str>,
        /// A request of GraphQL over HTTP.
        payload: Value<'t>,
    },
}

/// What the upstream says. Operations have numbers, since the names that it knows are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromUpstream<'t> {
    /// It accepts the connection.
    ConnectionAck,
    /// An operation has ended.
    Complete(u64),
    /// An operation has failed.
    Error(u64, &'t str),
    /// The same in `graphql-ws`, whose error is no list.
    OneError(u64, &'t str),
    /// An answer to an operation.
    Next(u64, &'t str),
    /// It asks whether we are there.
    Ping,
    /// It is there.
    Pong,
}

/// The members of a message that the protocol names.
#[derive(Default)]
struct Members<'t> {
    kind: Option<Cow<'t, str>>,
    id: Option<Cow<'t, str>>,
    payload: Option<Value<'t>>,
}

/// Reads a client's message.
///
/// # Errors
/// [`Close::BadMessage`] when it is none of the protocol.
pub fn read_client<'t>(tree: &'t Tree<'t>, keys: UnknownKeys) -> Result<FromClient<'t>, Close> {
    let Members { kind, id, payload } = members(tree.root(), keys).ok_or(Close::BadMessage)?;
    let id = id.filter(|it| (1..=MAX_ID).contains(&it.len()));
    match (kind.as_deref(), id, payload) {
        (Some("complete"), Some(id), None) => Ok(FromClient::Complete { id }),
        (Some("connection_init"), None, payload) => Ok(FromClient::ConnectionInit { payload }),
        (Some("ping"), None, _) => Ok(FromClient::Ping),
        (Some("pong"), None, _) => Ok(FromClient::Pong),
        (Some("subscribe"), Some(id), Some(payload)) => Ok(FromClient::Subscribe { id, payload }),
        _ => Err(Close::BadMessage),
    }
}

/// A message of the upstream. What is in its payload is for whoever reads answers: a string may
/// have half of a character in it, as JavaScript writes it, and is JSON all the same.
#[derive(Deserialize)]
struct Said<'t> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'t, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    payload: Option<&'t RawValue>,
}

/// Reads a message of the upstream; nothing when it is none of the protocol.
#[must_use]
pub fn read_upstream(message: &[u8], dialect: Dialect) -> Option<FromUpstream<'_>> {
    let Said { kind, id, payload } = serde_json::from_slice(message).ok()?;
    let n = id.and_then(|it| it.parse().ok());
    let payload = payload.map(RawValue::get);
    let begins = |with| payload.filter(|it| it.starts_with(with));
    let (list, object) = (begins('['), begins('{'));
    match (translated(&kind, dialect)?, n) {
        ("complete", Some(n)) => Some(FromUpstream::Complete(n)),
        ("connection_ack", _) => Some(FromUpstream::ConnectionAck),
        ("error", Some(n)) => match (list, object, dialect) {
            (Some(errors), ..) => Some(FromUpstream::Error(n, errors)),
            (None, Some(error), Dialect::GraphqlWs) => Some(FromUpstream::OneError(n, error)),
            (None, ..) => None,
        },
        ("next", Some(n)) => Some(FromUpstream::Next(n, object?)),
        ("ping", _) => Some(FromUpstream::Ping),
        ("pong", _) => Some(FromUpstream::Pong),
        _ => None,
    }
}

/// A kind of message of the upstream, as the newer protocol calls it.
fn translated(kind: &str, dialect: Dialect) -> Option<&str> {
    match (dialect, kind) {
        (Dialect::TransportWs, _) => Some(kind),
        (Dialect::GraphqlWs, "complete" | "connection_ack" | "error") => Some(kind),
        (Dialect::GraphqlWs, "data") => Some("next"),
        // It says that it is there, now and then and without being asked.
        (Dialect::GraphqlWs, "ka") => Some("pong"),
        (Dialect::GraphqlWs, _) => None,
    }
}

fn members(message: Value<'_>, keys: UnknownKeys) -> Option<Members<'_>> {
    let mut members = Members::default();
    if message.kind() != Kind::Object {
        return None;
    }
    // Budget: the message; no key is there twice, or it would not have been read.
    for member in message.children() {
        match &*member.key()? {
            "id" => members.id = Some(member.string()?),
            "payload" => members.payload = Some(member),
            "type" => members.kind = Some(member.string()?),
            _ => match keys {
                UnknownKeys::Drop => {}
                UnknownKeys::Reject => return None,
            },
        }
    }
    Some(members)
}

/// 128 bytes: three times a UUID, with room for a prefix.
const MAX_ID: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, Close>) {
        let tree = json::read(text.as_bytes(), json::Limits::default()).unwrap();
        let got = read_client(&tree, UnknownKeys::Reject).map(|it| match it {
            FromClient::Complete { id } => format!("complete {id}"),
            FromClient::ConnectionInit { payload } => {
                format!("init {}", payload.map_or("-", Value::text))
            }
            FromClient::Ping => "ping".to_owned(),
            FromClient::Pong => "pong".to_owned(),
            FromClient::Subscribe { id, payload } => format!("subscribe {id} {}", payload.text()),
        });
        assert_eq!(got.as_deref(), expect.as_ref().copied(), "{text}");
    }

    #[test]
    fn messages_of_clients() {
        check(r#"{"type":"connection_init"}"#, Ok("init -"));
        check(r#"{"payload":{"a":1},"type":"connection_init"}"#, Ok(r#"init {"a":1}"#));
        check(r#"{"type":"ping"}"#, Ok("ping"));
        check(r#"{"type":"ping","payload":{"a":1}}"#, Ok("ping"));
        check(r#"{"type":"pong"}"#, Ok("pong"));
        check(r#"{"id":"1","type":"complete"}"#, Ok("complete 1"));
        check(r#"{"id":"\u0031","type":"subscribe","payload":[]}"#, Ok("subscribe 1 []"));
        let long = |n: usize| format!(r#"{{"id":"{}","type":"complete"}}"#, "i".repeat(n));
        check(&long(128), Ok(&format!("complete {}", "i".repeat(128))));
        check(&long(129), Err(Close::BadMessage));
    }

    #[test]
    fn everything_else_is_none() {
        for it in [
            "[]",
            "1",
            "{}",
            r#"[{"type":"ping"}]"#,
            r#"{"type":"start","id":"1","payload":{}}"#,
            r#"{"type":"next","id":"1","payload":{}}"#,
            r#"{"type":"connection_ack"}"#,
            r#"{"type":1}"#,
            r#"{"type":"Ping"}"#,
            r#"{"type":"ping","x":1}"#,
            r#"{"type":"ping","id":"1"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":1,"payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":null,"payload":{}}"#,
            r#"{"type":"complete","id":"1","payload":{}}"#,
            r#"{"type":"connection_init","id":"1"}"#,
        ] {
            check(it, Err(Close::BadMessage));
        }
    }

    #[track_caller]
    fn check_upstream(text: &str, expect: Option<FromUpstream<'_>>) {
        assert_eq!(read_upstream(text.as_bytes(), Dialect::TransportWs), expect, "{text}");
    }

    #[test]
    fn messages_of_an_old_upstream() {
        let check = |text: &str, expect: Option<FromUpstream<'_>>| {
            assert_eq!(read_upstream(text.as_bytes(), Dialect::GraphqlWs), expect, "{text}");
        };
        let data = r#"{"id":"7","type":"data","payload":{"data": 1.0}}"#;
        check(data, Some(FromUpstream::Next(7, r#"{"data": 1.0}"#)));
        let error = r#"{"id":"7","type":"error","payload":{"message":"m"}}"#;
        check(error, Some(FromUpstream::OneError(7, r#"{"message":"m"}"#)));
        check(r#"{"id":"7","type":"error","payload":[]}"#, Some(FromUpstream::Error(7, "[]")));
        check(r#"{"type":"complete","id":"7"}"#, Some(FromUpstream::Complete(7)));
        check(r#"{"type":"connection_ack"}"#, Some(FromUpstream::ConnectionAck));
        check(r#"{"type":"ka"}"#, Some(FromUpstream::Pong));
        check(r#"{"id":"7","type":"next","payload":{}}"#, None);
        check(r#"{"type":"connection_error","payload":{}}"#, None);
    }

    #[test]
    fn messages_of_the_upstream() {
        let next = r#"{"id":"7","type":"next","payload":{"data": 1.0}}"#;
        check_upstream(next, Some(FromUpstream::Next(7, r#"{"data": 1.0}"#)));
        // Half of a character, as JavaScript writes a text that was cut there, and a key twice.
        let odd = r#"{"id":"7","type":"next","payload":{"data":{"a":"\ud83d","a":1}}}"#;
        let its = r#"{"data":{"a":"\ud83d","a":1}}"#;
        check_upstream(odd, Some(FromUpstream::Next(7, its)));
        let error = r#"{"type":"error","payload":[{"message":"m"}],"id":"7","x":1}"#;
        check_upstream(error, Some(FromUpstream::Error(7, r#"[{"message":"m"}]"#)));
        check_upstream(r#"{"type":"complete","id":"7"}"#, Some(FromUpstream::Complete(7)));
        let ack = r#"{"type":"connection_ack","payload":{}}"#;
        check_upstream(ack, Some(FromUpstream::ConnectionAck));
        check_upstream(r#"{"type":"ping"}"#, Some(FromUpstream::Ping));
        for it in [
            "[]",
            r#"{"type":"next","id":"a","payload":{}}"#,
            r#"{"type":"next","id":"1","payload":[]}"#,
            r#"{"type":"error","id":"1","payload":{}}"#,
            r#"{"type":"next","id":"1"}"#,
            r#"{"type":"next","id":"1","payload":{"a":}}"#,
            r#"{"type":"next","id":"1","payload":{},"payload":{}}"#,
            r#"{"type":"next","id":"1","payload":{}} {}"#,
            r#"{"type":"data","id":"1","payload":{}}"#,
        ] {
            check_upstream(it, None);
        }
    }
}
