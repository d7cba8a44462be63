//! A place among the tokens of a schema, and the smallest steps from it.
//!
//! A step that fails has reported why; its caller only passes the failure on.

use crate::schema::sdl::{
    DefinitionKind, Name, Report, Span,
    string::{block_string_value, string_value},
    token::{Token, TokenKind, tokens},
};

/// A mistake in the text, already reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreadable;

pub(super) struct Cursor<'s, 'r> {
    text: &'s str,
    tokens: Vec<Token>,
    at: usize,
    pub(super) report: &'r mut Report,
}

impl<'s, 'r> Cursor<'s, 'r> {
    pub(super) fn new(text: &'s str, report: &'r mut Report) -> Self {
        Self { text, tokens: tokens(text, report), at: 0, report }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    pub(super) fn peek(&self) -> Token {
        let end = Token { kind: TokenKind::End, span: Span { start: 0, end: 0 } };
        self.tokens.get(self.at).or(self.tokens.last()).copied().unwrap_or(end)
    }

    pub(super) const fn bump(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn text(&self, span: Span) -> &'s str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The text from `start` to the end of the token before this place.
    pub(super) fn text_since(&self, start: u32) -> &'s str {
        let before = self.at.checked_sub(1).and_then(|it| self.tokens.get(it));
        self.text(Span { start, end: before.map_or(start, |it| it.span.end) })
    }

    pub(super) fn is_at(&self, punctuator: u8) -> bool {
        self.peek().kind == TokenKind::Punctuator(punctuator)
    }

    pub(super) fn take(&mut self, punctuator: u8) -> bool {
        let is_next = self.is_at(punctuator);
        if is_next {
            self.bump();
        }
        is_next
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let next = self.peek();
        let is_next = next.kind == TokenKind::Name && self.text(next.span) == word;
        if is_next {
            self.bump();
        }
        is_next
    }

    pub(super) fn expect(&mut self, punctuator: u8) -> Result<(), Unreadable> {
        if self.take(punctuator) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{}`", char::from(punctuator))))
    }

    pub(super) fn name(&mut self, wanted: &str) -> Result<Name<'s>, Unreadable> {
        let next = self.peek();
        if next.kind != TokenKind::Name {
            return Err(self.unexpected(wanted));
        }
        self.bump();
        Ok(Name { text: self.text(next.span), span: next.span })
    }

    pub(super) fn description(&mut self) -> Option<Box<str>> {
        let next = self.peek();
        let value = match next.kind {
            TokenKind::BlockString => block_string_value(self.text(next.span)),
            TokenKind::String => string_value(self.text(next.span)),
            _ => return None,
        };
        self.bump();
        Some(value)
    }

    pub(super) fn unexpected(&mut self, wanted: &str) -> Unreadable {
        let next = self.peek();
        let message = match next.kind {
            TokenKind::End => format!("expected {wanted}, found the end of the text"),
            TokenKind::BlockString | TokenKind::String => {
                format!("expected {wanted}, found a string")
            }
            _ => format!("expected {wanted}, found `{}`", self.text(next.span)),
        };
        self.report.error("syntax", next.span, message);
        Unreadable
    }

    /// Moves to the next line that begins with a keyword, or with a word after a closing brace.
    pub(super) fn skip_to_definition(&mut self) {
        while !self.is_at_end() {
            let follows_body = self.is_at(b'}');
            self.bump();
            let next = self.peek();
            let word = self.text(next.span);
            let is_keyword = word == "extend" || DefinitionKind::of_keyword(word).is_some();
            let is_likely = is_keyword || follows_body;
            if next.kind == TokenKind::Name && is_likely && self.begins_line(next.span) {
                return;
            }
        }
    }

    fn begins_line(&self, span: Span) -> bool {
        let before =
            span.start.checked_sub(1).map(|it| self.text(Span { start: it, end: span.start }));
        matches!(before, None | Some("\n" | "\r"))
    }
}
