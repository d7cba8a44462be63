//! What a client is told that may come again: when there was no room, or when its rate is exceeded,
//! by draft-ietf-httpapi-ratelimit-headers.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode, header::RETRY_AFTER};

use crate::quota::Exceeded;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The refusal with when to come again.
pub(super) fn busy<B>(retry: Duration, mut refusal: Response<B>) -> Response<B> {
    *refusal.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    // RFC 9110 §10.2.3: whole seconds; a part of one counts as one.
    let seconds = retry.as_millis().div_ceil(1000).max(1);
    if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
        refusal.headers_mut().insert(RETRY_AFTER, value);
    }
    refusal
}

/// The refusal with when the upstream wants the client to come again.
pub(super) fn later<B>(retry: &str, mut refusal: Response<B>) -> Response<B> {
    if let Ok(value) = HeaderValue::try_from(retry) {
        refusal.headers_mut().insert(RETRY_AFTER, value);
    }
    refusal
}

/// The refusal with what there is, what is left, and when to come again.
pub(super) fn told<B>(exceeded: &Exceeded, mut refusal: Response<B>) -> Response<B> {
    let Exceeded { violation: _, name, quota, window, wait } = exceeded;
    let mut tell = |header: HeaderName, text: String| {
        // A name of a rate is of letters that a header can carry.
        if let Ok(value) = HeaderValue::try_from(text) {
            refusal.headers_mut().insert(header, value);
        }
    };
    let window = window.map(|it| format!(";w={it}")).unwrap_or_default();
    tell(RATELIMIT_POLICY, format!("\"{name}\";q={quota}{window}"));
    if let Some(wait) = wait {
        tell(RATELIMIT, format!("\"{name}\";r={};t={}", wait.remaining, wait.seconds));
        tell(RETRY_AFTER, wait.seconds.to_string());
    }
    refusal
}
