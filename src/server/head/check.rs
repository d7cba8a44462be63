//! One complete head: request line and fields.
//!
//! Decides nothing about what is served: only whether everyone reads these bytes in the same way,
//! and how the body is framed.

use memchr::memchr;

use crate::server::head::{Limits, authority, wrong::Wrong};

/// How the body that follows a head is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// `Transfer-Encoding: chunked`.
    Chunks,
    /// That many bytes; 0 without a `Content-Length`.
    Length(u64),
    /// None, and what follows is no HTTP, if the answer says so: `Upgrade: websocket`.
    Switch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// What is known after the fields were read.
#[derive(Default)]
struct Found<'h> {
    n: usize,
    host: Option<&'h [u8]>,
    length: Option<u64>,
    chunked: bool,
    websocket: bool,
}

/// Checks a head with its blank line.
pub(super) fn check(head: &[u8], limits: &Limits) -> Result<Body, Wrong> {
    let mut lines = lines(head);
    let (method, target, version) = request_line(lines.next().unwrap_or(Ok(b""))?, limits)?;
    let mut found = Found::default();
    // Budget: the length of the head, and the number of fields.
    for line in lines {
        found.take(line?, limits)?;
    }
    if found.host.is_none() && version == Version::Http11 {
        return Err(Wrong::HostMissing);
    }
    authority::check(method, target, found.host)?;
    match (found.chunked, found.length, version) {
        (true, Some(_), _) => Err(Wrong::LengthAndCoding),
        // RFC 9112 §6.1: its framing is to be taken as faulty.
        (true, None, Version::Http10) => Err(Wrong::TransferEncoding),
        (true, None, Version::Http11) => Ok(Body::Chunks),
        (false, None, Version::Http11) if found.websocket && method == b"GET" => Ok(Body::Switch),
        (false, length, _) => Ok(Body::Length(length.unwrap_or(0))),
    }
}

/// Checks the request line of a head that is not complete.
pub(super) fn check_first_line(head: &[u8], limits: &Limits) -> Result<(), Wrong> {
    let line = lines(head).next().unwrap_or(Ok(b""))?;
    request_line(line, limits).map(|_line| ())
}

/// Checks the trailers of a chunked body with their blank line. They are dropped later on.
pub(super) fn check_trailers(trailers: &[u8], limits: &Limits) -> Result<(), Wrong> {
    let mut n = 0_usize;
    // Budget: the length of the trailers, which is that of a head.
    for line in lines(trailers) {
        let (_name, _value) = field(line?)?;
        n = n.saturating_add(1);
    }
    if n > limits.fields { Err(Wrong::TooManyFields) } else { Ok(()) }
}

/// `tchar` of RFC 9110 §5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    TOKENS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Every byte's answer: names are most of a head.
#[expect(clippy::indexing_slicing, reason = "a byte is below 256, and it runs at compile time")]
const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        tokens[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        byte += 1;
    }
    tokens
};

/// The lines before the blank one, each without its CR LF.
fn lines(block: &[u8]) -> impl Iterator<Item = Result<&[u8], Wrong>> {
    let mut rest = block;
    let lines = std::iter::from_fn(move || {
        let end = memchr(b'\n', rest).map_or(rest.len(), |it| it.saturating_add(1));
        let (line, after) = rest.split_at_checked(end).filter(|(line, _)| !line.is_empty())?;
        rest = after;
        Some(line.strip_suffix(b"\r\n").ok_or(Wrong::BareLineFeed))
    });
    lines.take_while(|it| !matches!(it, Ok([])))
}

fn request_line<'h>(
    line: &'h [u8],
    limits: &Limits,
) -> Result<(&'h [u8], &'h [u8], Version), Wrong> {
    let mut parts = line.split(|it| *it == b' ');
    let method = parts.next().unwrap_or_default();
    if !(1..=MAX_METHOD).contains(&method.len()) || !method.iter().all(|it| is_token(*it)) {
        return Err(Wrong::Method);
    }
    if method == b"CONNECT" {
        return Err(Wrong::Connect);
    }
    let target = parts.next().ok_or(Wrong::Version)?;
    if target.len() > limits.target {
        return Err(Wrong::TargetTooLong);
    }
    let version = match parts.next() {
        Some(b"HTTP/1.0") => Version::Http10,
        Some(b"HTTP/1.1") => Version::Http11,
        Some(_) | None => return Err(Wrong::Version),
    };
    if parts.next().is_some() {
        return Err(Wrong::Version);
    }
    Ok((method, target, version))
}

