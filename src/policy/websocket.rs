//! `http.websocket`: whether operations may come over WebSocket, and within which bounds.
//!
//! Does not speak the protocol; `websocket` does, and `server` holds the bounds.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use serde_json::{Value, json};

use crate::{
    diagnostic::Diagnostics,
    policy::rates::{self, Pace},
    schema::OperationKind,
    yaml::{
        Fields, Node, scalar,
        scalar::{write_bytes, write_duration},
        shape,
    },
};

/// What may come over WebSocket. Without it, WebSocket is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocket {
    /// The kinds of operation; subscriptions.
    pub operations: Vec<OperationKind>,
    /// From the handshake to `connection_init`; 3 s.
    pub init_timeout: Duration,
    /// Operations of one socket at a time; 10.
    pub max_operations: NonZeroU32,
    /// Operations that one socket may begin, a burst of as many counted; no limit.
    pub rate: Option<Pace>,
    /// Answers to one operation, after which it ends; no limit.
    pub max_events: Option<NonZeroU32>,
    /// Bytes of one message of a client; 64 KiB.
    pub message: u64,
    /// How long a socket may be open; 1 h.
    pub lifetime: Duration,
    /// What of `connection_init` goes on beside `authorization`; nothing.
    pub forward_init: Vec<Box<str>>,
}

impl Default for WebSocket {
    fn default() -> Self {
        Self {
            operations: vec![OperationKind::Subscription],
            init_timeout: INIT_TIMEOUT,
            max_operations: MAX_OPERATIONS,
            rate: None,
            max_events: None,
            message: MESSAGE,
            lifetime: LIFETIME,
            forward_init: Vec::new(),
        }
    }
}

/// Reads the block; what is not written or wrong has its default.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> WebSocket {
    let mut socket = WebSocket::default();
    let mut fields = Fields::of(node, "http.websocket", found);
    if let Some(node) = fields.take("operations", found) {
        let words = shape::words(node, &KINDS.map(OperationKind::keyword), found);
        let kinds = KINDS.into_iter().filter(|it| words.contains(&it.keyword()));
        socket.operations = kinds.collect();
    }
    let timeout = fields.take("init_timeout", found);
    if let Some(it) = timeout.and_then(|it| scalar::duration(it, INIT_TIMEOUTS, found)) {
        socket.init_timeout = it;
    }
    let most = fields.take("max_operations", found);
    let most = most.and_then(|it| scalar::number(it, 1..=MOST_OPERATIONS, found));
    if let Some(it) = most.and_then(|it| NonZeroU32::new(u32::try_from(it).ok()?)) {
        socket.max_operations = it;
    }
    let rate = fields.take("rate", found).filter(|it| it.as_text() != Some("off"));
    socket.rate = rate.and_then(|it| rates::pace(it, found));
    let events = fields.take("max_events", found).filter(|it| it.as_text() != Some("off"));
    let events = events.and_then(|it| scalar::number(it, 1..=MOST_EVENTS, found));
    socket.max_events = events.and_then(|it| NonZeroU32::new(u32::try_from(it).ok()?));
    let message = fields.take("message", found);
    if let Some(it) = message.and_then(|it| scalar::bytes(it, MESSAGES, found)) {
        socket.message = it;
    }
    let lifetime = fields.take("lifetime", found);
    if let Some(it) = lifetime.and_then(|it| scalar::duration(it, LIFETIMES, found)) {
        socket.lifetime = it;
    }
    socket.forward_init =
        fields.take("forward_init", found).map(|it| members(it, found)).unwrap_or_default();
    fields.finish(found);
    socket
}

fn members(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let mut names = Vec::new();
    for (name, node) in shape::placed_names(node, found) {
        if name.eq_ignore_ascii_case("authorization") {
            let message = "`http.forward_headers` says whether `authorization` goes on";
            found.push(node.error("contradiction", message));
        } else {
            names.push(name.into());
        }
    }
    names
}

