//! The head of an answer, and what it says of the body and of the connection.

use std::mem::MaybeUninit;

use bytes::{Buf as _, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use httparse::{ParserConfig, Status};

use super::{Wrong, body::Reading};

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Response<()>,
    pub(super) reading: Reading,
    /// True when no request can follow on the connection.
    pub(super) is_last: bool,
}

impl Answer {
    /// False when the answer itself is still to come (RFC 9110 §15.2).
    pub(super) fn is_final(&self) -> bool {
        let status = self.head.status();
        !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS
    }
}

/// Takes a head out of what came; nothing before it is complete.
pub(super) fn take(received: &mut BytesMut, max: usize) -> Result<Option<Answer>, Wrong> {
    if received.is_empty() {
        return Ok(None);
    }
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let mut config = ParserConfig::default();
    // RFC 9112 §5.1: taken out, as a proxy must; the field is written anew.
    config.allow_spaces_after_header_name_in_responses(true);
    let status = config.parse_response_with_uninit_headers(&mut parsed, received, &mut fields);
    match status.map_err(Wrong::Head)? {
        Status::Complete(n) if n <= max => {
            let head = read(&parsed)?;
            received.advance(n);
            answer(head).map(Some)
        }
        Status::Partial if received.len() < max => Ok(None),
        Status::Complete(_) | Status::Partial => Err(Wrong::TooLarge(max)),
    }
}

fn read(parsed: &httparse::Response<'_, '_>) -> Result<Response<()>, Wrong> {
    let mut head = Response::new(());
    // The parser has seen three digits; some of them are no status.
    *head.status_mut() = parsed
        .code
        .and_then(|it| StatusCode::from_u16(it).ok())
        .ok_or(Wrong::Head(httparse::Error::Status))?;
    *head.version_mut() =
        if parsed.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let headers = head.headers_mut();
    headers.reserve(parsed.headers.len().saturating_add(OURS));
    for field in &*parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_invalid| Wrong::Head(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_bytes(field.value);
        let value = value.map_err(|_invalid| Wrong::Head(httparse::Error::HeaderValue))?;
        headers.append(name, value);
    }
    Ok(head)
}

