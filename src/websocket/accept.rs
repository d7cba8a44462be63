//! A client's handshake, and our answer to it.
//!
//! Path, origin and credentials are looked at elsewhere, and first.

use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{
        CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{
    verdict::{Code, Violation, ids},
    websocket::SUBPROTOCOL,
};

/// The answer to a handshake: it is a WebSocket of our protocol from here on.
///
/// # Errors
/// `INVALID_HTTP`, `INVALID_REQUEST` when the client does not speak the protocol.
pub fn accept(headers: &HeaderMap) -> Result<Response<()>, Violation> {
    if !lists(headers, &CONNECTION, "upgrade") {
        return Err(refusal(Code::INVALID_HTTP, "`Connection` does not say `Upgrade`"));
    }
    if only(headers, &UPGRADE).is_none_or(|it| !it.eq_ignore_ascii_case("websocket")) {
        return Err(refusal(Code::INVALID_HTTP, "`Upgrade` is not `websocket`"));
    }
    if only(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(refusal(Code::INVALID_HTTP, "`Sec-WebSocket-Version` is not 13"));
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|it| is_key(it));
    let key = key.ok_or_else(|| refusal(Code::INVALID_HTTP, "`Sec-WebSocket-Key` is malformed"))?;
    if !lists(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        let public = "the subprotocol must be `graphql-transport-ws`";
        return Err(refusal(Code::INVALID_REQUEST, public));
    }
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    // Base64 is always a header value.
    if let Ok(accepted) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    }
    Ok(answer)
}

/// RFC 6455 §4.2.1: 16 bytes in base64.
fn is_key(text: &str) -> bool {
    let is_base64 = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/');
    text.strip_suffix("==").is_some_and(|it| it.len() == 22 && it.bytes().all(is_base64))
}

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// Whether a list of tokens holds one, in any letters.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|it| it.to_str().ok());
    values.flat_map(|it| it.split(',')).any(|it| it.trim().eq_ignore_ascii_case(wanted))
}

fn refusal(code: Code, public: &'static str) -> Violation {
    Violation::new(ids::WEBSOCKET, code, public)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The handshake of RFC 6455 §1.3, changed; an empty value takes a header out.
    #[track_caller]
    fn check(changed: &[(&'static str, &'static str)], expect: Result<&str, Code>) {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "graphql-transport-ws"),
        ] {
            let changed: Vec<_> = changed.iter().filter(|it| it.0 == name).collect();
            if changed.is_empty() {
                headers.append(name, HeaderValue::from_static(value));
            }
            for (_, value) in changed.into_iter().filter(|it| !it.1.is_empty()) {
                headers.append(name, HeaderValue::from_static(value));
            }
        }
        let got = accept(&headers);
        let got = got.as_ref().map(|it| it.headers()["sec-websocket-accept"].to_str().unwrap());
        assert_eq!(got.map_err(|it| it.code), expect, "{changed:?}");
    }

    #[test]
    fn the_example_of_the_standard_is_accepted() {
        let accepted = Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        check(&[], accepted);
        check(&[("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")], accepted);
        check(&[("connection", "upgrade")], accepted);
    }

    #[test]
    fn other_handshakes_are_refused() {
        for it in [
            ("connection", "keep-alive"),
            ("connection", ""),
            ("upgrade", ""),
            ("upgrade", "h2c"),
            ("upgrade", "websocket, h2c"),
            ("sec-websocket-version", ""),
            ("sec-websocket-version", "8"),
            ("sec-websocket-version", "13, 8"),
            ("sec-websocket-key", ""),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ="),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==="),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j Q=="),
        ] {
            check(&[it], Err(Code::INVALID_HTTP));
        }
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        check(&[key, key], Err(Code::INVALID_HTTP));
        for it in ["", "graphql-ws", "graphql-transport-ws2", "chat"] {
            check(&[("sec-websocket-protocol", it)], Err(Code::INVALID_REQUEST));
        }
    }
}