/// The JSON Schema of the block.
pub(super) fn json_schema(duration: &str, bytes: &str) -> Value {
    let text = |description: &str, pattern: &str, default: String| json!({ "description": description, "type": "string", "pattern": pattern, "default": default });
    let in_words = |it: Duration| write_duration(&u64::try_from(it.as_millis()).unwrap_or(0));
    json!({
        "description": "Operations over WebSocket (graphql-transport-ws); refused without this block.",
        "type": "object",
        "properties": {
            "operations": {
                "description": "The kinds of operation.",
                "type": "array", "minItems": 1, "uniqueItems": true, "default": ["subscription"],
                "items": { "enum": KINDS.map(OperationKind::keyword) },
            },
            "init_timeout":
                text("From the handshake to `connection_init`.", duration, in_words(INIT_TIMEOUT)),
            "max_operations": {
                "description": "Operations of one socket at a time.",
                "type": "integer", "minimum": 1, "maximum": MOST_OPERATIONS, "default": MAX_OPERATIONS,
            },
            "rate": {
                "description": "Operations that one socket may begin, such as `20/s`.",
                "oneOf": [{ "const": "off" }, { "type": "string", "pattern": rates::PACE }],
                "default": "off",
            },
            "max_events": {
                "description": "Answers to one operation, after which it ends.",
                "oneOf": [
                    { "const": "off" }, { "type": "integer", "minimum": 1, "maximum": MOST_EVENTS },
                ],
                "default": "off",
            },
            "message": text("Size of a client's message.", bytes, write_bytes(&MESSAGE)),
            "lifetime": text("How long a socket may be open.", duration, in_words(LIFETIME)),
            "forward_init": {
                "description": "Members of the payload of `connection_init` that go on, beside `authorization`, of which `http.forward_headers` decides.",
                "type": "array", "uniqueItems": true,
                "items": { "type": "string", "minLength": 1 }, "default": [],
            },
        },
        "required": [],
        "additionalProperties": false,
    })
}

const KINDS: [OperationKind; 3] =
    [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
/// 3 s, as the reference server: a lost packet is sent again within it.
const INIT_TIMEOUT: Duration = Duration::from_secs(3);
const INIT_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_mins(1);
/// 10: a page with more live parts than that is rare.
const MAX_OPERATIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const MOST_OPERATIONS: u64 = 1000;
/// A billion: a number for whoever must write one.
const MOST_EVENTS: u64 = 1_000_000_000;
/// 64 KiB: twice the default document.
const MESSAGE: u64 = 64 * 1024;
/// Up to `limits.body` at its most.
const MESSAGES: RangeInclusive<u64> = 1..=16 * 1024 * 1024;
/// 1 h: the usual lifetime of a token; clients connect again by themselves.
const LIFETIME: Duration = Duration::from_hours(1);
const LIFETIMES: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(168);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, yaml};

    #[track_caller]
    fn check(text: &str, expect: &[&str]) -> WebSocket {
        let (node, _) = yaml::read(&Arc::new(Source { name: "t".into(), text: text.into() }));
        let mut found = Diagnostics::default();
        let socket = read(&node.unwrap(), &mut found);
        let found: Vec<_> = found.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
        assert_eq!(found, expect);
        socket
    }

    #[test]
    fn tokens_go_on_as_a_header_does() {
        let told = "contradiction: `http.forward_headers` says whether `authorization` goes on";
        let got = check("{forward_init: [Authorization, a]}", &[told]);
        assert_eq!(got.forward_init, [Box::from("a")]);
    }

    #[test]
    fn defaults_and_all_keys() {
        assert_eq!(check("{}", &[]), WebSocket::default());
        let got = check(
            "{operations: [subscription, query], init_timeout: 1s, max_operations: 1000,
              rate: 20/s, max_events: 1000, message: 1KiB, lifetime: 7d, forward_init: [tenant, a.b]}",
            &[],
        );
        let expect = WebSocket {
            operations: vec![OperationKind::Query, OperationKind::Subscription],
            init_timeout: Duration::from_secs(1),
            max_operations: 1000.try_into().unwrap(),
            rate: Some(Pace { n: 20.try_into().unwrap(), per: Duration::from_secs(1) }),
            max_events: Some(1000.try_into().unwrap()),
            message: 1024,
            lifetime: Duration::from_hours(168),
            forward_init: vec!["tenant".into(), "a.b".into()],
        };
        assert_eq!(got, expect);
    }

    #[test]
    fn bounds_have_both_ends() {
        check("{max_operations: 1}", &[]);
        check("{max_operations: 0}", &["out-of-range: `0` is too small: the least is 1"]);
        check("{max_operations: 1001}", &["out-of-range: `1001` is too large: the most is 1000"]);
        assert_eq!(check("{rate: off, max_events: off}", &[]), WebSocket::default());
        check("{max_events: 0}", &["out-of-range: `0` is too small: the least is 1"]);
        check("{rate: 0/s}", &["not-a-rate: expected a rate such as `20/s`, found `0/s`"]);
        check("{init_timeout: 60s}", &[]);
        check("{init_timeout: 61s}", &["out-of-range: `61s` is too large: the most is 1min"]);
        check("{message: 17MiB}", &["out-of-range: `17MiB` is too large: the most is 16MiB"]);
        check("{operations: []}", &["empty-list: the list is empty"]);
    }
}
