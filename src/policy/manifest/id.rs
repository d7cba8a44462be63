//! What a client calls a document by: its SHA-256, or a name that someone gave it.
//!
//! An MD5 or SHA-1 proves nothing about a text, so it is a name like any other.

use crate::digest::Digest;

/// An id of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DocumentId {
    /// The SHA-256 of its text: `sha256:…`, or its digits alone.
    Content(Digest),
    /// Any other name: `x-checkout-v2`, an MD5, a number.
    Custom(Box<str>),
}

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoId {
    /// It says that it is a SHA-256 and is not written as one.
    Hash,
    /// It is empty, or too long for a name.
    Length,
    /// It holds a space or a control character.
    Character,
}

impl DocumentId {
    /// Reads an id as it is written in a manifest or a request. A SHA-256 is written in lower case
    /// only: a cache behind us may tell capitals apart.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, NoId> {
        if let Some(digits) = text.strip_prefix("sha256:") {
            return content(digits).ok_or(NoId::Hash);
        }
        if let Some(id) = content(text) {
            return Ok(id);
        }
        if Digest::from_hex(text).is_some() {
            return Err(NoId::Hash);
        }
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(NoId::Length);
        }
        if text.chars().any(|it| it.is_whitespace() || it.is_control()) {
            return Err(NoId::Character);
        }
        Ok(Self::Custom(text.into()))
    }
}

fn content(digits: &str) -> Option<DocumentId> {
    let is_lower = !digits.bytes().any(|it| it.is_ascii_uppercase());
    Digest::from_hex(digits).filter(|_| is_lower).map(DocumentId::Content)
}

impl std::fmt::Display for NoId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hash => "a SHA-256 is 64 hexadecimal digits in lower case",
            Self::Length => "an id has 1 to 256 bytes",
            Self::Character => "an id has no spaces and no control characters",
        })
    }
}

/// Longer than any hash or name in use.
const MAX_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<DocumentId, NoId>) {
        assert_eq!(DocumentId::parse(text), expect, "{text}");
    }

    #[test]
    fn a_sha_256_is_content_and_all_else_is_a_name() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let content = || Ok(DocumentId::Content(Digest::of(b"abc")));
        check(hex, content());
        check(&format!("sha256:{hex}"), content());
        let custom = |text: &str| check(text, Ok(DocumentId::Custom(text.into())));
        custom("900150983cd24fb0d6963f7d28e17f72");
        custom("md5:900150983cd24fb0d6963f7d28e17f72");
        custom("x-checkout:v2");
        custom("1");
        custom(&"a".repeat(256));
        custom(hex.trim_start_matches('b'));
    }

    #[test]
    fn what_is_no_id() {
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&hex.to_uppercase(), Err(NoId::Hash));
        check(&format!("sha256:{}", hex.to_uppercase()), Err(NoId::Hash));
        check("sha256:", Err(NoId::Hash));
        check("sha256:abc", Err(NoId::Hash));
        check("", Err(NoId::Length));
        check(&"a".repeat(257), Err(NoId::Length));
        check("a b", Err(NoId::Character));
        check("a\n", Err(NoId::Character));
    }
}
