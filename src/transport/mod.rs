//! GraphQL over HTTP as functions over `http` types and bytes.
//!
//! [`decode`] turns a body into requests, [`media`](Media) says which types we read and write, and
//! [`Reply`] writes every error that a client can see. No sockets, no waiting, no verdicts.

mod decode;
mod media;
mod reply;
mod status;

pub use decode::{decode, not_json};
pub use media::{Media, readable};
pub use reply::{Refusal, Reply};

use std::borrow::Cow;

use http::{Method, request::Parts};

use crate::{
    policy::Http,
    verdict::{Code, Violation},
};

/// Checks that a request is for the GraphQL endpoint, by path and method.
///
/// # Errors
/// `NOT_FOUND` or `METHOD_NOT_ALLOWED`. The query string is not looked at: it never passes.
pub fn route(head: &Parts, http: &Http) -> Result<(), Violation> {
    if head.uri.path() != &*http.path {
        return Err(violation("path", Code::NOT_FOUND, "there is nothing here"));
    }
    if head.method != Method::POST {
        return Err(violation("method", Code::METHOD_NOT_ALLOWED, "only POST is allowed here"));
    }
    Ok(())
}

/// An objection of the transport: what the client reads is what the operator reads.
fn violation(rule: &'static str, code: Code, public: impl Into<Cow<'static, str>>) -> Violation {
    let public = public.into();
    Violation { rule, code, at: None, detail: public.as_ref().into(), public }
}

/// A body that is larger than `http.body` allows, by its declared or by its counted length.
#[must_use]
pub fn body_too_large(limit: u64) -> Violation {
    let detail = format!("more than {limit} bytes").into();
    Violation { detail, ..violation("body", Code::MAX_BODY_LIMIT, "the body is too large") }
}

/// A body that did not arrive in time, or not at all.
#[must_use]
pub fn body_broke_off(detail: &'static str) -> Violation {
    let public = "the body did not arrive";
    Violation { detail: detail.into(), ..violation("body", Code::CLIENT_TIMEOUT, public) }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use crate::policy::{ExplainRefusals, Http, Status, UnknownKeys};

    /// What the tests of this module start from.
    pub(super) fn http() -> Http {
        Http {
            path: "/graphql".into(),
            batch: NonZeroU32::MIN.saturating_add(1),
            unknown_keys: UnknownKeys::Drop,
            extensions: vec!["persistedQuery".into(), "trace".into()],
            forward_extensions: vec!["trace".into()],
            forward_headers: Vec::new(),
            body: 1000,
            status: Status::Draft2026,
            explain_refusals: ExplainRefusals::Off,
        }
    }

    fn check(method: &str, uri: &str, expect: Option<u16>) {
        let head = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        let got = super::route(&head.into_parts().0, &http()).err().map(|it| it.code.status());
        assert_eq!(got, expect, "{method} {uri}");
    }

    #[test]
    fn one_path_and_one_method_are_served() {
        check("POST", "/graphql", None);
        check("POST", "/graphql?query={a}", None);
        check("POST", "http://host/graphql", None);
        check("GET", "/graphql", Some(405));
        check("OPTIONS", "/graphql", Some(405));
        check("POST", "/graphql/", Some(404));
        check("POST", "/Graphql", Some(404));
        check("GET", "/", Some(404));
    }
}
