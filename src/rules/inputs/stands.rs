//! Where a value stands, for conditions that look around it: at a field, or at none.

use crate::{
    document::{ValueId, ValueKind},
    expression::{Name, Resolve, Value},
    operation::{Node, NodeId, Operation, Variables},
    rules::scope::{Place, take_the_same},
    schema::FieldId,
};

/// `value` and nothing else of the operation.
pub(super) struct Only(pub(super) Value);

impl Resolve for Only {
    fn resolve(&self, name: Name) -> Option<&Value> {
        (name == Name::Value).then_some(&self.0)
    }
}

/// What a condition sees of a value that stands at no field, as that of a directive on a fragment.
pub(super) struct Apart {
    pub(super) operation: Value,
    pub(super) value: Value,
}

impl Resolve for Apart {
    fn resolve(&self, name: Name) -> Option<&Value> {
        match name {
            Name::Operation => Some(&self.operation),
            Name::Value => Some(&self.value),
            _ => None,
        }
    }
}

/// The fields of object types that can answer a selection, with those around it, as far as a
/// condition that asks for these names tells them apart; of one object type only, when it is given.
pub(super) fn places(
    operation: &Operation,
    (id, node): (NodeId, &Node),
    object: Option<u32>,
    asks: impl Fn(Name) -> bool,
) -> Vec<Place> {
    let is_typed = [Name::Args, Name::Field, Name::Parent].into_iter().any(&asks);
    let mut fields = if is_typed { fields(operation, node, object) } else { vec![node.field] };
    if !asks(Name::Field) {
        // Those that take the same arguments stand for each other; all do, where none is looked at.
        let mut kept: Vec<FieldId> = Vec::new();
        let is_same =
            |one, other| !asks(Name::Args) || take_the_same(operation.schema(), one, other);
        fields.retain(|it| {
            let is_new = !kept.iter().any(|kept| is_same(*kept, *it));
            kept.extend(is_new.then_some(*it));
            is_new
        });
    }
    let above = node.parent.and_then(|it| operation.node(it));
    let parents: Vec<Option<FieldId>> = match above {
        Some(above) if asks(Name::Parent) => {
            operation.answering(above).into_iter().map(Some).collect()
        }
        above => vec![above.map(|it| it.field)],
    };
    let around = |field| parents.iter().map(move |it| Place { node: id, field, parent: *it });
    fields.into_iter().flat_map(around).collect()
}

/// Whether what a condition looks at hangs on variables that nobody knows: those of an operation
/// that was not selected, and is not forwarded.
pub(super) fn is_unknowable(
    (operation, variables): (&Operation, &Variables<'_>),
    written: Option<ValueId>,
    asks: impl Fn(Name) -> bool,
) -> bool {
    let is_unselected = variables.all().len() != operation.variables().len();
    let looks_around = [Name::Args, Name::Parent, Name::Root].into_iter().any(&asks);
    let is_open = || written.is_some_and(|it| holds_variable(operation, it));
    is_unselected && (looks_around || (asks(Name::Value) && is_open()))
}

fn holds_variable(operation: &Operation, literal: ValueId) -> bool {
    let document = operation.document();
    let end = document.value(literal).map_or(literal.index(), |it| it.end.index());
    let inside = document.values().get(literal.index()..end).unwrap_or_default();
    inside.iter().any(|it| matches!(it.kind, ValueKind::Variable(_)))
}

/// The fields that can answer a selection.
fn fields(operation: &Operation, node: &Node, object: Option<u32>) -> Vec<FieldId> {
    let mut all = operation.answering(node);
    if let Some(ty) = object.map(|it| operation.schema().object(it)) {
        all.retain(|it| operation.schema().field(*it).parent == ty);
    }
    all
}
