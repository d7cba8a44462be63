//! Text → document, under limits; the grammar is that of `parse`.
//!
//! Says nothing about what names mean, and knows no schema. Whatever a server may read in another
//! way than we do (a byte order mark in the middle, control characters) is refused here.

use std::{fmt, sync::Arc};

use crate::document::{
    Document,
    lex::{Kind, Token},
    parse::{Stop, Wrong, parse},
};

/// What may be read at most. Values over the hard ceilings count as the ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of the text.
    pub bytes: u64,
    /// Lexical tokens.
    pub tokens: u32,
    /// Nested selections, values or types; each kind on its own.
    pub depth: u32,
}

/// A document that was read.
#[derive(Debug)]
pub struct Read {
    /// The document.
    pub document: Arc<Document>,
}

/// Why a text is not a document for us. `Display` never quotes the text; `detail` may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// U+FEFF behind the start: readers disagree what it separates.
    ByteOrderMark {
        /// Byte offset.
        at: u32,
    },
    /// A control character other than tab, line feed and carriage return.
    ControlCharacter {
        /// Byte offset.
        at: u32,
    },
    /// No definition at all.
    Empty,
    /// Not the language.
    Syntax {
        /// Byte offset.
        at: u32,
        /// What was found and what was expected, for the log; quotes the text.
        detail: String,
    },
    /// Nested deeper than this.
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// More bytes than this.
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// More tokens than this.
    TooManyTokens {
        /// The limit.
        limit: u32,
    },
    /// A definition of types, directives or a schema.
    TypeSystemDefinition {
        /// Byte offset.
        at: u32,
    },
}

/// Reads a document.
///
/// # Errors
/// The first reason why it cannot be read.
pub fn read(text: &str, limits: &ReadLimits) -> Result<Read, Refusal> {
    let limits = limits.capped();
    if text.len() as u64 > limits.bytes {
        return Err(Refusal::TooManyBytes { limit: limits.bytes });
    }
    let rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = to_u32(text.len().saturating_sub(rest.len()));
    scan(rest).map_err(|it| it.behind(skipped))?;
    let document = parse(rest, &limits);
    let document = document.map_err(|it| refusal(rest, &limits, &it).behind(skipped))?;
    if document.operations().is_empty() && document.fragments().is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(Read { document: Arc::new(document) })
}

impl ReadLimits {
    /// The most that is ever read, whatever the policy says.
    pub const CEILINGS: Self = Self { bytes: MAX_BYTES, tokens: MAX_TOKENS, depth: MAX_DEPTH };

    fn capped(self) -> Self {
        Self {
            bytes: self.bytes.min(MAX_BYTES),
            tokens: self.tokens.min(MAX_TOKENS),
            depth: self.depth.min(MAX_DEPTH),
        }
    }
}

impl Refusal {
    /// What the log may know: the parser's own words.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Syntax { detail, .. } => format!("{self}: {detail}"),
            _ => self.to_string(),
        }
    }

    /// The byte of the text that it is about; `None` when it is about the whole.
    #[must_use]
    pub const fn at(&self) -> Option<usize> {
        match self {
            Self::ByteOrderMark { at }
            | Self::ControlCharacter { at }
            | Self::Syntax { at, .. }
            | Self::TypeSystemDefinition { at } => Some(*at as usize),
            Self::Empty
            | Self::TooDeep { .. }
            | Self::TooManyBytes { .. }
            | Self::TooManyTokens { .. } => None,
        }
    }

    /// The same, `skipped` bytes further on.
    fn behind(self, skipped: u32) -> Self {
        match self {
            Self::ByteOrderMark { at } => Self::ByteOrderMark { at: at.saturating_add(skipped) },
            Self::ControlCharacter { at } => {
                Self::ControlCharacter { at: at.saturating_add(skipped) }
            }
            Self::Syntax { at, detail } => Self::Syntax { at: at.saturating_add(skipped), detail },
            Self::TypeSystemDefinition { at } => {
                Self::TypeSystemDefinition { at: at.saturating_add(skipped) }
            }
            Self::Empty
            | Self::TooDeep { .. }
            | Self::TooManyBytes { .. }
            | Self::TooManyTokens { .. } => self,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark { at } => write!(f, "byte order mark at byte {at}"),
            Self::ControlCharacter { at } => write!(f, "control character at byte {at}"),
            Self::Empty => f.write_str("the document is empty"),
            Self::Syntax { at, .. } => write!(f, "syntax error at byte {at}"),
            Self::TooDeep { limit } => write!(f, "the document is nested deeper than {limit}"),
            Self::TooManyBytes { limit } => write!(f, "the document has more than {limit} bytes"),
            Self::TooManyTokens { limit } => write!(f, "the document has more than {limit} tokens"),
            Self::TypeSystemDefinition { at } => {
                write!(f, "a definition that is neither operation nor fragment at byte {at}")
            }
        }
    }
}

/// Finds what the lexer passes over in strings and comments.
fn scan(text: &str) -> Result<(), Refusal> {
    let is_control = |it: u8| it < b' ' && !matches!(it, b'\t' | b'\n' | b'\r');
    // Looking at every byte without a way out is a tenth of the work: it is done many at a time.
    let is_suspect = |it: u8| is_control(it) | (it == BYTE_ORDER_MARK_BEGINS);
    if !text.bytes().fold(false, |found, it| found | is_suspect(it)) {
        return Ok(());
    }
    if let Some(at) = text.bytes().position(is_control) {
        return Err(Refusal::ControlCharacter { at: to_u32(at) });
    }
    match text.find(BYTE_ORDER_MARK) {
        Some(at) => Err(Refusal::ByteOrderMark { at: to_u32(at) }),
        None => Ok(()),
    }
}

