//! Directives, arguments and values; the parts of a value in preorder.
//!
//! Numbers stay as written, and duplicate names stay.

use crate::document::{
    Argument, Directive, Range, Span, Str, Value, ValueId, ValueKind,
    lex::Kind,
    parse::{Parsed, Parser, Stop, Variables, since, to_u32},
    strings::{unescape, unindent},
};

impl Parser<'_> {
    // GraphQL §2.12 Directives.
    #[inline]
    pub(super) fn directives(&mut self, variables: Variables) -> Parsed<Range> {
        let start = to_u32(self.document.directives.len());
        while self.takes(Kind::At) {
            let name = self.expect(Kind::Name, "the name of a directive")?;
            let arguments = self.arguments(variables)?;
            self.document.directives.push(Directive { name, arguments });
        }
        Ok(since(start, &self.document.directives))
    }

    // GraphQL §2.6 Arguments: never empty.
    #[inline]
    pub(super) fn arguments(&mut self, variables: Variables) -> Parsed<Range> {
        let start = to_u32(self.document.arguments.len());
        if self.takes(Kind::OpenParenthesis) {
            loop {
                let name = self.expect(Kind::Name, "the name of an argument")?;
                self.expect(Kind::Colon, "`:`")?;
                let value = self.value(variables)?;
                self.document.arguments.push(Argument { name, value });
                if self.takes(Kind::CloseParenthesis) {
                    break;
                }
            }
        }
        Ok(since(start, &self.document.arguments))
    }

    // GraphQL §2.9 Value. One round per value that is written.
    pub(super) fn value(&mut self, variables: Variables) -> Parsed<ValueId> {
        let root = self.next_value();
        let mut key = None;
        loop {
            let id = self.next_value();
            self.deepen(self.open_values.len())?;
            let kind = self.value_kind(variables)?;
            let end = ValueId(id.0.saturating_add(1));
            self.document.values.push(Value { key, kind, end });
            if matches!(kind, ValueKind::List | ValueKind::Object) {
                self.open_values.push(id);
            }
            key = match self.close_values()? {
                Inside::Nothing => return Ok(root),
                Inside::List => None,
                Inside::Object(key) => Some(key),
            };
        }
    }

    /// Closes what is closed, and tells what the next value stands in.
    fn close_values(&mut self) -> Parsed<Inside> {
        while let Some(open) = self.open_values.last().copied() {
            let kind = self.document.values.get(open.index()).map(|it| it.kind);
            let is_object = kind == Some(ValueKind::Object);
            let close = if is_object { Kind::CloseBrace } else { Kind::CloseBracket };
            if !self.takes(close) {
                return if is_object { self.key().map(Inside::Object) } else { Ok(Inside::List) };
            }
            self.open_values.pop();
            let end = self.next_value();
            if let Some(it) = self.document.values.get_mut(open.index()) {
                it.end = end;
            }
        }
        Ok(Inside::Nothing)
    }

    fn key(&mut self) -> Parsed<Span> {
        let key = self.expect(Kind::Name, "a key or `}`")?;
        self.expect(Kind::Colon, "`:`")?;
        Ok(key)
    }

    /// Takes a value, of a list or an object its beginning.
    fn value_kind(&mut self, variables: Variables) -> Parsed<ValueKind> {
        let kind = self.next.kind;
        if !begins_value(kind, variables) {
            return Err(Stop::Expected(match variables {
                Variables::Allowed => "a value",
                Variables::Forbidden => "a value without variables",
            }));
        }
        let span = self.take();
        Ok(match kind {
            Kind::Dollar => ValueKind::Variable(self.expect(Kind::Name, "the name of a variable")?),
            Kind::Float => ValueKind::Float(span),
            Kind::Int => ValueKind::Int(self.integer(span)),
            Kind::Name => match self.written(span) {
                "false" => ValueKind::Boolean(false),
                "null" => ValueKind::Null,
                "true" => ValueKind::Boolean(true),
                _ => ValueKind::Enum(span),
            },
            Kind::OpenBrace => ValueKind::Object,
            Kind::OpenBracket => ValueKind::List,
            _ => ValueKind::String(self.string(kind, span)),
        })
    }

    /// `-0` goes on as `0`: as an `ID` it is the one to some servers and the other to others.
    fn integer(&self, token: Span) -> Span {
        if self.written(token) == "-0" {
            return Span { start: token.start.saturating_add(1), ..token };
        }
        token
    }

    /// The content is a piece of the text when nothing between the quotes was an escape.
    fn string(&mut self, kind: Kind, token: Span) -> Str {
        let n_quotes = if kind == Kind::BlockString { 3 } else { 1 };
        let start = token.start.saturating_add(n_quotes);
        let inner = Span { start, end: token.end.saturating_sub(n_quotes) };
        if kind == Kind::String {
            return Str::Text(inner);
        }
        let (written, content) = (self.written(inner), &mut self.document.unescaped);
        let start = content.len();
        if kind == Kind::BlockString {
            unindent(written, content);
        } else {
            unescape(written, content);
        }
        if content.get(start..) == Some(written) {
            content.truncate(start);
            return Str::Text(inner);
        }
        Str::Unescaped(Span { start: to_u32(start), end: to_u32(content.len()) })
    }

    fn next_value(&self) -> ValueId {
        ValueId(to_u32(self.document.values.len()))
    }
}

/// What the next value stands in.
enum Inside {
    Nothing,
    List,
    Object(Span),
}

fn begins_value(kind: Kind, variables: Variables) -> bool {
    match kind {
        Kind::Dollar => matches!(variables, Variables::Allowed),
        Kind::BlockString
        | Kind::EscapedString
        | Kind::Float
        | Kind::Int
        | Kind::Name
        | Kind::OpenBrace
        | Kind::OpenBracket
        | Kind::String => true,
        Kind::At
        | Kind::BadCharacter
        | Kind::BadEscape
        | Kind::BadNumber
        | Kind::Bang
        | Kind::CloseBrace
        | Kind::CloseBracket
        | Kind::CloseParenthesis
        | Kind::Colon
        | Kind::End
        | Kind::Equals
        | Kind::OpenParenthesis
        | Kind::Spread
        | Kind::Surplus
        | Kind::Unterminated => false,
    }
}
