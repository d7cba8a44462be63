//! Text → tokens of executable documents, one at a time, byte by byte.
//!
//! Does not know which token may follow which, and unescapes nothing. What is no token at all is a
//! token of a kind that nobody expects, so that only the parser has to fail.

use crate::document::{Span, strings::escape};

/// What a token is.
// GraphQL §2.1.6; `&` and `|` stand in type systems only, and are no tokens here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    At,
    /// What no token begins with.
    BadCharacter,
    /// A string with an escape that the language does not have.
    BadEscape,
    BadNumber,
    Bang,
    BlockString,
    CloseBrace,
    CloseBracket,
    CloseParenthesis,
    Colon,
    Dollar,
    End,
    Equals,
    /// A string with escapes.
    EscapedString,
    Float,
    Int,
    Name,
    OpenBrace,
    OpenBracket,
    OpenParenthesis,
    Spread,
    /// A string without escapes.
    String,
    /// Whatever it is, it is over the limit.
    Surplus,
    /// A string that does not end, or not on its line.
    Unterminated,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// The rest of a text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    n_bytes: usize,
}

impl<'a> Lexer<'a> {
    /// From that byte of the text on.
    pub(super) fn new(text: &'a str, start: u32) -> Self {
        let rest = text.as_bytes().get(start as usize..).unwrap_or_default();
        Self { rest, n_bytes: text.len() }
    }

    /// The next token; behind the last one it is [`Kind::End`] for good.
    #[inline]
    pub(super) fn next(&mut self) -> Token {
        self.rest = behind_ignored(self.rest);
        let start = self.offset();
        let (kind, rest) = token(self.rest);
        self.rest = rest;
        Token { kind, span: Span { start, end: self.offset() } }
    }

    fn offset(&self) -> u32 {
        u32::try_from(self.n_bytes.saturating_sub(self.rest.len())).unwrap_or(u32::MAX)
    }
}

type Cut<'a> = (Kind, &'a [u8]);

#[inline]
fn token(text: &[u8]) -> Cut<'_> {
    let [first, rest @ ..] = text else { return (Kind::End, text) };
    match first {
        b'A'..=b'Z' | b'a'..=b'z' | b'_' => (Kind::Name, behind(rest, NAME)),
        b'!' => (Kind::Bang, rest),
        b'"' => match rest {
            [b'"', b'"', rest @ ..] => block_string(rest),
            _ => string(rest),
        },
        b'$' => (Kind::Dollar, rest),
        b'(' => (Kind::OpenParenthesis, rest),
        b')' => (Kind::CloseParenthesis, rest),
        b'-' | b'0'..=b'9' => number(text),
        b'.' => match rest {
            [b'.', b'.', rest @ ..] => (Kind::Spread, rest),
            _ => (Kind::BadCharacter, rest),
        },
        b':' => (Kind::Colon, rest),
        b'=' => (Kind::Equals, rest),
        b'@' => (Kind::At, rest),
        b'[' => (Kind::OpenBracket, rest),
        b']' => (Kind::CloseBracket, rest),
        b'{' => (Kind::OpenBrace, rest),
        b'}' => (Kind::CloseBrace, rest),
        _ => (Kind::BadCharacter, rest),
    }
}

// A byte order mark is not among them: one at the start is taken off before, others are refused.
#[inline]
fn behind_ignored(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = match rest {
            [first, behind @ ..] if is(*first, IGNORED) => behind_spaces(behind),
            [b'#', comment @ ..] => {
                let n_bytes = comment.iter().position(|it| matches!(it, b'\n' | b'\r'));
                n_bytes.and_then(|it| comment.get(it..)).unwrap_or_default()
            }
            _ => return rest,
        };
    }
}

/// What follows up to eight spaces: lines are indented, and a text has as many spaces as letters.
#[inline]
fn behind_spaces(text: &[u8]) -> &[u8] {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let Some(word) = text.first_chunk::<8>() else { return text };
    let others = u64::from_le_bytes(*word) ^ SPACES;
    text.get(others.trailing_zeros() as usize / 8..).unwrap_or_default()
}

// GraphQL §2.9.1, §2.9.2: no leading zeros, and neither a name nor a dot right behind.
fn number(text: &[u8]) -> Cut<'_> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match unsigned {
        [b'0', rest @ ..] => rest,
        _ => behind(unsigned, DIGIT),
    };
    let mut kind = Kind::Int;
    let mut is_whole = rest.len() < unsigned.len();
    if let [b'.', fraction @ ..] = rest {
        rest = behind(fraction, DIGIT);
        is_whole &= rest.len() < fraction.len();
        kind = Kind::Float;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let digits = match exponent {
            [b'+' | b'-', digits @ ..] => digits,
            digits => digits,
        };
        rest = behind(digits, DIGIT);
        is_whole &= rest.len() < digits.len();
        kind = Kind::Float;
    }
    let goes_on = rest.first().is_some_and(|it| *it == b'.' || is(*it, NAME));
    if is_whole && !goes_on { (kind, rest) } else { (Kind::BadNumber, rest) }
}

/// Behind the first quote.
fn string(text: &[u8]) -> Cut<'_> {
    let mut kind = Kind::String;
    let mut rest = text;
    loop {
        rest = behind(rest, IN_STRING);
        match rest {
            [b'"', rest @ ..] => return (kind, rest),
            [b'\\', ..] => {
                let escaped = escape(rest).and_then(|(_, n_bytes)| rest.get(n_bytes..));
                let Some(behind) = escaped else { return (Kind::BadEscape, rest) };
                kind = Kind::EscapedString;
                rest = behind;
            }
            _ => return (Kind::Unterminated, rest),
        }
    }
}

