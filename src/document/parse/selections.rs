//! Sets of selections: fields, spreads and inline fragments, in preorder.
//!
//! Whether a name is known is not asked here.

use crate::document::{
    Range, Selection, SelectionId, SelectionKind,
    lex::Kind,
    parse::{Parsed, Parser, Stop, Variables, since, to_u32},
};

/// What follows a selection.
enum Below {
    Nothing,
    Set,
}

impl Parser<'_> {
    // GraphQL §2.4 SelectionSet: never empty.
    pub(super) fn selection_set(&mut self) -> Parsed<Range> {
        let start = to_u32(self.document.selections.len());
        self.expect(Kind::OpenBrace, "`{`")?;
        loop {
            let id = SelectionId(to_u32(self.document.selections.len()));
            self.deepen(self.open_selections.len())?;
            if let Below::Set = self.selection()? {
                self.take();
                self.open_selections.push(id);
                continue;
            }
            while self.takes(Kind::CloseBrace) {
                let Some(closed) = self.open_selections.pop() else {
                    return Ok(since(start, &self.document.selections));
                };
                self.close_selection(closed);
            }
        }
    }

    fn close_selection(&mut self, id: SelectionId) {
        let end = SelectionId(to_u32(self.document.selections.len()));
        if let Some(it) = self.document.selections.get_mut(id.index()) {
            it.end = end;
        }
    }

    /// Adds one selection as if nothing were below it.
    #[inline]
    fn selection(&mut self) -> Parsed<Below> {
        match self.next.kind {
            Kind::Name => self.field(),
            Kind::Spread => self.fragment_selection(),
            _ => Err(Stop::Expected("a selection")),
        }
    }

    // GraphQL §2.5 Field, §2.7 Alias.
    fn field(&mut self) -> Parsed<Below> {
        let first = self.take();
        let (alias, name) = if self.takes(Kind::Colon) {
            (Some(first), self.expect(Kind::Name, "the name of a field")?)
        } else {
            (None, first)
        };
        let arguments = self.arguments(Variables::Allowed)?;
        let directives = self.directives(Variables::Allowed)?;
        self.add_selection(SelectionKind::Field { alias, name, arguments }, directives);
        Ok(if self.next.kind == Kind::OpenBrace { Below::Set } else { Below::Nothing })
    }

    // GraphQL §2.8: `...on` is never a spread.
    fn fragment_selection(&mut self) -> Parsed<Below> {
        self.take();
        let mut on = None;
        if self.next.kind == Kind::Name {
            let name = self.take();
            if self.written(name) != "on" {
                let directives = self.directives(Variables::Allowed)?;
                self.add_selection(SelectionKind::Spread { name }, directives);
                return Ok(Below::Nothing);
            }
            on = Some(self.expect(Kind::Name, "the name of a type")?);
        }
        let directives = self.directives(Variables::Allowed)?;
        if self.next.kind != Kind::OpenBrace {
            return Err(Stop::Expected("`{`"));
        }
        self.add_selection(SelectionKind::Inline { on }, directives);
        Ok(Below::Set)
    }

    fn add_selection(&mut self, kind: SelectionKind, directives: Range) {
        let end = SelectionId(to_u32(self.document.selections.len()).saturating_add(1));
        self.document.selections.push(Selection { kind, directives, end });
    }
}
