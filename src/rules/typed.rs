//! Conditions that are nothing but a value of the schema: `args.first` of a whole number is never
//! true or false.
//!
//! Objects only where the type of the value is known wherever the condition is asked: what a custom
//! scalar holds nobody knows.

use crate::{
    diagnostic::Diagnostics,
    expression::{Kind, Name, When},
    schema::{FieldId, Kind as TypeKind, Scalar, Schema, TypeRef},
    yaml::Node,
};

/// The types that the value of a condition can have, one for each place; `None` where nobody knows.
pub(super) type Types = Vec<Option<TypeRef>>;

/// Adds the mistake when the value is never true or false.
pub(super) fn object(schema: &Schema, node: &Node, types: &Types, found: &mut Diagnostics) {
    let mut kinds = types.iter().map(|it| it.as_ref().map_or(Kind::Any, |it| kind(schema, it)));
    let Some(first) = kinds.next() else { return };
    let kind = kinds.fold(first, Kind::or);
    When::expect(node, kind, found);
}

/// The argument that a condition is and nothing else: `args.first`.
pub(super) fn argument(when: &When) -> Option<&str> {
    match when.expression()?.bare()? {
        (Name::Args, member) => member,
        _ => None,
    }
}

/// The type of an argument of a field.
// GraphQL §3.6: what implements a field has its arguments with the same types.
pub(super) fn of_argument(schema: &Schema, field: FieldId, name: &str) -> Option<TypeRef> {
    schema.argument_named(field, name).map(|it| schema.input(it).ty.clone())
}

fn kind(schema: &Schema, ty: &TypeRef) -> Kind {
    // GraphQL §3.11: a single value counts as a list of one.
    if ty.list_depth() > 0 {
        return Kind::List;
    }
    let named = schema.ty(ty.named);
    match (named.kind, named.scalar) {
        (TypeKind::Enum, _) | (TypeKind::Scalar, Scalar::Id | Scalar::String) => Kind::Text,
        (TypeKind::InputObject { .. }, _) => Kind::Map,
        (TypeKind::Scalar, Scalar::Float | Scalar::Int) => Kind::Number,
        (TypeKind::Scalar, Scalar::Boolean | Scalar::Other | Scalar::Upload)
        | (TypeKind::Interface | TypeKind::Object { .. } | TypeKind::Union, _) => Kind::Any,
    }
}
