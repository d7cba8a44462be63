//! Scanning of single tokens.

use crate::json::{Error, Escapes, Piece, Problem, Written, plain::n_plain};

/// A position in a text.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn position(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) const fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes over a token that is known.
    pub(super) fn pass(&mut self, length: usize) -> Piece {
        let start = self.position();
        self.at = self.at.saturating_add(length);
        self.piece_from(start)
    }

    /// What was passed over since.
    pub(super) fn piece_from(&self, start: u32) -> Piece {
        Piece { start, end: self.position() }
    }

    pub(super) fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.bump();
        }
    }

    pub(super) fn take_if(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.bump();
        }
        is_next
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.take_if(byte) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn expect_end(&self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(Problem::TrailingBytes)),
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Result<Piece, Error> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.unexpected());
        }
        Ok(self.pass(word.len()))
    }

    pub(super) fn error(&self, problem: Problem) -> Error {
        // Behind the last byte there is nothing to show.
        let mut at = self.at.min(self.bytes.len());
        // Nor inside of a character, which has four bytes at the most.
        while self.bytes.get(at).is_some_and(|it| it & 0xc0 == 0x80) {
            at = at.saturating_sub(1);
        }
        Error { problem, at }
    }

    pub(super) fn unexpected(&self) -> Error {
        let rest = self.rest();
        self.error(if rest.is_empty() {
            Problem::UnexpectedEnd
        } else if rest.starts_with(b"\xef\xbb\xbf") {
            Problem::ByteOrderMark
        } else {
            Problem::UnexpectedByte
        })
    }

    fn skip_digits(&mut self) -> Result<(), Error> {
        let start = self.at;
        while self.peek().is_some_and(|it| it.is_ascii_digit()) {
            self.bump();
        }
        if self.at == start { Err(self.error(Problem::Number)) } else { Ok(()) }
    }

    /// What stands between `start` and here is a number that a double can hold.
    fn expect_finite(&self, start: usize) -> Result<(), Error> {
        let text = self.bytes.get(start..self.at).and_then(|it| std::str::from_utf8(it).ok());
        let value = text.and_then(|it| it.parse::<f64>().ok());
        if value.is_some_and(f64::is_finite) { Ok(()) } else { Err(self.error(Problem::Number)) }
    }

    /// Passes over what means only itself inside a string.
    fn skip_plain(&mut self) {
        self.at = self.at.saturating_add(n_plain(self.rest()));
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        let digits = self.bytes.get(self.at..self.at.saturating_add(4));
        let digits = digits.ok_or_else(|| self.error(Problem::Escape))?;
        let value = digits
            .iter()
            .try_fold(0_u32, |value, digit| Some((value << 4) | (*digit as char).to_digit(16)?));
        let value = value.ok_or_else(|| self.error(Problem::Escape))?;
        self.at = self.at.saturating_add(4);
        Ok(value)
    }
}

/// A number, RFC 8259 §6; one that a double cannot hold is refused, for readers make infinity, an
/// error or null of it.
pub(super) fn number(cursor: &mut Cursor<'_>) -> Result<Piece, Error> {
    let first = cursor.at();
    let start = cursor.position();
    cursor.take_if(b'-');
    if cursor.take_if(b'0') {
        if cursor.peek().is_some_and(|it| it.is_ascii_digit()) {
            return Err(cursor.error(Problem::Number));
        }
    } else {
        cursor.skip_digits()?;
    }
    if cursor.take_if(b'.') {
        cursor.skip_digits()?;
    }
    if cursor.take_if(b'e') || cursor.take_if(b'E') {
        let _sign = cursor.take_if(b'+') || cursor.take_if(b'-');
        cursor.skip_digits()?;
        cursor.expect_finite(first)?;
    } else if cursor.at().saturating_sub(first) > MAX_FINITE_DIGITS {
        cursor.expect_finite(first)?;
    }
    Ok(cursor.piece_from(start))
}

/// So many digits without an exponent are a finite number.
const MAX_FINITE_DIGITS: usize = 300;

/// A string with its quotes, RFC 8259 §7; a lone surrogate is refused.
#[inline]
pub(super) fn string(cursor: &mut Cursor<'_>) -> Result<Written, Error> {
    let start = cursor.position();
    cursor.bump();
    cursor.skip_plain();
    if cursor.take_if(b'"') {
        return Ok(Written { piece: cursor.piece_from(start), escapes: Escapes::None });
    }
    with_escapes(cursor, start)
}

/// The rest of a string that does not end where something special stands first.
#[inline(never)]
fn with_escapes(cursor: &mut Cursor<'_>, start: u32) -> Result<Written, Error> {
    // Budget: the text; every turn passes over an escape or ends.
    loop {
        match cursor.peek() {
            Some(b'\\') => escape(cursor)?,
            Some(b'"') => {
                cursor.bump();
                return Ok(Written { piece: cursor.piece_from(start), escapes: Escapes::Some });
            }
            Some(_control) => return Err(cursor.error(Problem::ControlCharacter)),
            None => return Err(cursor.error(Problem::UnexpectedEnd)),
        }
        cursor.skip_plain();
    }
}

/// A backslash, and what it stands before.
#[inline]
fn escape(cursor: &mut Cursor<'_>) -> Result<(), Error> {
    cursor.bump();
    let letter = cursor.peek();
    cursor.bump();
    match letter {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
        Some(b'u') => code_point(cursor),
        Some(_) => Err(cursor.error(Problem::Escape)),
        None => Err(cursor.error(Problem::UnexpectedEnd)),
    }
}

/// The digits of an escape, or of two that make a pair.
fn code_point(cursor: &mut Cursor<'_>) -> Result<(), Error> {
    // The backslash and the letter were passed over.
    let lone = Error { problem: Problem::LoneSurrogate, at: cursor.at().saturating_sub(2) };
    match cursor.hex4()? {
        0xd800..=0xdbff => {
            let follows = cursor.take_if(b'\\') && cursor.take_if(b'u');
            if follows && matches!(cursor.hex4()?, 0xdc00..=0xdfff) {
                return Ok(());
            }
            Err(lone)
        }
        0xdc00..=0xdfff => Err(lone),
        _ => Ok(()),
    }
}
