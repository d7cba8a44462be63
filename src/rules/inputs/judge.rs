//! What is wrong with a condition on inputs for the places that it is asked at.

use crate::{
    diagnostic::Diagnostics,
    expression::{Name, When},
    rules::{
        InputPlace, compared,
        typed::{self, Types},
    },
    schema::{FieldId, InputOwner, Schema, TypeRef},
    yaml::Node,
};

/// Adds what is never true or false, and what is never equal.
pub(super) fn judge(
    schema: &Schema,
    (node, when): (&Node, &When),
    places: &[InputPlace],
    found: &mut Diagnostics,
) {
    typed::object(schema, node, &types(schema, when, places), found);
    let fields = fields(schema, places);
    compared::object(schema, (node, when), fields.as_deref(), found);
}

/// The types that a condition can have which is nothing but `value` or an argument beside it.
fn types(schema: &Schema, when: &When, places: &[InputPlace]) -> Types {
    let of = |place: &InputPlace| match (when.expression()?.bare()?, *place) {
        ((Name::Value, None), InputPlace::Input(input)) => Some(schema.input(input).ty.clone()),
        ((Name::Value, None), InputPlace::Scalar(named)) => {
            Some(TypeRef { named, wrappers: [].into() })
        }
        ((Name::Args, Some(name)), InputPlace::Input(input)) => match schema.input(input).owner {
            InputOwner::Field(field) => typed::of_argument(schema, field, name),
            InputOwner::Directive(_) | InputOwner::InputObject(_) => None,
        },
        _ => None,
    };
    places.iter().map(of).collect()
}

/// The fields that the places are arguments of; `None` when one of them stands elsewhere.
fn fields(schema: &Schema, places: &[InputPlace]) -> Option<Vec<FieldId>> {
    let of = |place: &InputPlace| match *place {
        InputPlace::Input(input) => match schema.input(input).owner {
            InputOwner::Field(field) => Some(field),
            InputOwner::Directive(_) | InputOwner::InputObject(_) => None,
        },
        InputPlace::Scalar(_) => None,
    };
    places.iter().map(of).collect()
}
