//! A GET as the JSON body that a POST of the same would have, so that both are read by the same
//! reader.
//!
//! Strict where a server could read the parameters in another way: each once, percent codes and
//! UTF-8 without a flaw, nothing that only looks like a parameter.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    request::Parts,
};

use crate::{
    json::{self, push_escaped},
    policy::{Http, UnknownKeys},
    transport::{
        body_too_large, media::readable, not_json::bounded, percent, shown, target::holds_graphql,
    },
    verdict::{Code, Violation, ids},
};

/// The body that a POST of the same would have.
///
/// # Errors
/// `INVALID_REQUEST`, `MAX_BODY_LIMIT`, and `CONTENT_TYPE_NOT_SUPPORTED` when it says that there is
/// a body of another type.
pub fn body_of_get(head: &Parts, http: &Http) -> Result<Vec<u8>, Violation> {
    if head.headers.contains_key(CONTENT_TYPE) || head.headers.contains_key(CONTENT_ENCODING) {
        readable(&head.headers)?;
    }
    let mut values = Values::default();
    // Budget: the length of a target.
    for piece in head.uri.query().unwrap_or_default().split('&').filter(|it| !it.is_empty()) {
        values.take(piece, http)?;
    }
    let body = values.body()?;
    if body.len() as u64 > http.body {
        return Err(body_too_large(http.body));
    }
    Ok(body.into_bytes())
}

/// Checks that no page of another site can have sent a GET unasked. A body has none, but clients
/// say JSON all the same, and for that a browser asks first (Fetch §2.2.2, "CORS-safelisted").
pub(super) fn asked_for_by_get(headers: &HeaderMap, http: &Http) -> Result<(), Violation> {
    match readable(headers) {
        Ok(()) => Ok(()),
        Err(_) => asked_for(headers, http, "a GET"),
    }
}

/// Checks that no page of another site can have sent it unasked; `what` is how the client calls it.
pub(super) fn asked_for(
    headers: &HeaderMap,
    http: &Http,
    what: &'static str,
) -> Result<(), Violation> {
    if proofs(headers, http).next().is_some() {
        return Ok(());
    }
    let names: Vec<_> = http.csrf_header.iter().map(|it| format!("`{it}`")).collect();
    let public = format!("{what} needs a header that no page of another site can send");
    let public = format!("{public}: {}", names.join(" or "));
    Err(Violation::new(ids::CSRF, Code::CSRF_HEADER_REQUIRED, public))
}

/// The headers that no page of another site can send. A server behind us may ask for them again.
pub fn proofs<'h>(
    headers: &'h HeaderMap,
    http: &Http,
) -> impl Iterator<Item = (HeaderName, &'h HeaderValue)> {
    let names = http.csrf_header.iter().filter_map(|it| HeaderName::from_bytes(it.as_bytes()).ok());
    names.filter_map(|it| {
        let value = headers.get(&it).filter(|it| !it.as_bytes().is_empty())?;
        Some((it, value))
    })
}

/// That a GET came with a body.
#[must_use]
pub fn get_with_body() -> Violation {
    invalid("a GET has no body")
}

/// What the parameters say, in the order of [`NAMES`].
#[derive(Default)]
struct Values([Option<String>; 5]);

/// The parameters, and how they stand in a body.
const NAMES: [(&str, Form); 5] = [
    ("query", Form::Text),
    ("operationName", Form::Text),
    ("variables", Form::Json),
    ("extensions", Form::Json),
    ("documentId", Form::Text),
];

#[derive(Clone, Copy)]
enum Form {
    /// It is JSON already.
    Json,
    /// It becomes a string.
    Text,
}

impl Values {
    fn take(&mut self, piece: &str, http: &Http) -> Result<(), Violation> {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        let decoded = decoded(name)?;
        let place = NAMES.iter().position(|(it, _)| *it == decoded);
        let slot = place.and_then(|it| self.0.get_mut(it));
        // Some servers separate parameters by `;` as well, or know no capitals.
        let hidden = if slot.is_some() { value } else { piece };
        let n_hidden = usize::from(slot.is_some());
        if hidden.split(';').skip(n_hidden).any(holds_graphql) {
            return Err(invalid("a parameter is not written as it should be"));
        }
        match slot {
            Some(Some(_)) => Err(invalid("every parameter may stand once")),
            Some(slot) => {
                *slot = Some(self::decoded(value)?.into_owned());
                Ok(())
            }
            None => match http.unknown_keys {
                UnknownKeys::Drop => Ok(()),
                UnknownKeys::Reject => {
                    let objection = invalid("the request has a parameter that is not known here");
                    let name = shown(&decoded);
                    let detail = format!("`{name}`: `http.unknown_keys` is `reject`");
                    Err(objection.detailed(detail))
                }
            },
        }
    }

