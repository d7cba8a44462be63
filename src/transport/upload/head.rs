//! What the head of a part says, as far as anything of it goes on.

use http::{HeaderMap, HeaderName, header::CONTENT_DISPOSITION, header::CONTENT_TYPE};

use crate::{
    transport::{
        media::{is_token, only},
        upload::invalid_upload,
    },
    verdict::Violation,
};

/// The head of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHead {
    /// The client's name for it.
    pub name: Box<str>,
    /// What a file is called, in letters that a header can carry; nothing for what is no file.
    pub filename: Option<Box<str>>,
    /// The type of its content.
    pub media: Box<str>,
}

impl PartHead {
    /// From its headers, and what was read of `Content-Disposition`.
    ///
    /// # Errors
    /// `INVALID_UPLOAD`.
    pub fn read(
        headers: &HeaderMap,
        name: Option<&str>,
        filename: Option<&str>,
    ) -> Result<Self, Violation> {
        if !is_form_data(headers) {
            return Err(invalid_upload("a part needs one `Content-Disposition: form-data`"));
        }
        let name = name.filter(|it| !it.is_empty() && it.len() <= MAX_NAME);
        let name = name.ok_or_else(|| invalid_upload("a part has no name"))?;
        match only(headers, &TRANSFER_ENCODING) {
            None => {}
            Some(Some(it)) if PLAIN.iter().any(|plain| it.eq_ignore_ascii_case(plain)) => {}
            Some(_) => return Err(invalid_upload("a part must not be encoded")),
        }
        let media = match only(headers, &CONTENT_TYPE) {
            // RFC 7578 §4.4.
            None => "text/plain",
            Some(Some(it)) if is_media(it) => it,
            Some(_) => return Err(invalid_upload("the content type of a part is malformed")),
        };
        Ok(Self { name: name.into(), filename: filename.map(safe), media: media.into() })
    }
}

/// Asked of bytes: browsers write letters beyond ASCII into file names.
fn is_form_data(headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(CONTENT_DISPOSITION).iter();
    let (Some(only), None) = (all.next(), all.next()) else { return false };
    let kind = only.as_bytes().split(|it| *it == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"form-data")
}

/// The last part of a path, without what ends a header or misleads who reads it.
fn safe(filename: &str) -> Box<str> {
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = String::with_capacity(last.len().min(MAX_FILENAME));
    for letter in last.chars() {
        let letter = if is_safe(letter) { letter } else { '_' };
        if safe.len().saturating_add(letter.len_utf8()) > MAX_FILENAME {
            break;
        }
        safe.push(letter);
    }
    if safe.chars().all(|it| it == '.' || it == ' ') { "file".into() } else { safe.into() }
}

/// No quotes and controls, nothing that turns the direction of reading, and no semicolon: some
/// servers split a header there, quoted or not, and would read another name behind it.
fn is_safe(letter: char) -> bool {
    let turns = matches!(letter, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !letter.is_control() && !turns && !matches!(letter, '"' | ';' | '\u{feff}' | '\u{fffd}')
}

/// RFC 9110 §8.3.1, without escapes in what is quoted. What browsers say of a file comes from
/// whoever made it: `video/webm;codecs=vp9,opus` is what `MediaRecorder` writes.
fn is_media(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().and_then(|it| it.split_once('/'));
    let is_parameter =
        |it: &str| it.split_once('=').is_some_and(|(name, it)| is_token(name) && is_value(it));
    text.len() <= MAX_MEDIA
        && media.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parts.all(|it| it.is_empty() || is_parameter(it))
}

fn is_value(text: &str) -> bool {
    let is_plain = |it: u8| matches!(it, b' '..=b'~') && !matches!(it, b'"' | b'\\');
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').is_some_and(|it| it.bytes().all(is_plain)),
        None => !text.is_empty() && text.split(',').all(is_token),
    }
}

/// RFC 7578 §4.7 retires it; old clients say that nothing is encoded.
const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");
const PLAIN: [&str; 3] = ["7bit", "8bit", "binary"];
/// 128 bytes: clients count their files.
const MAX_NAME: usize = 128;
/// 255 bytes: what file systems take.
const MAX_FILENAME: usize = 255;
/// 127 bytes: RFC 4288 §4.2, with room for a charset.
const MAX_MEDIA: usize = 127;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expect: Result<&str, &str>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let got = PartHead::read(&map, Some("0"), Some("a.txt")).map(|it| it.media.to_string());
        let got = got.as_deref().map_err(|it| &*it.public);
        assert_eq!(got, expect, "{headers:?}");
    }

    #[test]
    fn one_type_that_is_well_formed() {
        let disposition = ("content-disposition", "form-data; name=\"0\"");
        check(&[disposition], Ok("text/plain"));
        for it in [
            "image/png",
            "text/plain;charset=UTF-8",
            "text/plain; charset=\"utf 8\"",
            "text/plain;",
            "video/webm;codecs=vp9,opus",
            "application/vnd.a+json; v=1",
        ] {
            check(&[disposition, ("content-type", it)], Ok(it));
        }
        let malformed = Err("the content type of a part is malformed");
        for it in [
            "",
            "text",
            "text/",
            "text/a/b",
            "text/plain; a",
            "text/plain; a=",
            "text/plain; a=b,",
            "text/plain; a=b c",
            "text/plain; a=\"b",
            "text/plain; a=\"b\"c\"",
            "text/plain; a=\"\\\"\"",
            "a/b c",
        ] {
            check(&[disposition, ("content-type", it)], malformed);
        }
        let text = ("content-type", "text/plain");
        check(&[disposition, text, text], malformed);
    }

    #[test]
    fn a_part_of_a_form_and_as_it_is() {
        let disposition = ("content-disposition", "form-data; name=\"0\"");
        check(&[disposition, ("content-transfer-encoding", "Binary")], Ok("text/plain"));
        let encoded = Err("a part must not be encoded");
        check(&[disposition, ("content-transfer-encoding", "base64")], encoded);
        let none = Err("a part needs one `Content-Disposition: form-data`");
        check(&[], none);
        check(&[disposition, disposition], none);
        check(&[("content-disposition", "attachment; name=\"0\"")], none);
    }

    #[test]
    fn file_names_are_safe() {
        for (name, expect) in [
            ("a b.txt", "a b.txt"),
            ("\u{e4}\u{4e2d}.png", "\u{e4}\u{4e2d}.png"),
            ("../../etc/passwd", "passwd"),
            ("C:\\dir\\a.txt", "a.txt"),
            ("a\"; name=\"operations", "a__ name=_operations"),
            ("a\r\nX: 1", "a__X: 1"),
            ("..", "file"),
            ("", "file"),
            ("a/", "file"),
            ("gpj\u{202e}exe", "gpj_exe"),
            ("a\0b", "a_b"),
        ] {
            assert_eq!(&*safe(name), expect);
        }
        assert_eq!(safe(&"a".repeat(300)).len(), 255);
        assert_eq!(safe(&"\u{e4}".repeat(300)).len(), 254);
    }
}
