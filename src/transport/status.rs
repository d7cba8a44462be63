//! The HTTP status of a refusal in the three status profiles.
//!
//! | profile | JSON that holds a GraphQL request, refused for what it asks | other refusals |
//! |---|---|---|
//! | `draft-2026` | the status of the code (400, 403, 413, 422) | the status of the code |
//! | `audit-400` | `graphql-response+json`: 400; `json`: 200 | the status of the code |
//! | `always-200` | 200 | the status of the code |
//!
//! GraphQL over HTTP §6.4: with `application/json` a well-formed request should be answered 200
//! whatever becomes of its document, and the audit suite expects that, and 400 with the other type.
//! A 403 or 413 stays what it is under `audit-400`: the suite has no opinion on it, a client has.
//! Faults of the transport, of Portcullis and of the upstream are never 200: nobody could see them.

use http::{HeaderValue, StatusCode};

use crate::{policy::Status, transport::Media, verdict::Code};

/// The status of a refusal.
pub(super) fn status(code: Code, profile: Status, media: Media) -> StatusCode {
    let own = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match (profile, subject(code)) {
        (Status::Draft2026, _) | (_, Subject::Exchange) => own,
        (Status::Audit400, Subject::Document) => match media {
            Media::GraphqlResponse => StatusCode::BAD_REQUEST,
            Media::EventStream | Media::Json => StatusCode::OK,
        },
        (Status::Audit400, Subject::Permission | Subject::Shape) => own,
        (Status::Always200, Subject::Document | Subject::Permission | Subject::Shape) => {
            StatusCode::OK
        }
    }
}

/// The status of an answer of the upstream: where the profile has one status for all that GraphQL
/// itself says no to, the upstream's own no has it as well.
#[must_use]
pub fn answer_status(status: StatusCode, profile: Status, media: Media) -> StatusCode {
    match (profile, status.as_u16(), media) {
        (Status::Always200, 400 | 403 | 413 | 422, _)
        | (Status::Audit400, 400 | 422, Media::EventStream | Media::Json) => StatusCode::OK,
        (Status::Audit400, 400 | 422, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        _ => status,
    }
}

/// Whether a refusal answers an operation, rather than the HTTP request around it.
pub(super) fn is_about_operation(code: Code) -> bool {
    matches!(subject(code), Subject::Document | Subject::Permission)
}

/// What a refusal is about.
enum Subject {
    /// The document and its variables: a well-formed request, refused for what it asks.
    Document,
    /// The HTTP exchange, Portcullis or the upstream.
    Exchange,
    /// What the caller may do.
    Permission,
    /// JSON that is not a GraphQL request.
    Shape,
}

fn subject(code: Code) -> Subject {
    match code {
        Code::CSRF_HEADER_REQUIRED
        | Code::INVALID_JSON
        | Code::MAX_BODY_LIMIT
        | Code::ORIGIN_NOT_ALLOWED => Subject::Exchange,
        Code::INVALID_REQUEST | Code::BATCH_TOO_LARGE => Subject::Shape,
        Code::GRAPHQL_PARSE_FAILED
        | Code::OPERATION_RESOLUTION_FAILURE
        | Code::PERSISTED_QUERY_NOT_FOUND
        | Code::PERSISTED_QUERY_NOT_SUPPORTED => Subject::Document,
        // Codes are an open list that carries its own statuses; these three tell the kinds apart.
        _ => match code.status() {
            422 => Subject::Document,
            403 | 413 => Subject::Permission,
            _ => Subject::Exchange,
        },
    }
}

/// RFC 6750 §3: with an error when there was a credential, without when there was none.
pub(super) const fn challenge(is_bad: bool) -> HeaderValue {
    HeaderValue::from_static(if is_bad { r#"Bearer error="invalid_token""# } else { "Bearer" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses in the order draft, audit with either type, always.
    fn check(code: Code, expect: [u16; 4]) {
        let of = |profile, media| status(code, profile, media).as_u16();
        let got = [
            of(Status::Draft2026, Media::Json),
            of(Status::Audit400, Media::GraphqlResponse),
            of(Status::Audit400, Media::Json),
            of(Status::Always200, Media::Json),
        ];
        assert_eq!(got, expect, "{code}");
    }

    #[test]
    fn profiles_differ_only_on_well_formed_requests() {
        check(Code::GRAPHQL_PARSE_FAILED, [400, 400, 200, 200]);
        check(Code::GRAPHQL_VALIDATION_FAILED, [422, 400, 200, 200]);
        check(Code::BAD_USER_INPUT, [422, 400, 200, 200]);
        check(Code::MAX_DEPTH_LIMIT, [422, 400, 200, 200]);
        check(Code::PERSISTED_QUERY_NOT_FOUND, [400, 400, 200, 200]);
        check(Code::INTROSPECTION_DISABLED, [403, 403, 403, 200]);
        check(Code::MAX_DOCUMENT_LIMIT, [413, 413, 413, 200]);
        check(Code::INVALID_REQUEST, [400, 400, 400, 200]);
        check(Code::BATCH_TOO_LARGE, [422, 422, 422, 200]);
        check(Code::INVALID_JSON, [400; 4]);
        check(Code::MAX_BODY_LIMIT, [413; 4]);
        check(Code::ORIGIN_NOT_ALLOWED, [403; 4]);
        check(Code::REQUEST_HEADERS_TOO_LARGE, [431; 4]);
        check(Code::METHOD_NOT_ALLOWED, [405; 4]);
        check(Code::INTERNAL_SERVER_ERROR, [500; 4]);
        check(Code::UPSTREAM_UNAVAILABLE, [502; 4]);
        check(Code::GATEWAY_TIMEOUT, [504; 4]);
    }

    #[test]
    fn answers_of_the_upstream_follow_the_profile() {
        let check = |profile, media, from: u16, to: u16| {
            let from = StatusCode::from_u16(from).unwrap();
            assert_eq!(answer_status(from, profile, media).as_u16(), to);
        };
        for it in [200, 400, 401, 403, 422, 500] {
            check(Status::Draft2026, Media::Json, it, it);
        }
        check(Status::Always200, Media::Json, 400, 200);
        check(Status::Always200, Media::Json, 401, 401);
        check(Status::Always200, Media::Json, 500, 500);
        check(Status::Audit400, Media::Json, 422, 200);
        check(Status::Audit400, Media::GraphqlResponse, 422, 400);
        check(Status::Audit400, Media::Json, 403, 403);
    }
}
