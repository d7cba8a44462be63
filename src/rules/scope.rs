//! What the names of an expression stand for at one field of an operation: `args`, `field`,
//! `parent`, `root`, `operation`; and `value` where the expression judges an input.

use std::{borrow::Cow, sync::OnceLock};

use crate::{
    expression::{Name, Resolve, Value},
    operation::{Node, NodeId, Operation},
    rules::{Facts, Trusted, input_value::value_of},
    schema::{FieldId, InputId},
};

/// A field of an operation, on one of the object types that can answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The selection.
    pub(super) node: NodeId,
    /// The field of the object type.
    pub(super) field: FieldId,
    /// The field around it, of an object type as well; `None` for root fields.
    pub(super) parent: Option<FieldId>,
}

/// The names at a place, for one request; each is made when it is asked for.
pub(super) struct FieldScope<'a> {
    operation: &'a Operation,
    facts: &'a Facts<'a>,
    place: Place,
    args: OnceLock<Value>,
    field: OnceLock<Value>,
    parent: OnceLock<Option<Value>>,
    root: OnceLock<Option<Value>>,
    of_operation: OnceLock<Value>,
    value: Option<Value>,
}

impl<'a> FieldScope<'a> {
    pub(super) const fn new(operation: &'a Operation, facts: &'a Facts<'a>, place: Place) -> Self {
        Self {
            operation,
            facts,
            place,
            args: OnceLock::new(),
            field: OnceLock::new(),
            parent: OnceLock::new(),
            root: OnceLock::new(),
            of_operation: OnceLock::new(),
            value: None,
        }
    }

    /// The same with a `value`.
    pub(super) fn with_value(self, value: Value) -> Self {
        Self { value: Some(value), ..self }
    }

    fn args(&self, id: NodeId) -> Value {
        let Some(node) = self.operation.node(id) else { return Value::map([]) };
        let schema = self.operation.schema();
        let values = schema
            .arguments(node.field)
            .filter_map(|input| Some((&*schema.input(input).name, self.value_of(node, input)?)));
        Value::map(values)
    }

    fn value_of(&self, node: &Node, input: InputId) -> Option<Value> {
        let resolved = self.operation.argument(self.facts.variables, node, input);
        value_of(self.operation, self.facts.variables, input, resolved)
    }

    fn at(&self, id: NodeId, field: FieldId) -> Value {
        let coordinate = self.operation.schema().coordinate(field);
        Value::map([("args", self.args(id)), ("field", Value::text(&coordinate))])
    }

    fn parent(&self) -> Option<Value> {
        let node = self.operation.node(self.place.node)?;
        Some(self.at(node.parent?, self.place.parent?))
    }

    fn root(&self) -> Option<Value> {
        self.root_field().map(|(node, field)| self.at(node, field))
    }

    /// The root field above this one; a root field has none.
    fn root_field(&self) -> Option<(NodeId, FieldId)> {
        let mut above = self.operation.node(self.place.node)?.parent?;
        // The budget of this loop is the depth of the operation.
        loop {
            let node: &Node = self.operation.node(above)?;
            match node.parent {
                Some(parent) => above = parent,
                // Root types are objects, so the field as written is the one that answers.
                None => return Some((above, node.field)),
            }
        }
    }

    fn operation(&self) -> Value {
        let trusted = self.facts.document.trusted == Trusted::Yes;
        Value::map([
            ("id", Value::text(&format!("sha256:{}", self.facts.document.hash.digest()))),
            ("trusted", Value::boolean(trusted)),
            ("type", Value::text(self.operation.kind().keyword())),
        ])
    }
}

impl Resolve for FieldScope<'_> {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Args => Some(self.args.get_or_init(|| self.args(self.place.node))),
            Name::Field => {
                let coordinate = || self.operation.schema().coordinate(self.place.field);
                Some(self.field.get_or_init(|| Value::text(&coordinate())))
            }
            Name::Operation => Some(self.of_operation.get_or_init(|| self.operation())),
            Name::Parent => self.parent.get_or_init(|| self.parent()).as_ref(),
            Name::Root => self.root.get_or_init(|| self.root()).as_ref(),
            Name::Value => self.value.as_ref(),
            Name::Claims | Name::Client | Name::Request => None,
        }
    }

    fn argument(&self, name: &str) -> Option<Value> {
        if self.args.get().is_some() {
            return None;
        }
        let node = self.operation.node(self.place.node)?;
        self.value_of(node, self.operation.schema().argument_named(node.field, name)?)
    }

    fn coordinate(&self, name: Name) -> Option<Cow<'_, str>> {
        let field = match name {
            Name::Field => self.place.field,
            Name::Parent => self.place.parent?,
            Name::Root => self.root_field()?.1,
            _ => return None,
        };
        Some(self.operation.schema().coordinate(field).into())
    }
}