/// Behind the first three quotes.
fn block_string(text: &[u8]) -> Cut<'_> {
    let mut rest = text;
    loop {
        match rest {
            [] => return (Kind::Unterminated, rest),
            [b'"', b'"', b'"', rest @ ..] => return (Kind::BlockString, rest),
            [b'\\', b'"', b'"', b'"', behind @ ..] => rest = behind,
            [_, behind @ ..] => rest = behind,
        }
    }
}

/// What follows the bytes of a class.
#[inline]
fn behind(text: &[u8], class: u8) -> &[u8] {
    let n_bytes = text.iter().position(|it| !is(*it, class)).unwrap_or(text.len());
    text.get(n_bytes..).unwrap_or_default()
}

#[inline]
fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|it| it & class != 0)
}

// The classes of bytes, of which one may have several.
const DIGIT: u8 = 1;
const IGNORED: u8 = 2;
const IN_STRING: u8 = 4;
const NAME: u8 = 8;

/// By byte.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut all = [0; 256];
    let mut left: &mut [u8] = &mut all;
    let mut byte = 0_u8;
    while let [classes, rest @ ..] = left {
        *classes = classes_of(byte);
        left = rest;
        byte = byte.wrapping_add(1);
    }
    all
}

const fn classes_of(byte: u8) -> u8 {
    let classes = match byte {
        b'0'..=b'9' => DIGIT | NAME,
        b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME,
        b'\t' | b'\n' | b'\r' | b' ' | b',' => IGNORED,
        _ => 0,
    };
    if matches!(byte, b'"' | b'\\' | b'\n' | b'\r') { classes } else { classes | IN_STRING }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let mut lexer = Lexer::new(text, 0);
        let mut found = Vec::new();
        loop {
            let Token { kind, span } = lexer.next();
            if kind == Kind::End {
                return found.join(" ");
            }
            found.push(format!("{kind:?} {}-{}", span.start, span.end));
        }
    }

    fn check(text: &str, expect: &str) {
        assert_eq!(kinds(text), expect, "{text}");
    }

    #[test]
    fn tokens_stand_where_they_are_written() {
        check("", "");
        check(" ,\t\r\n#é\n#\r,# }", "");
        check("a#\rb", "Name 0-1 Name 3-4");
        check("a1_B,_", "Name 0-4 Name 5-6");
        check(
            "{}[]()",
            "OpenBrace 0-1 CloseBrace 1-2 OpenBracket 2-3 CloseBracket 3-4 OpenParenthesis 4-5 CloseParenthesis 5-6",
        );
        check("!:=@$ a", "Bang 0-1 Colon 1-2 Equals 2-3 At 3-4 Dollar 4-5 Name 6-7");
        check("......", "Spread 0-3 Spread 3-6");
        check(r#""""#, "String 0-2");
        check(r#""a""b""#, "String 0-3 String 3-6");
        check(r#""""""""#, "BlockString 0-6");
    }

    #[test]
    fn numbers_are_those_of_the_language() {
        for int in ["0", "-0", "7", "-10", "123456789012345678901234567890"] {
            check(int, &format!("Int 0-{}", int.len()));
        }
        for float in ["0.0", "-1.50", "1e5", "0E-0", "1.5e+10", "1e999"] {
            check(float, &format!("Float 0-{}", float.len()));
        }
        for bad in [
            "-", "--1", "01", "-01", "00", "0xF", "1a", "1_", "1.", "1.a", "1.e5", "1e", "1e+",
            "1.5.", "1.5e1.", "1...", "0.1x", "-a", "-.1",
        ] {
            assert!(kinds(bad).starts_with("BadNumber 0-"), "{bad}: {}", kinds(bad));
        }
        check("+1", "BadCharacter 0-1 Int 1-2");
        check(".5", "BadCharacter 0-1 Int 1-2");
        check("1,2", "Int 0-1 Int 2-3");
        check("1\"\"", "Int 0-1 String 1-3");
    }

    #[test]
    fn strings_end_where_they_say() {
        check(r#""\"""#, "EscapedString 0-4");
        check(r#""\\""#, "EscapedString 0-4");
        check(r#""\u{41}é\/\ud83d\ude00""#, "EscapedString 0-24");
        for bad in [r#""\""#, r#"""#, "\"a\n\"", "\"a\r\"", r#""""""#, r#"""""#, r#""""a\""""#] {
            assert!(kinds(bad).starts_with("Unterminated 0-"), "{bad}: {}", kinds(bad));
        }
        for bad in [r#""\a""#, r#""\u12""#, r#""\ud83d""#, r#""\ude00""#, "\"\\\n\"", r#""\"#] {
            assert!(kinds(bad).starts_with("BadEscape 0-"), "{bad}: {}", kinds(bad));
        }
        check("\"\"\"a\nb\r \" \"\" \\\"\"\" \\\\ \\u\"\"\"", "BlockString 0-26");
        check(r#""""\"""""""#, "BlockString 0-10");
    }

    #[test]
    fn nothing_else_is_a_token() {
        for bad in ["&", "|", "%", "'", ".", "..", "é", "\u{a0}", "\u{2028}", "?", ";", "/", "\\"]
        {
            assert!(kinds(bad).starts_with("BadCharacter 0-1"), "{bad}: {}", kinds(bad));
        }
    }
}
