//! Status and headers of an answer: whether it can be one at all.
//!
//! What calls itself something else than JSON never passes, whatever the policy says: it is the error
//! page of something else, and tells of its insides. What does not say is taken at its bytes. Of its
//! status only what a client can act on is kept.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::{
    policy::ResponseRules,
    response::{Breach, How, MustBe, Wrong},
    transport::{self, JSON, media_type, take_away},
    verdict::{Code, Fault},
};

/// The head of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Head<'h> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'h HeaderMap,
    /// Whether it goes on in a form that the client wants.
    pub is_stream: bool,
}

/// Whether an answer with this head may be read on, and what it has to be.
///
/// # Errors
/// What is wrong with it.
pub fn read_head(head: Head<'_>, rules: &ResponseRules) -> Result<MustBe, Wrong> {
    let Head { status, headers, is_stream } = head;
    let is_plain =
        |it: &HeaderValue| PLAIN.iter().any(|plain| it.as_bytes().eq_ignore_ascii_case(plain));
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(Wrong::Compressed);
    }
    let is_answer = status.is_success() && status != StatusCode::NO_CONTENT;
    if !is_answer && !status.is_client_error() && !status.is_server_error() {
        return Err(Wrong::Status(status.as_u16()));
    }
    if is_stream {
        return if is_answer { Ok(MustBe::Json) } else { Err(Wrong::Status(status.as_u16())) };
    }
    if !is_json(headers) {
        return Err(Wrong::NotJson);
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    if let (Some(length), Some(limit)) = (length, rules.max)
        && length > limit
    {
        return Err(Wrong::TooLarge { limit });
    }
    Ok(if is_answer { MustBe::Json } else { MustBe::Answer })
}

/// What the client is told of an answer that is none, with a status.
#[must_use]
pub fn fault(status: StatusCode, wrong: &Wrong) -> Fault {
    let is_none = match wrong {
        Wrong::Contract(Breach { how, .. }) => matches!(how, How::Envelope | How::Silent),
        Wrong::Incomplete | Wrong::NotAnAnswer | Wrong::NotJson => true,
        Wrong::Compressed
        | Wrong::Status(_)
        | Wrong::TooDeep
        | Wrong::TooLarge { .. }
        | Wrong::TooLargeToHold { .. }
        | Wrong::TooLong { .. } => false,
    };
    let code = match status {
        _ if !is_none => Code::UPSTREAM_ANSWER_INVALID,
        StatusCode::UNAUTHORIZED => Code::UNAUTHENTICATED,
        StatusCode::FORBIDDEN => Code::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS => Code::REQUEST_RATE_LIMITED,
        StatusCode::SERVICE_UNAVAILABLE => Code::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT => Code::GATEWAY_TIMEOUT,
        _ => Code::UPSTREAM_ANSWER_INVALID,
    };
    Fault::Upstream { code, detail: format!("{wrong} (status {})", status.as_u16()).into() }
}

/// Takes out of the headers what the policy says, and lets nobody guess another type.
pub fn clean_head(headers: &mut HeaderMap, rules: &ResponseRules) {
    take_away(headers, &rules.remove_headers);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if rules.rewrites() {
        take_away(headers, &OF_BYTES);
    }
}

/// JSON by its name. A server that does not say is taken at its bytes.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return headers.get(CONTENT_TYPE).is_none();
    };
    if value == JSON {
        return true;
    }
    transport::is_json(media_type(headers))
}

/// No coding at all. The second is no name that is registered; servers of events write it, so that
/// nothing on the way compresses their streams.
const PLAIN: [&[u8]; 2] = [b"identity", b"none"];

/// About bytes that may be others now.
static OF_BYTES: [HeaderName; 6] = [
    ACCEPT_RANGES,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    ETAG,
    HeaderName::from_static("repr-digest"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, headers: &[(&'static str, &str)], expect: Result<MustBe, Wrong>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let head = Head { status, headers: &map, is_stream: false };
        assert_eq!(read_head(head, &ResponseRules::default()), expect, "{status} {headers:?}");
    }

    #[test]
    fn types_of_json() {
        for it in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/graphql-response+json",
            "application/graphql+json",
            "text/json",
        ] {
            check(200, &[("content-type", it)], Ok(MustBe::Json));
        }
        check(200, &[], Ok(MustBe::Json));
        for it in ["text/html", "text/plain", "", "json", "application/jsonp", "text/event-stream"]
        {
            check(200, &[("content-type", it)], Err(Wrong::NotJson));
        }
        let twice = [("content-type", "application/json"), ("content-type", "text/html")];
        check(200, &twice, Err(Wrong::NotJson));
    }

    #[test]
    fn statuses_of_answers() {
        for it in [400, 401, 404, 500, 503] {
            check(it, &[], Ok(MustBe::Answer));
        }
        for it in [204, 301, 302, 304] {
            check(it, &[], Err(Wrong::Status(it)));
        }
    }

    #[test]
    fn compressed_answers_and_large_ones() {
        for it in ["identity", "Identity", "none"] {
            check(200, &[("content-encoding", it)], Ok(MustBe::Json));
        }
        for it in ["gzip", "identity, br", ""] {
            check(200, &[("content-encoding", it)], Err(Wrong::Compressed));
        }
        let limit = 10 * 1024 * 1024;
        check(200, &[("content-length", "10485760")], Ok(MustBe::Json));
        check(200, &[("content-length", "10485761")], Err(Wrong::TooLarge { limit }));
    }

    #[test]
    fn a_status_that_clients_act_on_is_kept() {
        let code = |status: u16, wrong| {
            let status = StatusCode::from_u16(status).unwrap();
            let Fault::Upstream { code, .. } = fault(status, &wrong) else { panic!() };
            code
        };
        assert_eq!(code(401, Wrong::NotJson), Code::UNAUTHENTICATED);
        assert_eq!(code(503, Wrong::NotAnAnswer), Code::SERVICE_UNAVAILABLE);
        assert_eq!(code(500, Wrong::NotJson), Code::UPSTREAM_ANSWER_INVALID);
        assert_eq!(code(401, Wrong::TooDeep), Code::UPSTREAM_ANSWER_INVALID);
        let broken = |how| Wrong::Contract(Breach { at: "a".into(), how });
        for (status, expect) in [
            (200, Code::UPSTREAM_ANSWER_INVALID),
            (401, Code::UNAUTHENTICATED),
            (403, Code::FORBIDDEN),
            (429, Code::REQUEST_RATE_LIMITED),
            (503, Code::SERVICE_UNAVAILABLE),
            (504, Code::GATEWAY_TIMEOUT),
        ] {
            assert_eq!(code(status, broken(How::Envelope)), expect);
            assert_eq!(code(status, broken(How::Silent)), expect);
            assert_eq!(code(status, broken(How::NotAsked)), Code::UPSTREAM_ANSWER_INVALID);
        }
    }
}
