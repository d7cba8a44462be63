//! Media types: which bodies we read, and which of two types an answer has.
//!
//! Strict where a server could read a body in another way, forgiving where clients differ without
//! meaning anything by it.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};

use crate::{
    transport::shown,
    verdict::{Code, Violation, ids},
};

/// The type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `text/event-stream`: GraphQL over SSE.
    EventStream,
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `application/json`
    Json,
}

impl Media {
    /// What the client prefers. JSON when it does not say, as clients from before the
    /// specification expect, and also when it can read neither: an error in a form that it did
    /// not ask for tells more than an empty 406.
    #[must_use]
    pub fn preferred(headers: &HeaderMap) -> Self {
        if let Some(Some(JSON)) = only(headers, &ACCEPT) {
            return Self::Json;
        }
        let (mut events, mut graphql, mut json, mut any) = (None, None, None, None);
        let values = headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
        for range in values.flat_map(|it| it.split(',')) {
            let (name, quality) = quality(range);
            let place = match () {
                () if name.eq_ignore_ascii_case("application/graphql-response+json") => {
                    &mut graphql
                }
                () if name.eq_ignore_ascii_case("application/json") => &mut json,
                () if name.eq_ignore_ascii_case("text/event-stream") => &mut events,
                () if name == "*/*" || name.eq_ignore_ascii_case("application/*") => &mut any,
                () => continue,
            };
            *place = Some(quality).max(*place);
        }
        // Clients that read both name both for every operation: a stream is for those who ask for
        // nothing else, or for a stream first.
        if events > Some(0) && events > graphql.max(json) {
            return Self::EventStream;
        }
        match graphql {
            Some(graphql) if graphql > 0 && graphql >= json.or(any).unwrap_or(0) => {
                Self::GraphqlResponse
            }
            Some(_) | None => Self::Json,
        }
    }

    /// Whether the client takes whatever there is.
    #[must_use]
    pub fn takes_any(headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
        !headers.contains_key(ACCEPT)
            || values.any(|it| it.split(',').any(|it| matches!(quality(it), ("*/*", 1..))))
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::EventStream => "text/event-stream",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    /// The value of `Accept` for the upstream: ours, not the client's.
    #[must_use]
    pub const fn accept(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::EventStream => "text/event-stream",
            Self::GraphqlResponse => "application/graphql-response+json, application/json;q=0.9",
            Self::Json => "application/json",
        })
    }
}

/// Checks that a body is plain UTF-8 JSON by what its headers say.
///
/// # Errors
/// `CONTENT_TYPE_NOT_SUPPORTED`.
pub fn readable(headers: &HeaderMap) -> Result<(), Violation> {
    let unsupported =
        |public| Violation::new(ids::MEDIA_TYPE, Code::CONTENT_TYPE_NOT_SUPPORTED, public);
    match only(headers, &CONTENT_TYPE) {
        Some(Some(value)) if is_json(value) => {}
        wrong => return Err(not_json(wrong.flatten().unwrap_or("none"))),
    }
    match only(headers, &CONTENT_ENCODING) {
        None => Ok(()),
        Some(Some(value)) if value.trim().eq_ignore_ascii_case("identity") => Ok(()),
        Some(_) => Err(unsupported("the body must not be encoded")),
    }
}

fn not_json(said: &str) -> Violation {
    let is_form = said.to_ascii_lowercase().starts_with("multipart/form-data");
    let hint = if is_form { "; files need `http.uploads`" } else { "" };
    let detail = format!("`{}`{hint}", shown(said));
    let (rule, code) = (ids::MEDIA_TYPE, Code::CONTENT_TYPE_NOT_SUPPORTED);
    let public = "the body must be `application/json`, in UTF-8";
    Violation::new(rule, code, public).detailed(detail)
}

/// A header that may stand once: absent, or unreadable or repeated (`Some(None)`), or its value.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Option<&'h str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(first.to_str().ok().filter(|_first| values.next().is_none()))
}

/// `application/json`, in any case, in UTF-8. Parameters that mean nothing for JSON are ignored,
/// since the body is read as strict UTF-8 JSON whatever they say.
fn is_json(value: &str) -> bool {
    if value == JSON {
        return true;
    }
    let mut parts = value.split(';').map(str::trim);
    if !parts.next().is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
        return false;
    }
    let mut n_charsets = 0_u32;
    for parameter in parts.filter(|it| !it.is_empty()) {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        if !is_token(name) || value.contains(',') {
            return false;
        }
        if name.eq_ignore_ascii_case("charset") {
            let charset = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            let charset = charset.unwrap_or(value);
            n_charsets = n_charsets.saturating_add(1);
            if !charset.eq_ignore_ascii_case("utf-8") && !charset.eq_ignore_ascii_case("utf8") {
                return false;
            }
        }
    }
    n_charsets <= 1
}

