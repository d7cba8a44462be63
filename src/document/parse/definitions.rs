//! Operations, fragments, and the variables that operations declare.
//!
//! Fragments declare none: that was an experiment, and is not in the specification.

use crate::{
    document::{
        Fragment, OperationDefinition, Range, TypeText, VariableDefinition,
        lex::Kind,
        parse::{Parsed, Parser, Stop, Variables, since, to_u32},
    },
    schema::{OperationKind, Wrapper},
};

impl Parser<'_> {
    // GraphQL §2.2 Document, ExecutableDefinition; §2.3: the short form has no description.
    pub(super) fn definition(&mut self) -> Parsed<()> {
        let start = self.next.span.start;
        let is_described = self.skip_description();
        let kind = match self.next.kind {
            Kind::OpenBrace if !is_described => OperationKind::Query,
            Kind::Name => match self.word() {
                "fragment" => return self.fragment(start),
                "mutation" => OperationKind::Mutation,
                "query" => OperationKind::Query,
                "subscription" => OperationKind::Subscription,
                _ => return Err(Stop::NoDefinition),
            },
            _ => return Err(Stop::NoDefinition),
        };
        self.operation(start, kind)
    }

    /// From the keyword on, or from the brace that stands for `query`.
    fn operation(&mut self, start: u32, kind: OperationKind) -> Parsed<()> {
        let has_keyword = self.takes(Kind::Name);
        let has_name = has_keyword && self.next.kind == Kind::Name;
        let operation = OperationDefinition {
            start,
            kind,
            name: has_name.then(|| self.take()),
            variables: self.variables()?,
            directives: self.directives(Variables::Allowed)?,
            selections: self.selection_set()?,
        };
        self.is_in_order &= self.document.fragments.is_empty();
        self.document.operations.push(operation);
        Ok(())
    }

    // GraphQL §2.8: a fragment is not called `on`.
    fn fragment(&mut self, start: u32) -> Parsed<()> {
        self.take();
        if self.word() == "on" {
            return Err(Stop::Expected("the name of a fragment"));
        }
        let name = self.expect(Kind::Name, "the name of a fragment")?;
        if self.word() != "on" {
            return Err(Stop::Expected("`on`"));
        }
        self.take();
        let on = self.expect(Kind::Name, "the name of a type")?;
        let directives = self.directives(Variables::Allowed)?;
        let selections = self.selection_set()?;
        self.document.fragments.push(Fragment { start, name, on, directives, selections });
        Ok(())
    }

    fn skip_description(&mut self) -> bool {
        let is_string =
            matches!(self.next.kind, Kind::BlockString | Kind::EscapedString | Kind::String);
        if is_string {
            self.take();
        }
        is_string
    }

    // GraphQL §2.10 VariablesDefinition.
    fn variables(&mut self) -> Parsed<Range> {
        let start = to_u32(self.document.variables.len());
        if self.takes(Kind::OpenParenthesis) {
            loop {
                let variable = self.variable_definition()?;
                self.document.variables.push(variable);
                if self.takes(Kind::CloseParenthesis) {
                    break;
                }
            }
        }
        Ok(since(start, &self.document.variables))
    }

    fn variable_definition(&mut self) -> Parsed<VariableDefinition> {
        self.skip_description();
        self.expect(Kind::Dollar, "a variable")?;
        let name = self.expect(Kind::Name, "the name of a variable")?;
        self.expect(Kind::Colon, "`:`")?;
        let ty = self.ty()?;
        let has_default = self.takes(Kind::Equals);
        let default = has_default.then(|| self.value(Variables::Forbidden)).transpose()?;
        let directives = self.directives(Variables::Forbidden)?;
        Ok(VariableDefinition { name, ty, default, directives })
    }

    // GraphQL §2.11 Type.
    fn ty(&mut self) -> Parsed<TypeText> {
        let start = to_u32(self.document.wrappers.len());
        let mut n_lists = 0_usize;
        self.deepen(n_lists)?;
        while self.takes(Kind::OpenBracket) {
            n_lists = n_lists.saturating_add(1);
            self.deepen(n_lists)?;
        }
        let name = self.expect(Kind::Name, "a type")?;
        self.non_null();
        for _ in 0..n_lists {
            self.expect(Kind::CloseBracket, "`]`")?;
            self.document.wrappers.push(Wrapper::List);
            self.non_null();
        }
        // They end innermost first, and stand outermost first.
        let wrappers = since(start, &self.document.wrappers);
        if let Some(it) = self.document.wrappers.get_mut(wrappers.to_usize()) {
            it.reverse();
        }
        Ok(TypeText { name, wrappers })
    }

    fn non_null(&mut self) {
        if self.takes(Kind::Bang) {
            self.document.wrappers.push(Wrapper::NonNull);
        }
    }
}
