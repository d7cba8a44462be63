//! A string as it stands in a JSON text.
//!
//! Its escapes are resolved when somebody asks what it says, and not before.

use std::borrow::Cow;

use crate::json::{plain::n_plain, unescape::unescape, write::escape};

/// A string with its quotes, every escape checked: only the reader and the writer make one.
#[derive(Clone, Debug)]
pub struct Literal<'a>(Cow<'a, str>);

impl<'a> Literal<'a> {
    /// The literal that says this.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Cow::Owned(escape(text)))
    }

    /// INVARIANT: `written` was scanned.
    pub(super) const fn scanned(written: &'a str) -> Self {
        Self(Cow::Borrowed(written))
    }

    /// As it is written, with its quotes. One text can be written in many ways.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        unquote(&self.0)
    }

    /// The same by value, so that what is borrowed from the JSON text stays so.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self.0 {
            Cow::Borrowed(written) => unquote(written),
            Cow::Owned(written) => Cow::Owned(unquote(&written).into_owned()),
        }
    }

    /// What it says, when that is at most `limit` bytes; no more of it than that is resolved.
    #[must_use]
    pub fn text_within(&self, limit: u64) -> Option<Cow<'_, str>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let inner = inner(&self.0);
        if has_escapes(inner) {
            unescape(inner, limit).map(Cow::Owned)
        } else {
            (inner.len() <= limit).then_some(Cow::Borrowed(inner))
        }
    }
}

/// The content of a string literal that was scanned before.
pub(super) fn unquote(literal: &str) -> Cow<'_, str> {
    let inner = inner(literal);
    match has_escapes(inner).then(|| unescape(inner, usize::MAX)).flatten() {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(inner),
    }
}

/// Whether a literal says this text. Most that do not differ in their first bytes already.
pub(super) fn says(literal: &str, text: &str) -> bool {
    let inner = inner(literal).as_bytes();
    let is_itself = |(a, b): &(&u8, u8)| **a == *b && **a != b'\\';
    let n_same = inner.iter().zip(text.bytes()).take_while(is_itself).count();
    match inner.get(n_same) {
        None => n_same == text.len(),
        Some(b'\\') => unquote(literal) == text,
        Some(_) => false,
    }
}

fn inner(literal: &str) -> &str {
    literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default()
}

fn has_escapes(inner: &str) -> bool {
    n_plain(inner.as_bytes()) < inner.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, limit: u64, expect: Option<&str>) {
        let literal = Literal::scanned(written);
        assert_eq!(literal.text_within(limit).as_deref(), expect, "{written} within {limit}");
        if let Some(text) = expect {
            assert_eq!(literal.text(), text);
            assert_eq!(Literal::of(text).text(), text);
            assert!(says(written, text) && !says(written, "other"));
        }
    }

    #[test]
    fn what_is_said_is_not_what_is_written() {
        assert!(!says(r#""a\n""#, r"a\n"));
        assert!(says(r#""a\n""#, "a\n"));
        assert!(says(r#""a\\n""#, r"a\n"));
        assert!(says(r#""\\""#, r"\"));
        assert!(!says(r#""ab""#, "a"));
        assert!(!says(r#""a""#, "ab"));
        assert!(says(r#""""#, ""));
        assert!(!says(r#""a\u0062""#, "a"));
        assert!(says(r#""a\u0062""#, "ab"));
    }

    #[test]
    fn both_sides_of_a_limit() {
        check(r#""""#, 0, Some(""));
        check(r#""abc""#, 3, Some("abc"));
        check(r#""abc""#, 2, None);
        check(r#""a\nb\u00e9""#, 5, Some("a\nbé"));
        check(r#""a\nb\u00e9""#, 4, None);
        check(r#""\u0061bc""#, 3, Some("abc"));
        check(r#""\u0061bc""#, 2, None);
        check(r#""\\\\\\""#, 3, Some(r"\\\"));
        check(r#""\\\\\\""#, 2, None);
    }
}
