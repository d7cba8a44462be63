//! The answer to a query or a mutation that came as events or parts: the answers in it, once it has
//! ended or broken off. What was not complete by then says nothing.
//!
//! Judges nothing: that is done while they pass.

use http::{HeaderMap, header::CONTENT_TYPE};

use crate::{
    json::{self, Kind},
    response,
};

/// How an answer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parted {
    /// As server-sent events.
    Events,
    /// As messages of a socket, with [`MESSAGE`] before each.
    Messages,
    /// As parts, with this line between them.
    Parts(Box<str>),
}

impl Parted {
    /// By the head of the answer.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let media = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        match response::boundary(media) {
            Some(boundary) => Self::Parts(format!("\n--{boundary}").into()),
            None => Self::Events,
        }
    }

    /// The answers in what came.
    pub(super) fn answers(&self, came: &[u8]) -> Vec<Vec<u8>> {
        // Whoever let it pass has found it to be UTF-8; what is not is no answer.
        let text = std::str::from_utf8(came).unwrap_or_default();
        match self {
            Self::Events => response::answers_in_events(text),
            Self::Messages => messages(text),
            Self::Parts(boundary) => parts(text, boundary),
        }
    }
}

/// Whether an answer is all that comes, by its own word.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    let Ok(tree) = json::read(answer, LIMITS) else { return false };
    let has_next = tree.root().member("hasNext").map(|it| it.kind());
    let is_last = has_next.is_none_or(|it| it == Kind::Boolean(false));
    is_last && ["incremental", "path", "pending"].iter().all(|it| tree.root().member(it).is_none())
}

/// What no JSON text holds stands before each.
fn messages(text: &str) -> Vec<Vec<u8>> {
    text.split('\u{1e}').skip(1).map(|it| it.as_bytes().to_vec()).collect()
}

/// RFC 2046 §5.1.1: a part ends where the next boundary stands.
fn parts(text: &str, boundary: &str) -> Vec<Vec<u8>> {
    let text = format!("\n{text}");
    let mut between: Vec<_> = text.split(boundary).skip(1).collect();
    // Behind the last boundary is the end, or a part that is not complete.
    between.pop();
    let bodies = between.into_iter().filter_map(|it| response::body_of_part(it.as_bytes()));
    bodies.filter(|it| !it.is_empty()).map(<[u8]>::to_vec).collect()
}

/// RFC 7464 §2.2: what JSON texts in a row begin with.
pub(super) const MESSAGE: &[u8] = b"\x1e";
/// Answers nest deeper than requests do; their size is bounded by who keeps them.
const LIMITS: json::Limits = json::Limits { depth: 1000, values: 1_000_000, lists: None };

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[track_caller]
    fn check(media: &'static str, came: &str, expect: &[&str]) {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media))]);
        let answers = Parted::of(&headers).answers(came.as_bytes());
        let answers: Vec<_> =
            answers.into_iter().map(|it| String::from_utf8(it).unwrap()).collect();
        assert_eq!(answers, expect, "{came}");
    }

    #[test]
    fn events_that_are_complete() {
        let check = |came: &str, expect: &[&str]| check("text/event-stream", came, expect);
        check("event: next\ndata: {}\n\nevent: complete\ndata: \n\n", &["{}"]);
        check(":\n\ndata: {\ndata: }\r\n\r\n", &["{\n}"]);
        check("event: next\r\rdata:1\r\rdata: 2\r", &["1"]);
        check("event: ping\ndata: {}\n\n", &[]);
        check("event: next\ndata: {}\n", &[]);
        check("", &[]);
    }

    #[test]
    fn parts_that_are_complete() {
        let check = |came: &str, expect: &[&str]| {
            check("multipart/mixed; boundary=\"x\"", came, expect);
        };
        let part = |it: &str| format!("--x\r\ncontent-type: application/json\r\n\r\n{it}\r\n");
        check(&format!("{}{}--x--", part("1"), part("{\"a\":\"--x\"}")), &["1", "{\"a\":\"--x\"}"]);
        check(&format!("{}{}", part("1"), part("2")), &["1"]);
        check(&format!("{}--x", part("")), &[]);
        check("", &[]);
    }

    #[test]
    fn a_boundary_in_quotes_has_any_character() {
        let part = "--a;b\r\ncontent-type: application/json\r\n\r\n1\r\n";
        check("multipart/mixed; boundary=\"a;b\"", &format!("{part}--a;b--"), &["1"]);
    }

    #[test]
    fn messages_of_a_socket() {
        let check = |came: &str, expect: &[&str]| {
            let answers = Parted::Messages.answers(came.as_bytes());
            assert_eq!(
                answers,
                expect.iter().map(|it| it.as_bytes()).collect::<Vec<_>>(),
                "{came}"
            );
        };
        check("\u{1e}{\n}\u{1e}1", &["{\n}", "1"]);
        check("", &[]);
    }

    #[test]
    fn answers_that_say_that_more_comes_are_not_whole() {
        for it in [r#"{"data":{}}"#, r#"{"data":{},"hasNext":false}"#] {
            assert!(is_whole(it.as_bytes()), "{it}");
        }
        for it in [
            r#"{"data":{},"hasNext":true}"#,
            r#"{"data":{},"pending":[]}"#,
            r#"{"incremental":[],"hasNext":false}"#,
            r#"{"data":{},"path":[]}"#,
            "x",
        ] {
            assert!(!is_whole(it.as_bytes()), "{it}");
        }
    }
}
