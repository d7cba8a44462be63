//! What goes wrong before there is a GraphQL request, as a problem of HTTP (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response};

use crate::{
    json::push_escaped,
    transport::{Reply, status::status},
    verdict::{Code, Violation},
};

impl Reply<'_> {
    /// RFC 9457, for what goes wrong before there is a GraphQL request.
    pub(super) fn problem(&self, code: Code, explained: Option<&Violation>) -> Response<Bytes> {
        let status = status(code, self.http.status, self.media);
        let mut body = format!(
            r#"{{"type":"about:blank","title":"{}","status":{},"code":"{code}","#,
            status.canonical_reason().unwrap_or_default(),
            status.as_u16(),
        );
        if let Some(violation) = explained {
            body.push_str(r#""detail":"#);
            push_escaped(&mut body, &violation.detail);
            body.push(',');
        }
        body.push_str(r#""requestId":"#);
        push_escaped(&mut body, &self.id.to_string());
        body.push('}');
        let media = HeaderValue::from_static("application/problem+json");
        self.response(status, media, body)
    }
}

/// Whether it is refused as a problem.
pub(super) fn is_below_graphql(code: Code) -> bool {
    BELOW_GRAPHQL.contains(&code)
}

/// What goes wrong before there is a GraphQL request.
const BELOW_GRAPHQL: [Code; 5] = [
    Code::CLIENT_TIMEOUT,
    Code::INVALID_HTTP,
    Code::MAX_BODY_LIMIT,
    Code::REQUEST_HEADERS_TOO_LARGE,
    Code::URI_TOO_LONG,
];
