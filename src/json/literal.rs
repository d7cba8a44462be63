//! A string as it stands in a JSON text.
//!
//! Its escapes are resolved when somebody asks what it says, and not before.

use std::borrow::Cow;

use crate::json::{Escapes, plain::n_plain, unescape::unescape, write::escape};

/// A string with its quotes, every escape checked: only the reader and the writer make one.
#[derive(Clone, Debug)]
pub struct Literal<'a> {
    written: Cow<'a, str>,
    escapes: Escapes,
}

impl<'a> Literal<'a> {
    /// The literal that says this.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { written: Cow::Owned(escape(text)), escapes: Escapes::Some }
    }

    /// INVARIANT: `written` was scanned, and without escapes there is none in it.
    #[inline]
    pub(super) const fn scanned(written: &'a str, escapes: Escapes) -> Self {
        Self { written: Cow::Borrowed(written), escapes }
    }

    /// As it is written, with its quotes. One text can be written in many ways.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// What it says.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        unquote(&self.written, self.escapes)
    }

    /// The same by value, so that what is borrowed from the JSON text stays so.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self.written {
            Cow::Borrowed(written) => unquote(written, self.escapes),
            Cow::Owned(written) => Cow::Owned(unquote(&written, self.escapes).into_owned()),
        }
    }

    /// What it says, when that is at most `limit` bytes; no more of it than that is resolved.
    #[must_use]
    pub fn text_within(&self, limit: u64) -> Option<Cow<'_, str>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let inner = inner(&self.written);
        if self.escapes == Escapes::Some && has_escapes(inner) {
            unescape(inner, limit).map(Cow::Owned)
        } else {
            (inner.len() <= limit).then_some(Cow::Borrowed(inner))
        }
    }

    /// Whether it says this text. Most that do not differ in their length or first bytes already.
    #[inline]
    pub(super) fn says(&self, text: &str) -> bool {
        match self.escapes {
            Escapes::None => inner(&self.written) == text,
            Escapes::Some => says(&self.written, text),
        }
    }
}

/// The content of a string literal that was scanned before.
#[inline]
fn unquote(literal: &str, escapes: Escapes) -> Cow<'_, str> {
    let inner = inner(literal);
    match escapes {
        Escapes::None => Cow::Borrowed(inner),
        Escapes::Some => unescaped(inner),
    }
}

#[inline(never)]
fn unescaped(inner: &str) -> Cow<'_, str> {
    match has_escapes(inner).then(|| unescape(inner, usize::MAX)).flatten() {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(inner),
    }
}

fn says(literal: &str, text: &str) -> bool {
    let inner = inner(literal).as_bytes();
    let is_itself = |(a, b): &(&u8, u8)| **a == *b && **a != b'\\';
    let n_same = inner.iter().zip(text.bytes()).take_while(is_itself).count();
    match inner.get(n_same) {
        None => n_same == text.len(),
        Some(b'\\') => unquote(literal, Escapes::Some) == text,
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
        let literal = Literal::scanned(written, Escapes::Some);
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
