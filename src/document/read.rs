//! Text → document, by `bluejay-parser` under limits.
//!
//! Says nothing about what names mean, and knows no schema. Whatever a server may read in another
//! way than we do (a byte order mark in the middle, control characters) is refused here.

use std::{fmt, sync::Arc};

use bluejay_parser::{
    Error,
    ast::{Parse, ParseOptions, executable::ExecutableDocument},
};

use crate::document::{Document, convert::convert, place::offset};

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
pub struct Read<'a> {
    /// The document.
    pub document: Arc<Document>,
    /// The same, borrowed from the text.
    #[expect(dead_code, reason = "explaining what is invalid reads the text itself")]
    ast: ExecutableDocument<'a>,
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
        /// Byte offset, where it is known.
        at: Option<u32>,
        /// What the parser said, for the log.
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
pub fn read<'a>(text: &'a str, limits: &ReadLimits) -> Result<Read<'a>, Refusal> {
    let limits = limits.capped();
    if text.len() as u64 > limits.bytes {
        return Err(Refusal::TooManyBytes { limit: limits.bytes });
    }
    let rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = to_u32(text.len().saturating_sub(rest.len()));
    scan(rest).map_err(|it| it.behind(skipped))?;
    let (ast, n_tokens) = parse(rest, &limits).map_err(|it| it.behind(skipped))?;
    let document = convert(rest, &ast, n_tokens);
    if document.depth() > limits.depth {
        return Err(Refusal::TooDeep { limit: limits.depth });
    }
    Ok(Read { document: Arc::new(document), ast })
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

    /// The same, `skipped` bytes further on.
    fn behind(self, skipped: u32) -> Self {
        match self {
            Self::ByteOrderMark { at } => Self::ByteOrderMark { at: at.saturating_add(skipped) },
            Self::ControlCharacter { at } => {
                Self::ControlCharacter { at: at.saturating_add(skipped) }
            }
            Self::Syntax { at, detail } => {
                Self::Syntax { at: at.map(|it| it.saturating_add(skipped)), detail }
            }
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
            Self::Syntax { at: Some(at), .. } => write!(f, "syntax error at byte {at}"),
            Self::Syntax { at: None, .. } => f.write_str("syntax error"),
            Self::TooDeep { limit } => write!(f, "the document is nested deeper than {limit}"),
            Self::TooManyBytes { limit } => write!(f, "the document has more than {limit} bytes"),
            Self::TooManyTokens { limit } => write!(f, "the document has more than {limit} tokens"),
            Self::TypeSystemDefinition { at } => {
                write!(f, "a definition that is neither operation nor fragment at byte {at}")
            }
        }
    }
}

/// Finds what the parser's lexer would pass over.
fn scan(text: &str) -> Result<(), Refusal> {
    let is_control = |it: u8| it < b' ' && !matches!(it, b'\t' | b'\n' | b'\r');
    // Looking at every byte without a way out is a tenth of the work: it is done many at a time.
    if text.bytes().fold(false, |found, it| found | is_control(it)) {
        let at = text.bytes().position(is_control).unwrap_or_default();
        return Err(Refusal::ControlCharacter { at: to_u32(at) });
    }
    match text.find(BYTE_ORDER_MARK) {
        Some(at) => Err(Refusal::ByteOrderMark { at: to_u32(at) }),
        None => Ok(()),
    }
}

fn parse<'a>(text: &'a str, limits: &ReadLimits) -> Result<(ExecutableDocument<'a>, u32), Refusal> {
    let details = ExecutableDocument::parse_with_options(
        text,
        ParseOptions {
            graphql_ruby_compatibility: false,
            max_depth: parser_depth(limits.depth),
            max_tokens: Some(limits.tokens as usize),
        },
    );
    let n_tokens = to_u32(details.token_count);
    match details.result {
        _ if n_tokens > limits.tokens => Err(Refusal::TooManyTokens { limit: limits.tokens }),
        Ok(ast) => Ok((ast, n_tokens)),
        Err(errors) => Err(refusal(text, limits, errors)),
    }
}

/// The parser counts two levels for every nested selection set, one for every value and up to
/// eight around them. Its limit only has to keep the stack small: the exact count is ours.
pub(super) fn parser_depth(depth: u32) -> usize {
    (depth as usize).saturating_mul(3).saturating_add(8)
}

fn refusal(text: &str, limits: &ReadLimits, errors: Vec<Error>) -> Refusal {
    if errors.iter().any(|it| it.message() == "Max depth exceeded") {
        return Refusal::TooDeep { limit: limits.depth };
    }
    let Some(first) = errors.into_iter().next() else {
        return Refusal::Syntax { at: None, detail: "no reason given".to_owned() };
    };
    if first.message() == "Document does not contain any definitions" {
        return Refusal::Empty;
    }
    let message = first.message().to_owned();
    let first = Error::into_graphql_errors(text, [first]).into_iter().next();
    let location = first.as_ref().and_then(|it| it.locations.first());
    let at = location.map(|it| offset(text, it.line, it.col));
    match at {
        Some(at) if message == "Unexpected token" && is_type_system(text, at) => {
            Refusal::TypeSystemDefinition { at }
        }
        _ => {
            let detail = first.map(|it| it.message.into_owned()).unwrap_or_default();
            Refusal::Syntax { at, detail: format!("{message}: {detail}") }
        }
    }
}

fn is_type_system(text: &str, at: u32) -> bool {
    let rest = text.get(at as usize..).unwrap_or_default();
    let word = rest.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next();
    word.is_some_and(|it| TYPE_SYSTEM.contains(&it))
}

fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Keeps every offset within `u32`, with room to spare.
const MAX_BYTES: u64 = 16 << 20;

/// A document of this many tokens takes some milliseconds.
const MAX_TOKENS: u32 = 100_000;

/// The parser and the validator recurse; at this depth they stay far below a stack of 2 MiB.
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

    /// Legal, and refused: the parser takes escapes two by two, so that one escape in front of a
    /// pair of surrogates tears the pair apart.
    #[test]
    fn a_surrogate_pair_behind_an_odd_escape_is_not_read() {
        check(r#"{a(b:"\ud83d\ude00\u00e9")}"#, "read");
        check(r#"{a(b:"\u00e9 \ud83d\ude00")}"#, "read");
        check(r#"{a(b:"\u00e9\ud83d\ude00")}"#, "syntax error at byte 5");
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
        check("query($a:[[[[[[[[[[[[[[[[", "the document has more than 15 tokens");
    }
}
