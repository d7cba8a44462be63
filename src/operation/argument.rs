//! The value of an argument in one request, whichever way it is given.

use std::sync::LazyLock;

use crate::{
    document::{ValueId, ValueKind},
    json,
    operation::{AbsentVariables, Given, Node, Operation, VariableIdx, Variables},
    schema::{Const, InputId, Schema},
};

/// A value of an input, or why there is none.
#[derive(Clone, Copy, Debug)]
pub enum Resolved<'a> {
    /// Nothing is given, and there is no default.
    Absent,
    /// A default of the schema.
    Const(&'a Const),
    /// In the variables of the request.
    Json(json::Value<'a>),
    /// In the document; variables may stand inside.
    Literal(ValueId),
    /// It depends on variables, and the operation was not selected: nobody knows them.
    Unknown,
}

impl Operation {
    /// The value of an argument of the field that answers a node, which an interface may declare
    /// with another default; GraphQL §6.4.1.
    #[must_use]
    pub fn argument<'a>(
        &'a self,
        variables: &Variables<'a>,
        node: &Node,
        input: InputId,
    ) -> Resolved<'a> {
        let name = &self.schema().input(input).name;
        let is_it = |it: InputId| it == input || self.schema().input(it).name == *name;
        let written = self.arguments(node).iter().find(|it| is_it(it.input));
        match written {
            Some(argument) => self.resolve(variables, argument.value, input),
            None => default(self.schema(), input),
        }
    }

    /// The value that a literal for an input stands for: itself, or what its variable has.
    #[must_use]
    pub fn resolve<'a>(
        &'a self,
        variables: &Variables<'a>,
        literal: ValueId,
        input: InputId,
    ) -> Resolved<'a> {
        let Some(variable) = self.variable_at(literal) else { return Resolved::Literal(literal) };
        match self.variable(variables, variable) {
            // A variable without a value is as if the argument was not written.
            Resolved::Absent => default(self.schema(), input),
            resolved => resolved,
        }
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable<'a>(
        &'a self,
        variables: &Variables<'a>,
        variable: VariableIdx,
    ) -> Resolved<'a> {
        match variables.given(variable) {
            None => Resolved::Unknown,
            Some(Given::Absent) => Resolved::Absent,
            Some(Given::Default) => {
                let definition = self.variables().get(variable.index());
                let default = definition.and_then(|it| it.default);
                default.map_or(Resolved::Absent, Resolved::Literal)
            }
            Some(Given::Value(value)) => Resolved::Json(value),
        }
    }

    /// What a variable is as a field of an input object; nothing where it is as if the field was not
    /// written.
    #[must_use]
    pub fn member<'a>(
        &'a self,
        variables: &Variables<'a>,
        variable: VariableIdx,
    ) -> Option<Resolved<'a>> {
        match self.variable(variables, variable) {
            Resolved::Absent => (self.absent == AbsentVariables::AsNull).then(given_null),
            resolved => Some(resolved),
        }
    }

    /// The variable that stands at a place of the document, when one does.
    #[must_use]
    pub fn variable_at(&self, literal: ValueId) -> Option<VariableIdx> {
        match self.document().value(literal)?.kind {
            ValueKind::Variable(name) => {
                VariableIdx::position(self.variables(), self.document().str(name))
            }
            _ => None,
        }
    }
}

/// Null as a client would give it.
fn given_null() -> Resolved<'static> {
    static NULL: LazyLock<Option<json::Tree<'static>>> =
        LazyLock::new(|| json::read(b"null", json::Limits::default()).ok());
    NULL.as_ref().map_or(Resolved::Const(&Const::Null), |it| Resolved::Json(it.root()))
}

/// What an input is when nothing is given for it.
#[must_use]
pub fn default(schema: &Schema, input: InputId) -> Resolved<'_> {
    schema.input(input).default.as_ref().map_or(Resolved::Absent, Resolved::Const)
}