fn refusal(text: &str, limits: &ReadLimits, wrong: &Wrong) -> Refusal {
    let Token { kind, span } = wrong.found;
    let at = span.start;
    match wrong.stop {
        Stop::TooDeep => Refusal::TooDeep { limit: limits.depth },
        _ if kind == Kind::Surplus => Refusal::TooManyTokens { limit: limits.tokens },
        Stop::NoDefinition if TYPE_SYSTEM.contains(&wrong.word(text)) => {
            Refusal::TypeSystemDefinition { at }
        }
        Stop::Expected(_) | Stop::NoDefinition => Refusal::Syntax { at, detail: wrong.told(text) },
    }
}

fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// Its first byte; few other characters have it.
const BYTE_ORDER_MARK_BEGINS: u8 = 0xef;

/// Keeps every offset within `u32`, with room to spare.
const MAX_BYTES: u64 = 16 << 20;

/// A document of this many tokens takes some milliseconds.
const MAX_TOKENS: u32 = 100_000;

/// Nothing here recurses, but the validator and servers do; at this depth the validator stays far
/// below a stack of 2 MiB.
const MAX_DEPTH: u32 = 200;

const TYPE_SYSTEM: [&str; 9] =
    ["directive", "enum", "extend", "input", "interface", "scalar", "schema", "type", "union"];

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ReadLimits = ReadLimits { bytes: 100, tokens: 15, depth: 3 };

    fn check(text: &str, expect: &str) {
        let found = read(text, &LIMITS).map_or_else(|it| it.to_string(), |_| "read".to_owned());
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn every_refusal_has_its_own_words() {
        check("{ a }", "read");
        check("\u{feff}{ a }", "read");
        check("\u{feff}\u{feff}{ a }", "byte order mark at byte 3");
        check("{ a\u{feff}b }", "byte order mark at byte 3");
        check("{ a(b: \"\u{feff}\") }", "byte order mark at byte 8");
        check("{ a(b: \"\u{7}\") }", "control character at byte 8");
        check("", "the document is empty");
        check(" # nothing\n", "the document is empty");
        check("{ a ", "syntax error at byte 4");
        check("\u{feff}é", "syntax error at byte 3");
        check("{ a } #\r\né", "syntax error at byte 9");
        check("type T { a: Int }", "a definition that is neither operation nor fragment at byte 0");
        check("{ a } typed", "syntax error at byte 6");
    }

    #[test]
    fn half_a_surrogate_pair_is_no_character() {
        check(r#"{a(b:"\ud83d\ude00\u00e9")}"#, "read");
        check(r#"{a(b:"\u00e9\ud83d\ude00")}"#, "read");
        check(r#"{a(b:"\u00e9\ud83d")}"#, "syntax error at byte 5");
    }

    fn check_detail(text: &str, expect: &str) {
        assert_eq!(read(text, &LIMITS).unwrap_err().detail(), expect, "{text}");
    }

    #[test]
    fn the_log_learns_what_was_found() {
        check_detail("{a", "syntax error at byte 2: found the end, expected a selection");
        check_detail("{}", "syntax error at byte 1: found `}`, expected a selection");
        check_detail("{a(b:)}", "syntax error at byte 5: found `)`, expected a value");
        check_detail("{a(b c)}", "syntax error at byte 5: found `c`, expected `:`");
        check_detail("{a(b:01)}", "syntax error at byte 5: found a malformed number");
        check_detail("{a é}", "syntax error at byte 3: found the character `\\u{e9}`");
        check_detail("{a(b:\"", "syntax error at byte 5: found a string that does not end");
        check_detail(
            "query($a:A=[$b]){a}",
            "syntax error at byte 12: found `$`, expected a value without variables",
        );
        check_detail("querie{a}", "syntax error at byte 0: found `querie`, expected a definition");
        check_detail("{a} type", "a definition that is neither operation nor fragment at byte 4");
        let long = "x".repeat(50);
        let cut = "x".repeat(40);
        let expect = format!("syntax error at byte 0: found `{cut}`, expected a definition");
        check_detail(&long, &expect);
    }

    #[test]
    fn both_sides_of_every_limit() {
        check(&format!("{{a}}{}", " ".repeat(97)), "read");
        check(&format!("{{a}}{}", " ".repeat(98)), "the document has more than 100 bytes");
        check("{ a b c d e f g h i j k l m }", "read");
        check("{ a b c d e f g h i j k l m n }", "the document has more than 15 tokens");
        check("{a{b{c}}}", "read");
        check("{a{b{c{d}}}}", "the document is nested deeper than 3");
        check("{...{...{...", "syntax error at byte 12");
        check("{a(b:[[1]])}", "read");
        check("{a(b:{c:{}})}", "read");
        check("{a(b:[[[1]]])}", "the document is nested deeper than 3");
        check("query($a:[[A]]){a}", "read");
        check("query($a:[[[A]]]){a}", "the document is nested deeper than 3");
        check("query($a:[[[[[[[[[[[[[[[[", "the document is nested deeper than 3");
        check("query(&{{{{{{{{{{{{{{{{{{", "syntax error at byte 6");
    }
}
