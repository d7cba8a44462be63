//! JSON as it passes by, in pieces of any size: where its tokens begin and end.
//!
//! RFC 8259 to the letter, but for duplicate keys, lone surrogates and UTF-8, which others look
//! at. Keeps no text but the last key, and a scalar when it is told to.

mod number;

use crate::{
    json::n_plain,
    response::{Wrong, scan::number::Number},
};

/// What begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `[`
    ArrayBegins,
    /// `]`
    ArrayEnds,
    /// A key has been read; see [`Scanner::text`].
    Key,
    /// `{`
    ObjectBegins,
    /// `}`
    ObjectEnds,
    /// The first byte of a scalar.
    Scalar(Scalar),
    /// A scalar has been read; see [`Scanner::text`].
    ScalarEnds,
}

/// What a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Boolean,
    Null,
    Number,
    String,
}

/// A reader that can stop after any byte.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    /// For every open container whether it is an object.
    open: Vec<bool>,
    max_depth: usize,
    /// Bytes of the text that are kept.
    room: usize,
    text: Vec<u8>,
    /// The text is too long to be kept, or is no Unicode text.
    is_foreign: bool,
    captures: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind a value: a comma or the end of the container.
    Behind,
    /// Before the colon.
    Colon,
    /// Nothing may follow but white space.
    End,
    /// Before the first element of an array.
    FirstElement,
    /// Before the first key of an object.
    FirstKey,
    /// In a string.
    InString { is_key: bool, escape: Escape },
    /// Before a further key.
    Key,
    /// In a number.
    Number(Number),
    /// Before a value.
    Value,
    /// In `true`, `false` or `null`, of which this is left.
    Word(&'static [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// Hexadecimal digits still to come, and the value so far.
    Unicode(u8, u32),
}

impl Scanner {
    /// `longest`: bytes of the longest key that anybody looks for.
    pub(super) fn new(max_depth: usize, longest: usize) -> Self {
        Self {
            state: State::Value,
            open: Vec::new(),
            max_depth,
            room: longest.max(MAX_TEXT),
            text: Vec::new(),
            is_foreign: false,
            captures: false,
        }
    }

    /// Begins another text.
    pub(super) fn restart(&mut self) {
        self.state = State::Value;
        self.open.clear();
    }

    /// The key read last, or the scalar that was to be kept: a string without its escapes.
    /// Nothing when it is too long, or no Unicode text: no key that anybody looks for.
    pub(super) fn text(&self) -> Option<&[u8]> {
        (!self.is_foreign).then_some(self.text.as_slice())
    }

    /// Keeps the text of the scalar that has just begun.
    pub(super) fn capture(&mut self, first: u8) {
        self.begin_text();
        self.captures = true;
        if first != b'"' {
            self.text.push(first);
        }
    }

    /// True when the text is complete. A number that is all of it ends with it, without a token.
    pub(super) fn is_complete(&self) -> bool {
        match self.state {
            State::End => true,
            State::Number(number) => self.open.is_empty() && number.may_end(),
            State::Behind
            | State::Colon
            | State::FirstElement
            | State::FirstKey
            | State::InString { .. }
            | State::Key
            | State::Value
            | State::Word(_) => false,
        }
    }

    /// Reads `piece` from `at` to the next token: the token, and where it ends. A token that is
    /// one byte or the first byte of something ends behind that byte.
    // The budget of this loop is the text: every turn consumes at least one byte, but for the one
    // that ends a number.
    pub(super) fn next(
        &mut self,
        piece: &[u8],
        at: usize,
    ) -> Result<(Option<Token>, usize), Wrong> {
        let mut at = at;
        while let Some(byte) = piece.get(at).copied() {
            let token = match self.state {
                State::InString { is_key, escape: Escape::None } => {
                    let rest = piece.get(at..).unwrap_or_default();
                    let n = n_plain(rest);
                    self.keep(rest.get(..n).unwrap_or_default());
                    at = at.saturating_add(n);
                    match piece.get(at) {
                        Some(b'"') => Some(self.string_ends(is_key)),
                        Some(b'\\') => {
                            self.state = State::InString { is_key, escape: Escape::Begun };
                            None
                        }
                        Some(_control) => return Err(Wrong::NotJson),
                        None => return Ok((None, at)),
                    }
                }
                State::InString { is_key, escape } => {
                    let escape = self.escaped(escape, byte)?;
                    self.state = State::InString { is_key, escape };
                    None
                }
                State::Number(number) => match self.number(number, byte)? {
                    // What ends a number is not part of it.
                    Some(token) => return Ok((Some(token), at)),
                    None => None,
                },
                State::Word(rest) => self.word(rest, byte)?,
                _ if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') => None,
                _ => self.structure(byte)?,
            };
            at = at.saturating_add(1);
            if token.is_some() {
                return Ok((token, at));
            }
        }
        Ok((None, at))
    }

    /// Goes on with a number; the token when the byte before was its last.
    fn number(&mut self, number: Number, byte: u8) -> Result<Option<Token>, Wrong> {
        match number.then(byte) {
            Some(number) => {
                self.keep(&[byte]);
                self.state = State::Number(number);
                Ok(None)
            }
            None if number.may_end() => {
                self.state = self.after_value();
                Ok(Some(self.scalar_ends()))
            }
            None => Err(Wrong::NotJson),
        }
    }

