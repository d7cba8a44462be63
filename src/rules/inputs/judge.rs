//! What is wrong with a condition on inputs for the places that it is asked at.

use crate::{
    diagnostic::Diagnostics,
    expression::{Name, When},
    rules::{
        InputPlace,
        compared::{self, Asked},
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
    let values: Vec<_> = places.iter().map(|it| type_at(schema, *it)).collect();
    let asked = Asked { fields: fields.as_deref(), values: &values };
    compared::object(schema, (node, when), asked, found);
}

/// The types that a condition can have which is nothing but `value` or an argument beside it.
fn types(schema: &Schema, when: &When, places: &[InputPlace]) -> Types {
    let of = |place: &InputPlace| match (when.expression()?.bare()?, *place) {
        ((Name::Value, None), place) => Some(type_at(schema, place)),
        ((Name::Args, Some(name)), InputPlace::Input(input)) => match schema.input(input).owner {
            InputOwner::Field(field) => typed::of_argument(schema, field, name),
            InputOwner::Directive(_) | InputOwner::InputObject(_) => None,
        },
        _ => None,
    };
    places.iter().map(of).collect()
}

fn type_at(schema: &Schema, place: InputPlace) -> TypeRef {
    match place {
        InputPlace::Input(input) => schema.input(input).ty.clone(),
        InputPlace::Scalar(named) => TypeRef { named, wrappers: [].into() },
    }
}

/// The fields that the places are arguments of, those of heirs as well; `None` when one of the
/// places stands elsewhere.
fn fields(schema: &Schema, places: &[InputPlace]) -> Option<Vec<FieldId>> {
    let of = |place: &InputPlace| match *place {
        InputPlace::Input(input) => match schema.input(input).owner {
            InputOwner::Field(field) => Some(field),
            InputOwner::Directive(_) | InputOwner::InputObject(_) => None,
        },
        InputPlace::Scalar(_) => None,
    };
    let mut fields: Vec<FieldId> = places.iter().map(of).collect::<Option<_>>()?;
    // Types may add arguments to those of their interface.
    let heirs = |it: &FieldId| {
        let field = schema.field(*it);
        let types = schema.types().filter(|(_, heir)| heir.interfaces.contains(&field.parent));
        types.filter_map(|(heir, _)| schema.field_named(heir, &field.name)).collect::<Vec<_>>()
    };
    let inherited: Vec<_> = fields.iter().flat_map(heirs).collect();
    fields.extend(inherited);
    Some(fields)
}