/// 32 bytes: twice the longest registered method.
const MAX_METHOD: usize = 32;

/// Name and value of a line, the value without the spaces around it.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Wrong> {
    if matches!(line, [b' ' | b'\t', ..]) {
        return Err(Wrong::Folded);
    }
    let end = line.iter().position(|it| !is_token(*it)).unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(end).unwrap_or_default();
    let [b':', value @ ..] = rest else { return Err(Wrong::FieldName) };
    if name.is_empty() {
        return Err(Wrong::FieldName);
    }
    // Every byte without a way out, so that it is done many at a time.
    let is_bad = |it: u8| it.is_ascii_control() & (it != b'\t');
    if value.iter().fold(false, |found, it| found | is_bad(*it)) {
        return Err(Wrong::FieldValue);
    }
    Ok((name, trim(value)))
}

/// Without spaces around it. RFC 9110 §5.6.3 allows tabs, too, but not every server takes one next
/// to a length, a coding or a host, and no client writes one there: such a field is malformed.
fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ', rest @ ..] | [rest @ .., b' '] = value {
        value = rest;
    }
    value
}

impl<'h> Found<'h> {
    fn take(&mut self, line: &'h [u8], limits: &Limits) -> Result<(), Wrong> {
        let (name, value) = field(line)?;
        self.n = self.n.saturating_add(1);
        if self.n > limits.fields {
            return Err(Wrong::TooManyFields);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.take_host(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.websocket = value.eq_ignore_ascii_case(b"websocket");
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.take_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.take_coding(value),
            _ => Ok(()),
        }
    }

    fn take_host(&mut self, value: &'h [u8]) -> Result<(), Wrong> {
        match self.host.replace(value) {
            None => Ok(()),
            Some(_) => Err(Wrong::HostTwice),
        }
    }

    fn take_length(&mut self, value: &[u8]) -> Result<(), Wrong> {
        // Digits only, which `parse` alone does not ask for: it takes a `+`.
        let digits = value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value).ok().filter(|_it| digits);
        let number = number.and_then(|it| it.parse().ok()).ok_or(Wrong::ContentLength)?;
        match self.length.replace(number) {
            None => Ok(()),
            Some(_) => Err(Wrong::ContentLengthTwice),
        }
    }

