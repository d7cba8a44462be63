//! Why there is no document.
//!
//! Only for the log: what is told here quotes the text.

use crate::document::{
    Span,
    lex::{Kind, Token},
};

/// What stopped the parser, and at which token.
#[derive(Debug)]
pub(in crate::document) struct Wrong {
    pub(in crate::document) found: Token,
    pub(in crate::document) stop: Stop,
}

/// What stops the parser.
#[derive(Clone, Copy, Debug)]
pub(in crate::document) enum Stop {
    /// Something else was expected.
    Expected(&'static str),
    /// A definition was expected.
    NoDefinition,
    /// Nested too deep.
    TooDeep,
}

impl Wrong {
    /// The token as it is written.
    pub(in crate::document) fn word<'t>(&self, text: &'t str) -> &'t str {
        let Span { start, end } = self.found.span;
        text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// What was found, and what was expected.
    pub(in crate::document) fn told(&self, text: &str) -> String {
        let found = match self.found.kind {
            Kind::BadCharacter => {
                let rest = text.get(self.found.span.start as usize..).unwrap_or_default();
                let shown: String = rest.chars().take(1).flat_map(char::escape_default).collect();
                return format!("found the character `{shown}`");
            }
            Kind::BadEscape => return "found a string with an escape that is none".to_owned(),
            Kind::BadNumber => return "found a malformed number".to_owned(),
            Kind::Unterminated => return "found a string that does not end".to_owned(),
            Kind::BlockString | Kind::EscapedString | Kind::String => "a string".to_owned(),
            Kind::End => "the end".to_owned(),
            _ => format!("`{}`", self.word(text).chars().take(MAX_SHOWN).collect::<String>()),
        };
        let expected = match self.stop {
            Stop::Expected(it) => it,
            Stop::NoDefinition => "a definition",
            Stop::TooDeep => "less depth",
        };
        format!("found {found}, expected {expected}")
    }
}

/// Of a name or a number, in characters.
const MAX_SHOWN: usize = 40;