    fn body(&self) -> Result<String, Violation> {
        let mut body = String::new();
        let mut separator = '{';
        for ((name, form), value) in NAMES.into_iter().zip(&self.0) {
            let Some(value) = value else { continue };
            // `variables=` says as much as nothing.
            if value.is_empty() && matches!(form, Form::Json) {
                continue;
            }
            body.push(separator);
            separator = ',';
            push_escaped(&mut body, name);
            body.push(':');
            match form {
                Form::Json => {
                    // One whole value, so that it cannot end the object around it.
                    json::read(value.as_bytes(), json::Limits::default())
                        .map_err(|it| not_json(name, it))?;
                    body.push_str(value);
                }
                Form::Text => push_escaped(&mut body, value),
            }
        }
        body.push_str(if separator == '{' { "{}" } else { "}" });
        Ok(body)
    }
}

fn not_json(name: &str, error: json::Error) -> Violation {
    let public = format!("`{name}` is not strict JSON: {error}");
    Violation::new(ids::JSON, Code::INVALID_JSON, public).detailed(bounded(error))
}

/// Percent codes and pluses undone, once; whole codes only, and UTF-8 when all is undone.
fn decoded(text: &str) -> Result<Cow<'_, str>, Violation> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let percent::Decoded { bytes, is_whole } = percent::decode(text);
    if !is_whole {
        return Err(invalid("the URL holds a broken percent code"));
    }
    let text = String::from_utf8(bytes);
    text.map(Cow::Owned).map_err(|_broken| invalid("the URL is not UTF-8"))
}

fn invalid(public: &'static str) -> Violation {
    Violation::new(ids::GET, Code::INVALID_REQUEST, public)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::tests::http;

    fn check_with(http: &Http, query: &str, expect: Result<&str, Code>) {
        let request = http::Request::get(format!("/graphql?{query}"));
        let head = request.body(()).unwrap().into_parts().0;
        let got = body_of_get(&head, http).map_err(|it| it.code);
        let got = got.map(|it| String::from_utf8(it).unwrap());
        assert_eq!(got.as_deref(), expect.as_ref().copied(), "{query}");
    }

    fn check(query: &str, expect: Result<&str, Code>) {
        check_with(&http(), query, expect);
    }

    #[test]
    fn parameters_become_members() {
        check("query=%7Ba%7D", Ok(r#"{"query":"{a}"}"#));
        check(
            "variables=%7B%22x%22+%3A+1.0%7D&query=query+A%7Ba(b:%22%C3%A9%22)%7D&operationName=A",
            Ok(r#"{"query":"query A{a(b:\"é\")}","operationName":"A","variables":{"x" : 1.0}}"#),
        );
        check("extensions=%7B%7D&documentId=x-1", Ok(r#"{"extensions":{},"documentId":"x-1"}"#));
        check("", Ok("{}"));
        check("variables=&extensions", Ok("{}"));
        check("query=%257B", Ok(r#"{"query":"%7B"}"#));
        check("query=a;b=1", Ok(r#"{"query":"a;b=1"}"#));
    }

    #[test]
    fn nothing_breaks_out_of_its_place() {
        check("variables={},%22query%22:%22x%22", Err(Code::INVALID_JSON));
        check("variables={}}", Err(Code::INVALID_JSON));
        check("variables={%22a%22:1,%22a%22:2}", Err(Code::INVALID_JSON));
        check("query=%22,%22documentId%22:%22x", Ok(r#"{"query":"\",\"documentId\":\"x"}"#));
        check("query=a%00b", Ok(r#"{"query":"a\u0000b"}"#));
    }

    #[test]
    fn every_parameter_stands_once_and_as_it_is() {
        for query in [
            "query=a&query=a",
            "query=a&%71uery=b",
            "Query=a",
            "query[]=a",
            "variables%5Bc%5D=1",
            "query=a;variables=%7B%7D",
            "x=1;query=a",
            "+query=a",
            "query=%7",
            "query=%zz",
            "query=%ff",
            "x%ff=1",
        ] {
            check(query, Err(Code::INVALID_REQUEST));
        }
    }

    #[test]
    fn other_parameters_are_dropped_or_refused() {
        let strict = Http { unknown_keys: UnknownKeys::Reject, ..http() };
        check("query=a&utm=1", Ok(r#"{"query":"a"}"#));
        check_with(&strict, "query=a&utm=1", Err(Code::INVALID_REQUEST));
    }

    #[test]
    fn it_is_as_large_as_a_body() {
        let small = Http { body: 13, ..http() };
        check_with(&small, "query=aa", Err(Code::MAX_BODY_LIMIT));
        check_with(&small, "query=a", Ok(r#"{"query":"a"}"#));
    }
}
