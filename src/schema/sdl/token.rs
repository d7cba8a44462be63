//! Cuts a schema text into tokens.
//!
//! Values of strings and numbers stay as written.

use crate::schema::sdl::{Report, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    BlockString,
    End,
    Float,
    Int,
    Name,
    Punctuator(u8),
    String,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Every token of the text; the last one is [`TokenKind::End`].
pub(super) fn tokens(text: &str, report: &mut Report) -> Vec<Token> {
    let mut lexer = Lexer { text: text.as_bytes(), at: 0 };
    // Six bytes per token is what large schemas have.
    let mut found = Vec::with_capacity(text.len() / 6);
    loop {
        lexer.skip_ignored();
        let start = lexer.at;
        let kind = match lexer.kind() {
            Ok(kind) => kind,
            Err((code, message)) => {
                report.error(code, span(start, lexer.at), message.to_owned());
                continue;
            }
        };
        found.push(Token { kind, span: span(start, lexer.at) });
        if kind == TokenKind::End {
            return found;
        }
    }
}

type Malformed = (&'static str, &'static str);

struct Lexer<'s> {
    text: &'s [u8],
    at: usize,
}

impl Lexer<'_> {
    fn skip_ignored(&mut self) {
        loop {
            match self.rest() {
                [b' ' | b'\t' | b'\n' | b'\r' | b',', ..] => self.bump(1),
                [b'#', ..] => self.skip_while(|it| it != b'\n' && it != b'\r'),
                [0xEF, 0xBB, 0xBF, ..] => self.bump(3),
                _ => return,
            }
        }
    }

    /// The kind of the next token, which is then consumed.
    fn kind(&mut self) -> Result<TokenKind, Malformed> {
        match self.rest() {
            [] => Ok(TokenKind::End),
            [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
                self.skip_while(|it| it.is_ascii_alphanumeric() || it == b'_');
                Ok(TokenKind::Name)
            }
            [b'"', b'"', b'"', ..] => self.block_string(),
            [b'"', ..] => self.string(),
            [b'-' | b'0'..=b'9', ..] => self.number(),
            [
                it @ (b'!' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|'
                | b'}'),
                ..,
            ] => {
                let punctuator = *it;
                self.bump(1);
                Ok(TokenKind::Punctuator(punctuator))
            }
            _ => {
                self.bump(1);
                // To the end of the character, so that the place is a part of the text.
                self.skip_while(|it| it & 0b1100_0000 == 0b1000_0000);
                Err(("unexpected-character", "this character has no meaning in a schema"))
            }
        }
    }

    fn string(&mut self) -> Result<TokenKind, Malformed> {
        self.bump(1);
        loop {
            match self.rest() {
                [b'"', ..] => {
                    self.bump(1);
                    return Ok(TokenKind::String);
                }
                [b'\\', b'"' | b'\\', ..] => self.bump(2),
                [] | [b'\n' | b'\r', ..] => {
                    return Err(("unterminated-string", "the string does not end on its line"));
                }
                [_, ..] => self.bump(1),
            }
        }
    }

    fn block_string(&mut self) -> Result<TokenKind, Malformed> {
        self.bump(3);
        loop {
            match self.rest() {
                [b'"', b'"', b'"', ..] => {
                    self.bump(3);
                    return Ok(TokenKind::BlockString);
                }
                [b'\\', b'"', b'"', b'"', ..] => self.bump(4),
                [] => return Err(("unterminated-string", "the block string never ends")),
                [_, ..] => self.bump(1),
            }
        }
    }

    fn number(&mut self) -> Result<TokenKind, Malformed> {
        let start = self.at;
        self.bump(1);
        self.skip_while(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'+' | b'-' | b'_'));
        let text = self.text.get(start..self.at).unwrap_or_default();
        if is_integer(text) {
            Ok(TokenKind::Int)
        } else if is_float(text) {
            Ok(TokenKind::Float)
        } else {
            Err(("malformed-number", "this is not a number"))
        }
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let n_bytes = self.rest().iter().take_while(|it| belongs(**it)).count();
        self.bump(n_bytes);
    }

    const fn bump(&mut self, n_bytes: usize) {
        self.at = self.at.saturating_add(n_bytes);
    }
}

// GraphQL §2.9.1: no leading zeros, no plus sign.
fn is_integer(text: &[u8]) -> bool {
    match text.strip_prefix(b"-").unwrap_or(text) {
        [] => false,
        [b'0'] => true,
        [b'0', ..] => false,
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

// GraphQL §2.9.2.
fn is_float(text: &[u8]) -> bool {
    let mut parts = text.splitn(2, |it| matches!(it, b'e' | b'E'));
    let mantissa = parts.next().unwrap_or_default();
    let has_digits = |it: &[u8]| !it.is_empty() && it.iter().all(u8::is_ascii_digit);
    let exponent_holds = parts.next().is_none_or(|it| {
        has_digits(it.strip_prefix(b"-").or_else(|| it.strip_prefix(b"+")).unwrap_or(it))
    });
    let mut halves = mantissa.splitn(2, |it| *it == b'.');
    let whole = halves.next().unwrap_or_default();
    exponent_holds && is_integer(whole) && halves.next().is_none_or(has_digits)
}

fn span(start: usize, end: usize) -> Span {
    let position = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Span { start: position(start), end: position(end) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn check(text: &str, expect: &[&str]) {
        let source = Arc::new(Source { name: "t".into(), text: text.into() });
        let mut report = Report::new(source);
        let mut found: Vec<String> = tokens(text, &mut report)
            .iter()
            .filter(|it| it.kind != TokenKind::End)
            .map(|it| text.get(it.span.range()).unwrap().to_owned())
            .collect();
        found.extend(report.into_diagnostics().iter().map(|it| it.code.to_owned()));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn blanks_commas_comments_and_marks_are_ignored() {
        check("\u{feff}a,b # c \"\n\td", &["a", "b", "d"]);
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        check(r#"a "type # { \" \\" b"#, &["a", r#""type # { \" \\""#, "b"]);
        check(r#""""x " \""" } """ "" b"#, &[r#""""x " \""" } """"#, "\"\"", "b"]);
    }

    #[test]
    fn numbers_are_those_of_the_language() {
        check("0 -1 1.5 1e3 -0.1E-2", &["0", "-1", "1.5", "1e3", "-0.1E-2"]);
        for bad in ["01", "1.", "-", "1x", ".5", "+1", "1e", "1.e3"] {
            let source = Arc::new(Source { name: "t".into(), text: bad.into() });
            let mut report = Report::new(source);
            tokens(bad, &mut report);
            assert!(report.has_errors(), "{bad}");
        }
    }

    #[test]
    fn every_malformed_token_is_reported() {
        check(
            "a ? \u{e9} \"b\nc",
            &["a", "c", "unexpected-character", "unexpected-character", "unterminated-string"],
        );
        check("\"\"\"a", &["unterminated-string"]);
    }
}
