//! What the names of an expression stand for at one field of an operation: `args`, `field`,
//! `parent`, `root`, `operation`; and `value` where the expression judges an input.

use std::{borrow::Cow, sync::OnceLock};

use crate::{
    document::ValueId,
    expression::{Arguments, Name, Resolve, Value, When},
    operation::{Node, NodeId, Operation, VariableIdx},
    rules::{Facts, Trusted, input_value::value_of, purse::Purse},
    schema::{FieldId, InputId, Schema},
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

/// What `operation` stands for.
pub(super) fn about(operation: &Operation, facts: &Facts<'_>) -> Value {
    Value::map([
        ("id", Value::text(&format!("sha256:{}", facts.document.hash.digest()))),
        ("trusted", Value::boolean(facts.document.trusted == Trusted::Yes)),
        ("type", Value::text(operation.kind().keyword())),
    ])
}

/// Whether two fields take the same arguments, with the same defaults: types may add to what their
/// interface declares.
pub(super) fn take_the_same(schema: &Schema, one: FieldId, other: FieldId) -> bool {
    let of = |field| {
        let inputs = schema.arguments(field).map(|it| schema.input(it));
        inputs.map(|it| (&it.name, &it.default))
    };
    one == other
        || (of(one).count() == of(other).count()
            && of(one).all(|it| of(other).any(|other| other == it)))
}

/// Where the value of an input comes from: the same source has the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// Nothing is written.
    Default,
    Literal(ValueId),
    Variable(VariableIdx),
}

impl Source {
    pub(super) fn of(operation: &Operation, written: Option<ValueId>) -> Self {
        match written {
            None => Self::Default,
            Some(literal) => {
                operation.variable_at(literal).map_or(Self::Literal(literal), Self::Variable)
            }
        }
    }
}

/// The names at a place, for one condition of one request; each is made when it is asked for.
pub(super) struct FieldScope<'a> {
    operation: &'a Operation,
    facts: &'a Facts<'a>,
    when: &'a When,
    purse: Purse<'a>,
    place: Place,
    args: OnceLock<Option<Value>>,
    field: OnceLock<Value>,
    parent: OnceLock<Option<Value>>,
    root: OnceLock<Option<Value>>,
    of_operation: OnceLock<Value>,
    value: Option<Value>,
}

impl<'a> FieldScope<'a> {
    pub(super) fn new(
        operation: &'a Operation,
        facts: &'a Facts<'a>,
        when: &'a When,
        place: Place,
    ) -> Self {
        let purse = Purse::of(operation, facts);
        Self {
            operation,
            facts,
            when,
            purse,
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

    /// The arguments of a field that the condition looks at, with the defaults of the type that
    /// answers; `whose` says as what.
    fn args(&self, (id, field): (NodeId, FieldId), whose: Name) -> Option<Value> {
        let node = self.operation.node(id)?;
        let schema = self.operation.schema();
        let inputs: Vec<InputId> = match self.when.expression().map(|it| it.arguments(whose)) {
            Some(Arguments::All) | None => schema.arguments(field).collect(),
            Some(Arguments::Named(names)) => {
                names.iter().filter_map(|it| schema.argument_named(field, it)).collect()
            }
        };
        let named = |input| Some((&*schema.input(input).name, self.value_of(node, input)?));
        let map = Value::map(inputs.into_iter().filter_map(named));
        // INVARIANT: an argument that could not be paid for is not one that is absent.
        (!self.purse.is_spent()).then_some(map)
    }

    fn value_of(&self, node: &Node, input: InputId) -> Option<Value> {
        let variables = self.facts.variables;
        let resolved = self.operation.argument(variables, node, input);
        let known = (self.operation, variables);
        let (value, n_values) = value_of(known, input, resolved, &self.purse)?;
        self.purse.spend_on_looking(self.when, n_values).then_some(value)
    }

    fn at(&self, id: NodeId, field: FieldId, whose: Name) -> Option<Value> {
        let coordinate = self.operation.schema().coordinate(field);
        let args = self.args((id, field), whose)?;
        Some(Value::map([("args", args), ("field", Value::text(&coordinate))]))
    }

    fn parent(&self) -> Option<Value> {
        let node = self.operation.node(self.place.node)?;
        self.at(node.parent?, self.place.parent?, Name::Parent)
    }

    fn root(&self) -> Option<Value> {
        let (node, field) = self.root_field()?;
        self.at(node, field, Name::Root)
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
}

impl Resolve for FieldScope<'_> {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Args => {
                let own = (self.place.node, self.place.field);
                self.args.get_or_init(|| self.args(own, Name::Args)).as_ref()
            }
            Name::Field => {
                let coordinate = || self.operation.schema().coordinate(self.place.field);
                Some(self.field.get_or_init(|| Value::text(&coordinate())))
            }
            Name::Operation => {
                Some(self.of_operation.get_or_init(|| about(self.operation, self.facts)))
            }
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
        // Without enough for it, `args` has no value either, and there is no answer.
        self.value_of(node, self.operation.schema().argument_named(self.place.field, name)?)
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