/// The type of JSON, as most clients and servers write it.
pub const JSON: &str = "application/json";

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it))
}

/// A media range and its quality in thousandths; a quality that cannot be read is 0.
fn quality(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|it| it.strip_prefix("q=").or_else(|| it.strip_prefix("Q=")));
    (name, quality.map_or(1000, thousandths))
}

/// RFC 9110 §12.4.2: `0`, `0.5`, `1.000`.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_readable(headers: &[(&'static str, &'static str)], expect: bool) {
        let got = readable(&map(headers)).is_ok();
        assert_eq!(got, expect, "{headers:?}");
    }

    fn check_preferred(accept: &[&'static str], expect: Media) {
        let headers: Vec<_> = accept.iter().map(|it| ("accept", *it)).collect();
        assert_eq!(Media::preferred(&map(&headers)), expect, "{accept:?}");
    }

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn json_is_read_however_it_is_spelt() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            "application/json; charset=\"UTF-8\"",
            "application/json ; Charset=utf8",
            "application/json;",
            "application/json; odata=verbose",
        ] {
            check_readable(&[("content-type", value)], true);
        }
        check_readable(
            &[("content-type", "application/json"), ("content-encoding", "Identity")],
            true,
        );
    }

    #[test]
    fn everything_else_is_refused() {
        check_readable(&[], false);
        for value in [
            "",
            "text/plain",
            "text/plain; application/json",
            "application/json, text/plain",
            "application/jsonp",
            "application/graphql",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=utf-8",
            "application/json; charset",
            "application/json; charset=\"utf-8",
            "application/json; x=1, text/plain",
        ] {
            check_readable(&[("content-type", value)], false);
        }
        let json = ("content-type", "application/json");
        check_readable(&[json, json], false);
        check_readable(&[json, ("content-encoding", "gzip")], false);
        check_readable(&[json, ("content-encoding", "")], false);
        check_readable(
            &[json, ("content-encoding", "identity"), ("content-encoding", "identity")],
            false,
        );
    }

    #[test]
    fn the_answer_has_the_type_the_client_prefers() {
        check_preferred(&[], Media::Json);
        check_preferred(&["*/*"], Media::Json);
        check_preferred(&["text/html"], Media::Json);
        check_preferred(&["application/graphql-response+json"], Media::GraphqlResponse);
        check_preferred(
            &["application/GraphQL-Response+json; charset=utf-8"],
            Media::GraphqlResponse,
        );
        check_preferred(
            &["application/graphql-response+json, application/json;q=0.9"],
            Media::GraphqlResponse,
        );
        check_preferred(
            &["application/json", "application/graphql-response+json"],
            Media::GraphqlResponse,
        );
        check_preferred(
            &["application/json, application/graphql-response+json;q=0.9"],
            Media::Json,
        );
        check_preferred(&["application/graphql-response+json;q=0.5, */*"], Media::Json);
        check_preferred(&["application/graphql-response+json;q=0"], Media::Json);
        check_preferred(&["text/event-stream"], Media::EventStream);
        check_preferred(&["text/event-stream, */*;q=0.1"], Media::EventStream);
        check_preferred(&["text/event-stream, multipart/mixed"], Media::EventStream);
        check_preferred(&["application/json;q=0.5, text/event-stream"], Media::EventStream);
        check_preferred(&["text/event-stream;q=0"], Media::Json);
        check_preferred(&["application/json, text/event-stream"], Media::Json);
        check_preferred(
            &["application/graphql-response+json, text/event-stream, multipart/mixed"],
            Media::GraphqlResponse,
        );
        check_preferred(&["application/graphql-response+json;q=nonsense"], Media::Json);
        check_preferred(&["application/graphql-response+json;q=0.001"], Media::GraphqlResponse);
    }

    #[test]
    fn some_clients_take_anything() {
        let check = |accept: &[&'static str], expect| {
            let headers: Vec<_> = accept.iter().map(|it| ("accept", *it)).collect();
            assert_eq!(Media::takes_any(&map(&headers)), expect, "{accept:?}");
        };
        check(&[], true);
        check(&["*/*"], true);
        check(&["application/json, text/plain, */*"], true);
        check(&["application/json", "*/*;q=0.1"], true);
        check(&["*/*;q=0"], false);
        check(&["application/json"], false);
        check(&["application/*"], false);
    }
}
