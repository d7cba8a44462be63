//! Tokens → the arena, in one pass over the text.
//!
//! Knows the grammar of operations and fragments only; everything else is unexpected. Drops
//! descriptions and comments, which no server acts upon. Nothing recurses: what is open stands in
//! vectors, and every loop takes a token per round.

mod definitions;
mod selections;
#[cfg(test)]
mod tests;
mod values;
mod wrong;

use crate::document::{
    Document, Range, ReadLimits, SelectionId, Span, ValueId,
    lex::{Kind, Lexer, Token},
};

pub(super) use wrong::{Stop, Wrong};

type Parsed<T> = Result<T, Stop>;

/// The document of a text, without looking at the limit of bytes.
pub(super) fn parse(text: &str, limits: &ReadLimits) -> Result<Document, Wrong> {
    let mut parser = Parser::new(text, *limits);
    parser.definitions().map_err(|stop| Wrong { found: parser.next, stop })?;
    let Parser { document, n_tokens: tokens, is_in_order, .. } = parser;
    let document = if is_in_order { document } else { in_order(text, &document) };
    Ok(Document { text: text.into(), tokens, ..document })
}

/// The same document with the parts of its operations before those of its fragments. It was read
/// once, so it is known where the definitions begin, and nothing can be wrong with them.
fn in_order(text: &str, document: &Document) -> Document {
    let operations = document.operations.iter().map(|it| it.start);
    let fragments = document.fragments.iter().map(|it| it.start);
    let limits = ReadLimits { tokens: u32::MAX, ..ReadLimits::CEILINGS };
    let mut parser = Parser::new(text, limits);
    for start in operations.chain(fragments) {
        parser.go_to(start);
        if parser.definition().is_err() {
            break;
        }
    }
    parser.document
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The token that comes next.
    next: Token,
    n_tokens: u32,
    limits: ReadLimits,
    /// Whether all operations stand before all fragments.
    is_in_order: bool,
    /// Selections whose set is not closed, the outermost first.
    open_selections: Vec<SelectionId>,
    /// Lists and objects that are not closed, the outermost first.
    open_values: Vec<ValueId>,
    document: Document,
}

/// Whether a value may hold variables.
#[derive(Clone, Copy)]
enum Variables {
    Allowed,
    Forbidden,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, limits: ReadLimits) -> Self {
        let mut parser = Self {
            text,
            lexer: Lexer::new(text, 0),
            next: NOTHING,
            n_tokens: 0,
            limits,
            is_in_order: true,
            open_selections: Vec::with_capacity(FEW),
            open_values: Vec::new(),
            document: Document::default(),
        };
        parser.reserve();
        parser.take();
        parser
    }

    /// Room for what a text of that length usually holds; a long one is not taken by its word.
    fn reserve(&mut self) {
        let n_bytes = self.text.len().min(USUAL);
        let Document { arguments, selections, values, variables, .. } = &mut self.document;
        selections.reserve(n_bytes / 16);
        arguments.reserve(n_bytes / 64);
        values.reserve(n_bytes / 48);
        variables.reserve(FEW.min(n_bytes / 64));
    }

    fn go_to(&mut self, start: u32) {
        self.lexer = Lexer::new(self.text, start);
        self.take();
    }

    fn definitions(&mut self) -> Parsed<()> {
        while self.next.kind != Kind::End {
            self.definition()?;
        }
        Ok(())
    }

    /// Takes the next token, and looks at the one behind it.
    #[inline]
    fn take(&mut self) -> Span {
        let taken = self.next.span;
        self.next = self.lexer.next();
        // A `$` counts with the name that follows it.
        if !matches!(self.next.kind, Kind::Dollar | Kind::End) {
            self.n_tokens = self.n_tokens.saturating_add(1);
            if self.n_tokens > self.limits.tokens {
                self.next.kind = Kind::Surplus;
            }
        }
        taken
    }

    /// Takes the next token if it is of a kind.
    #[inline]
    fn takes(&mut self, kind: Kind) -> bool {
        let is_it = self.next.kind == kind;
        if is_it {
            self.take();
        }
        is_it
    }

    #[inline]
    fn expect(&mut self, kind: Kind, what: &'static str) -> Parsed<Span> {
        if self.next.kind == kind { Ok(self.take()) } else { Err(Stop::Expected(what)) }
    }

    /// The next token as it is written.
    fn word(&self) -> &'a str {
        self.written(self.next.span)
    }

    fn written(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Notes how deep something stands below what is open.
    #[inline]
    fn deepen(&mut self, n_open: usize) -> Parsed<()> {
        let depth = to_u32(n_open).saturating_add(1);
        self.document.depth = self.document.depth.max(depth);
        if depth > self.limits.depth { Err(Stop::TooDeep) } else { Ok(()) }
    }
}

/// What was added to a vector since it was so long.
fn since<T>(start: u32, all: &[T]) -> Range {
    Range { start, end: to_u32(all.len()) }
}

/// Saturates: a text has more bytes than any of these vectors has entries.
fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Selections inside each other, and variables, in most documents.
const FEW: usize = 8;

/// 8 KiB: longer than nearly all documents.
const USUAL: usize = 8 * 1024;

const NOTHING: Token = Token { kind: Kind::End, span: Span { start: 0, end: 0 } };
