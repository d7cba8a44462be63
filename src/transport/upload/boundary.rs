//! The content type of a request with files, and the boundary between its parts.

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

use crate::{
    policy::{Http, Uploads},
    transport::{
        get,
        media::{is_token, only},
    },
    verdict::{Code, Violation, ids},
};

/// The boundary of a body with files, when the policy takes any.
///
/// # Errors
/// `CONTENT_TYPE_NOT_SUPPORTED`, and `CSRF_HEADER_REQUIRED`, since a form of any site can send such
/// a body unasked.
pub fn with_files(
    headers: &HeaderMap,
    http: &Http,
) -> Result<Option<(Box<str>, Uploads)>, Violation> {
    let unsupported =
        |public| Violation::new(ids::MEDIA_TYPE, Code::CONTENT_TYPE_NOT_SUPPORTED, public);
    let Some(uploads) = http.uploads else { return Ok(None) };
    let Some(Some(value)) = only(headers, &CONTENT_TYPE) else { return Ok(None) };
    let (name, parameters) = value.split_once(';').unwrap_or((value, ""));
    if !name.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(unsupported("a body with files must not be encoded"));
    }
    let boundary = boundary(parameters).ok_or_else(|| unsupported("the boundary is malformed"))?;
    get::asked_for(headers, http, "a request with files")?;
    Ok(Some((boundary.into(), uploads)))
}

/// Our content type, with a boundary of ours.
#[must_use]
pub fn boundary_of(boundary: &str) -> HeaderValue {
    let value = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    // Letters and digits are a header value.
    value.unwrap_or(HeaderValue::from_static("multipart/form-data"))
}

/// The one parameter that says something.
fn boundary(parameters: &str) -> Option<&str> {
    let mut boundary = None;
    for parameter in parameters.split(';').map(str::trim).filter(|it| !it.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        if !is_token(name) {
            return None;
        }
        if name.eq_ignore_ascii_case("boundary") {
            let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            let is_new = boundary.replace(quoted.unwrap_or(value)).is_none();
            if !is_new {
                return None;
            }
        }
    }
    boundary.filter(|it| (1..=MAX_BOUNDARY).contains(&it.len()) && it.bytes().all(is_boundary))
}

/// RFC 2046 §5.1.1, without the space, which nobody sends and some cut off.
fn is_boundary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte)
}

/// 70 bytes: RFC 2046 §5.1.1.
const MAX_BOUNDARY: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_boundary_is_given() {
        let long = "b".repeat(70);
        for (parameters, expect) in [
            (" boundary=----WebKitFormBoundaryAbC", Some("----WebKitFormBoundaryAbC")),
            (" boundary=\"a:b\"", Some("a:b")),
            ("charset=utf-8; Boundary=x", Some("x")),
            (&format!("boundary={long}"), Some(&*long)),
            (&format!("boundary={long}b"), None),
            ("", None),
            ("boundary=", None),
            ("boundary=\"a", None),
            ("boundary=a b", None),
            ("boundary=a\u{e9}", None),
            ("boundary=a; boundary=b", None),
            ("boundary=a; boundary=a", None),
            ("boundary", None),
            ("b oundary=a; boundary=b", None),
        ] {
            assert_eq!(boundary(parameters), expect, "{parameters}");
        }
    }
}
