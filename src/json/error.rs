//! The ways in which a text is not strict JSON.

use std::fmt;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A byte order mark.
    ByteOrderMark,
    /// A control character inside a string.
    ControlCharacter,
    /// Two members of one object have the same key.
    DuplicateKey,
    /// A bad escape sequence.
    Escape,
    /// A list with more elements than the limit.
    ListTooLong {
        /// Elements.
        limit: u32,
    },
    /// Half of a surrogate pair: half an emoji, as cutting a text after so many units makes it.
    LoneSurrogate,
    /// A number that RFC 8259 does not allow.
    Number,
    /// More values than the limit.
    TooManyValues,
    /// Nested deeper than the limit.
    TooDeep,
    /// Something stands behind the value.
    TrailingBytes,
    /// The text ends inside a value.
    UnexpectedEnd,
    /// A byte that cannot stand here.
    UnexpectedByte,
    /// The bytes are not UTF-8.
    Utf8,
}

/// What is wrong with a text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub problem: Problem,
    /// The byte at which it was seen.
    pub at: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => "byte order mark",
            Self::ControlCharacter => "control character in a string",
            Self::DuplicateKey => "duplicate key",
            Self::Escape => "bad escape sequence",
            Self::ListTooLong { .. } => "a list is too long",
            Self::LoneSurrogate => "a lone surrogate, which is half a character",
            Self::Number => "bad number",
            Self::TooDeep => "nested too deeply",
            Self::TooManyValues => "too many values",
            Self::TrailingBytes => "something stands behind the value",
            Self::UnexpectedByte => "unexpected character",
            Self::UnexpectedEnd => "ends inside a value",
            Self::Utf8 => "not UTF-8",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.problem, self.at)
    }
}