    fn word(&mut self, rest: &'static [u8], byte: u8) -> Result<Option<Token>, Wrong> {
        let Some((expected, rest)) = rest.split_first() else { return Err(Wrong::NotJson) };
        if *expected != byte {
            return Err(Wrong::NotJson);
        }
        self.keep(&[byte]);
        self.state = State::Word(rest);
        if !rest.is_empty() {
            return Ok(None);
        }
        self.state = self.after_value();
        Ok(Some(self.scalar_ends()))
    }

    fn structure(&mut self, byte: u8) -> Result<Option<Token>, Wrong> {
        match (self.state, byte) {
            (State::Behind, b',') => {
                let in_object = self.open.last() == Some(&true);
                self.state = if in_object { State::Key } else { State::Value };
                Ok(None)
            }
            (State::Behind | State::FirstKey, b'}') => self.end(true).map(Some),
            (State::Behind | State::FirstElement, b']') => self.end(false).map(Some),
            (State::Colon, b':') => {
                self.state = State::Value;
                Ok(None)
            }
            (State::FirstKey | State::Key, b'"') => {
                self.begin_text();
                self.captures = true;
                self.state = State::InString { is_key: true, escape: Escape::None };
                Ok(None)
            }
            (State::FirstElement | State::Value, _) => self.value(byte).map(Some),
            _ => Err(Wrong::NotJson),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Token, Wrong> {
        let (state, scalar) = match byte {
            b'{' => return self.begin(true),
            b'[' => return self.begin(false),
            b'"' => (State::InString { is_key: false, escape: Escape::None }, Scalar::String),
            b'n' => (State::Word(b"ull"), Scalar::Null),
            b't' => (State::Word(b"rue"), Scalar::Boolean),
            b'f' => (State::Word(b"alse"), Scalar::Boolean),
            b'-' => (State::Number(Number::Minus), Scalar::Number),
            b'0' => (State::Number(Number::Zero), Scalar::Number),
            b'1'..=b'9' => (State::Number(Number::Integer), Scalar::Number),
            _ => return Err(Wrong::NotJson),
        };
        self.state = state;
        self.captures = false;
        Ok(Token::Scalar(scalar))
    }

    fn begin(&mut self, is_object: bool) -> Result<Token, Wrong> {
        if self.open.len() >= self.max_depth {
            return Err(Wrong::TooDeep);
        }
        self.open.push(is_object);
        self.state = if is_object { State::FirstKey } else { State::FirstElement };
        Ok(if is_object { Token::ObjectBegins } else { Token::ArrayBegins })
    }

    fn end(&mut self, is_object: bool) -> Result<Token, Wrong> {
        if self.open.pop() != Some(is_object) {
            return Err(Wrong::NotJson);
        }
        self.state = self.after_value();
        Ok(if is_object { Token::ObjectEnds } else { Token::ArrayEnds })
    }

    fn string_ends(&mut self, is_key: bool) -> Token {
        if is_key {
            self.state = State::Colon;
            self.captures = false;
            return Token::Key;
        }
        self.state = self.after_value();
        self.scalar_ends()
    }

    const fn scalar_ends(&mut self) -> Token {
        self.captures = false;
        Token::ScalarEnds
    }

    fn after_value(&self) -> State {
        if self.open.is_empty() { State::End } else { State::Behind }
    }

    fn escaped(&mut self, escape: Escape, byte: u8) -> Result<Escape, Wrong> {
        let plain = match (escape, byte) {
            (Escape::Begun, b'u') => return Ok(Escape::Unicode(4, 0)),
            (Escape::Begun, b'"' | b'\\' | b'/') => byte,
            (Escape::Begun, b'b') => 8,
            (Escape::Begun, b'f') => 12,
            (Escape::Begun, b'n') => b'\n',
            (Escape::Begun, b'r') => b'\r',
            (Escape::Begun, b't') => b'\t',
            (Escape::Begun | Escape::None, _) => return Err(Wrong::NotJson),
            (Escape::Unicode(left, value), byte) => {
                let digit = char::from(byte).to_digit(16).ok_or(Wrong::NotJson)?;
                let value = (value << 4) | digit;
                if left > 1 {
                    return Ok(Escape::Unicode(left - 1, value));
                }
                match char::from_u32(value) {
                    Some(it) => self.keep(it.encode_utf8(&mut [0; 4]).as_bytes()),
                    // Half of a pair: no name has such characters.
                    None => self.is_foreign = true,
                }
                return Ok(Escape::None);
            }
        };
        self.keep(&[plain]);
        Ok(Escape::None)
    }

    fn begin_text(&mut self) {
        self.text.clear();
        self.is_foreign = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        if !self.captures || self.is_foreign {
            return;
        }
        self.is_foreign = self.text.len().saturating_add(bytes.len()) > self.room;
        if !self.is_foreign {
            self.text.extend_from_slice(bytes);
        }
    }
}

/// 1 KiB: the longest key, name or number that is looked at, unless longer keys are looked for.
const MAX_TEXT: usize = 1024;

#[cfg(test)]
mod tests;