    fn take_coding(&mut self, value: &[u8]) -> Result<(), Wrong> {
        if self.chunked {
            return Err(Wrong::TransferEncodingTwice);
        }
        self.chunked = value.eq_ignore_ascii_case(b"chunked");
        if self.chunked { Ok(()) } else { Err(Wrong::TransferEncoding) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { head: 1000, fields: 4, target: 20 };

    fn check_line(line: &str, expect: Result<Body, Wrong>) {
        check_head(&format!("{line}\r\nHost: a\r\n"), expect);
    }

    fn check_fields(fields: &str, expect: Result<Body, Wrong>) {
        check_head(&format!("POST / HTTP/1.1\r\n{fields}"), expect);
    }

    fn check_head(head: &str, expect: Result<Body, Wrong>) {
        assert_eq!(check(format!("{head}\r\n").as_bytes(), &LIMITS), expect, "{head:?}");
    }

    const NONE: Result<Body, Wrong> = Ok(Body::Length(0));

    #[test]
    fn request_lines() {
        check_line("POST /graphql HTTP/1.1", NONE);
        check_line("get / HTTP/1.1", NONE);
        check_line("POST /45678901234567890123 HTTP/1.1", Err(Wrong::TargetTooLong));
        check_line("POST /456789012345678901 HTTP/1.1", NONE);
        check_line(&format!("{} / HTTP/1.1", "M".repeat(32)), NONE);
        check_line(&format!("{} / HTTP/1.1", "M".repeat(33)), Err(Wrong::Method));
        check_line("CONNECT a:80 HTTP/1.1", Err(Wrong::Connect));
        check_line("P(ST / HTTP/1.1", Err(Wrong::Method));
        check_line(" POST / HTTP/1.1", Err(Wrong::Method));
        check_line("POST  / HTTP/1.1", Err(Wrong::Version));
        check_line("POST / HTTP/1.1 ", Err(Wrong::Version));
        check_line("POST\t/ HTTP/1.1", Err(Wrong::Method));
        check_line("POST /\tHTTP/1.1", Err(Wrong::Version));
        check_line("POST /", Err(Wrong::Version));
        check_line("POST / HTTP/2.0", Err(Wrong::Version));
        check_line("POST / HTTP/1.2", Err(Wrong::Version));
        check_line("POST / http/1.1", Err(Wrong::Version));
        check_line("POST / HTTP/1.1\r", Err(Wrong::Version));
    }

    #[test]
    fn only_a_get_without_a_body_switches() {
        let check = |line: &str, fields: &str, expect| {
            check_head(&format!("{line}\r\nHost: a\r\n{fields}\r\n"), Ok(expect));
        };
        let (get, upgrade) = ("GET / HTTP/1.1", "Upgrade: WebSocket");
        check(get, upgrade, Body::Switch);
        check(get, "Upgrade: h2c", Body::Length(0));
        check(get, "Upgrade: websocket, h2c", Body::Length(0));
        check("GET / HTTP/1.0", upgrade, Body::Length(0));
        check("POST / HTTP/1.1", upgrade, Body::Length(0));
        check(get, &format!("{upgrade}\r\nContent-Length: 0"), Body::Length(0));
        check(get, &format!("{upgrade}\r\nTransfer-Encoding: chunked"), Body::Chunks);
    }

    #[test]
    fn hosts_are_there_once() {
        check_fields("hOST:a", NONE);
        check_fields("", Err(Wrong::HostMissing));
        check_fields("Host: a\r\nHost: a\r\n", Err(Wrong::HostTwice));
        check_fields("Host: a/b\r\n", Err(Wrong::Host));
        check_fields("Host:\r\n", Err(Wrong::Host));
        check_fields("Host: \ta\r\n", Err(Wrong::Host));
        check_head("GET / HTTP/1.0\r\n", NONE);
    }

    #[test]
    fn framing_has_one_reading() {
        let fields = |it: &str, expect| check_fields(&format!("Host: a\r\n{it}\r\n"), expect);
        fields("Content-Length: 12", Ok(Body::Length(12)));
        fields("Content-Length:  12  ", Ok(Body::Length(12)));
        fields("Transfer-Encoding: chunked", Ok(Body::Chunks));
        fields("transfer-encoding:CHUNKED", Ok(Body::Chunks));
        for it in ["", "+1", "-1", "1,1", "1 1", "\t1", "1\t", "0x1", "1.0", "18446744073709551616"]
        {
            fields(&format!("Content-Length: {it}"), Err(Wrong::ContentLength));
        }
        for it in [
            "",
            "identity",
            "gzip, chunked",
            "chunked, chunked",
            "xchunked",
            "\"chunked\"",
            "chunked;a=b",
            "\tchunked",
        ] {
            fields(&format!("Transfer-Encoding: {it}"), Err(Wrong::TransferEncoding));
        }
        fields("Content-Length: 1\r\nContent-Length: 1", Err(Wrong::ContentLengthTwice));
        fields("Content-Length: 1\r\nTransfer-Encoding: chunked", Err(Wrong::LengthAndCoding));
        let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked";
        fields(twice, Err(Wrong::TransferEncodingTwice));
        let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n";
        check_head(old, Err(Wrong::TransferEncoding));
    }

    #[test]
    fn fields_are_plain() {
        let fields = |it: &str, expect| check_fields(&format!("Host: a\r\n{it}\r\n"), expect);
        fields("X-A: \u{fc}\t~", NONE);
        fields("X-A:", NONE);
        fields("X-A : b", Err(Wrong::FieldName));
        fields("X A: b", Err(Wrong::FieldName));
        fields(": b", Err(Wrong::FieldName));
        fields("X-A", Err(Wrong::FieldName));
        fields("X\u{0}A: b", Err(Wrong::FieldName));
        fields("X-\u{fc}: b", Err(Wrong::FieldName));
        fields("X-A: b\r\n c", Err(Wrong::Folded));
        fields("X-A: b\r\n\tc", Err(Wrong::Folded));
        for it in ["\u{0}", "\u{b}", "\u{7f}", "\r", "a\rb"] {
            fields(&format!("X-A: {it}"), Err(Wrong::FieldValue));
        }
        fields("A: 1\r\nB: 1\r\nC: 1", NONE);
        fields("A: 1\r\nB: 1\r\nC: 1\r\nD: 1", Err(Wrong::TooManyFields));
    }
}