fn answer(mut head: Response<()>) -> Result<Answer, Wrong> {
    let (reading, is_delimited) = framing(&head)?;
    let stays = match head.version() {
        Version::HTTP_10 => says(head.headers(), "keep-alive"),
        _ => !says(head.headers(), "close"),
    };
    // RFC 9110 §8.6: said more than once, the length goes on as one number.
    if let Reading::Length(length) = reading
        && head.headers().get(CONTENT_LENGTH).is_some_and(|it| it.as_bytes().contains(&b','))
    {
        head.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    Ok(Answer { is_last: !(is_delimited && stays), reading, head })
}

/// How the body is framed, and whether everyone sees its end there (RFC 9112 §6.3).
fn framing(head: &Response<()>) -> Result<(Reading, bool), Wrong> {
    let (status, headers) = (head.status(), head.headers());
    if status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    {
        return Ok((Reading::DONE, status != StatusCode::SWITCHING_PROTOCOLS));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        if head.version() == Version::HTTP_10 {
            return Err(Wrong::Framing);
        }
        if !is_chunked(headers) {
            return Ok((Reading::UntilClosed, false));
        }
        // Whoever says both may mean either.
        return Ok((Reading::CHUNKS, !headers.contains_key(CONTENT_LENGTH)));
    }
    let length = length(headers)?;
    Ok(length.map_or((Reading::UntilClosed, false), |it| (Reading::Length(it), true)))
}

/// Whether chunks are the last coding that was applied.
fn is_chunked(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let last = last.and_then(|it| it.as_bytes().rsplit(|it| *it == b',').next());
    last.is_some_and(|it| it.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

/// The length, which may be said more than once when it is the same.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Wrong> {
    let mut found = None;
    let values = headers.get_all(CONTENT_LENGTH).iter();
    for value in values.flat_map(|it| it.as_bytes().split(|it| *it == b',')) {
        let length = number(value.trim_ascii()).ok_or(Wrong::Length)?;
        if found.replace(length).is_some_and(|it| it != length) {
            return Err(Wrong::Length);
        }
    }
    Ok(found)
}

/// Digits alone: RFC 9110 §8.6.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

fn says(headers: &HeaderMap, option: &str) -> bool {
    let values = headers.get_all(CONNECTION).iter();
    let mut options = values.flat_map(|it| it.as_bytes().split(|it| *it == b','));
    options.any(|it| it.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
}

/// 8 fields: as many as we add to an answer.
const OURS: usize = 8;
/// 100 fields, as most servers allow of a request.
const MAX_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    /// How the body is framed, and whether another request may follow.
    fn read(head: &str) -> Result<(Reading, bool), String> {
        let text = format!("{head}\n\n").replace('\n', "\r\n");
        let mut received = BytesMut::new();
        for byte in text.bytes() {
            assert!(!received.ends_with(b"\r\n\r\n"));
            received.extend_from_slice(&[byte]);
            if let Some(it) = take(&mut received, MAX).map_err(|it| it.to_string())? {
                assert!(received.is_empty());
                return Ok((it.reading, !it.is_last));
            }
        }
        panic!("{text:?} is complete")
    }

    fn check(head: &str, reading: Reading, is_followed: bool) {
        assert_eq!(read(head), Ok((reading, is_followed)), "{head:?}");
    }

    fn check_wrong(head: &str, expect: Wrong) {
        assert_eq!(read(head), Err(expect.to_string()), "{head:?}");
    }

    #[test]
    fn the_head_says_where_the_body_ends() {
        check("HTTP/1.1 200 OK\nContent-Length: 5", Reading::Length(5), true);
        check(
            "HTTP/1.1 200 OK\ncontent-length:  5 \nContent-Length: 5, 5",
            Reading::Length(5),
            true,
        );
        check("HTTP/1.1 500\nTransfer-Encoding: Chunked", Reading::CHUNKS, true);
        check("HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked", Reading::CHUNKS, true);
        check("HTTP/1.1 200 OK\nContent-Length : 5", Reading::Length(5), true);
        check("HTTP/1.1 200 OK", Reading::UntilClosed, false);
        check("HTTP/1.1 200 OK\nTransfer-Encoding: gzip", Reading::UntilClosed, false);
        check("HTTP/1.1 204 No Content\nContent-Length: 5", Reading::DONE, true);
        check("HTTP/1.1 304 Not Modified\nTransfer-Encoding: chunked", Reading::DONE, true);
        check("HTTP/1.1 103 Early Hints\nContent-Length: 5", Reading::DONE, true);
    }

    #[test]
    fn a_connection_that_ends_takes_no_request() {
        let length = "Content-Length: 5";
        check(
            &format!("HTTP/1.1 200 OK\n{length}\nConnection: x, Close"),
            Reading::Length(5),
            false,
        );
        check(&format!("HTTP/1.0 200 OK\n{length}"), Reading::Length(5), false);
        check(
            &format!("HTTP/1.0 200 OK\n{length}\nConnection: keep-alive"),
            Reading::Length(5),
            true,
        );
        check("HTTP/1.1 101 Switching Protocols", Reading::DONE, false);
        // RFC 9112 §6.3: both are an attempt at smuggling, and chunks win.
        check(
            &format!("HTTP/1.1 200 OK\n{length}\nTransfer-Encoding: chunked"),
            Reading::CHUNKS,
            false,
        );
    }

    #[test]
    fn what_is_no_head_is_wrong() {
        check_wrong("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6", Wrong::Length);
        for length in ["", "+5", "5 5", "0x5", "5,", "99999999999999999999"] {
            check_wrong(&format!("HTTP/1.1 200 OK\nContent-Length: {length}"), Wrong::Length);
        }
        check_wrong("HTTP/1.0 200 OK\nTransfer-Encoding: chunked", Wrong::Framing);
        check_wrong("HTTP/2 200 OK", Wrong::Head(httparse::Error::Version));
        check_wrong("HTTP/1.1 099 OK", Wrong::Head(httparse::Error::Status));
        check_wrong("HTTP/1.1 200 OK\nA b: 1", Wrong::Head(httparse::Error::HeaderName));
        check_wrong("HTTP/1.1 200 OK\nA: 1\n b", Wrong::Head(httparse::Error::HeaderName));
    }

    #[test]
    fn a_head_has_a_bound() {
        let large = |n: usize| format!("HTTP/1.1 200 OK\nA: {}", "a".repeat(n));
        let around = "HTTP/1.1 200 OK\r\nA: \r\n\r\n".len();
        check(&large(MAX - around), Reading::UntilClosed, false);
        check_wrong(&large(MAX - around + 1), Wrong::TooLarge(MAX));
        let many = |n: usize| format!("HTTP/1.1 200 OK{}", "\r\na:".repeat(n) + "\r\n\r\n");
        assert!(take(&mut many(MAX_FIELDS).as_str().into(), 4096).unwrap().is_some());
        let wrong = take(&mut many(MAX_FIELDS + 1).as_str().into(), 4096).unwrap_err();
        assert!(matches!(wrong, Wrong::Head(httparse::Error::TooManyHeaders)));
    }

    const MAX: usize = 200;
}
