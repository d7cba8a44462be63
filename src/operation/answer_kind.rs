//! What the values of one answered field are: lists, where they are never null, and their kind.

use crate::schema::{FieldId, Kind, Schema, TypeId, TypeRef, Wrapper};

/// What a value is that is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// A custom scalar: anything.
    Any,
    /// `Boolean`
    Boolean,
    /// A value of this enum.
    Enum(TypeId),
    /// `Float`
    Float,
    /// `ID`: a string or a whole number.
    Id,
    /// `Int`
    Int,
    /// An object of this place.
    Object(u32),
    /// `String`
    String,
    /// `__typename`
    Typename,
}

/// What holds for all fields that answer a key: lists, where it is never null, and its kind. The
/// specification wants them to be of one shape; where they are not, anything may come.
pub(super) fn common(schema: &Schema, fields: &[FieldId]) -> (u32, u64, AnswerKind) {
    // On one object type `__typename` and on another a name that the client has chosen are of one
    // shape: what such a key says is no type.
    if fields.iter().all(|it| *it == FieldId::TYPENAME) {
        return (0, 1, AnswerKind::Typename);
    }
    let types = fields.iter().map(|it| &schema.field(*it).ty);
    let mut all = types.map(|it| (it.list_depth(), non_null(it), kind(schema, it.named)));
    let Some((n_lists, mut never, kind)) = all.next() else { return (0, 0, AnswerKind::Any) };
    for other in all {
        if (other.0, other.2) != (n_lists, kind) {
            return (0, 0, AnswerKind::Any);
        }
        never &= other.1;
    }
    (n_lists, never, kind)
}

fn non_null(ty: &TypeRef) -> u64 {
    let (mut level, mut never) = (0_u32, 0_u64);
    for it in &ty.wrappers {
        match it {
            Wrapper::List => level = level.saturating_add(1),
            Wrapper::NonNull => never |= 1_u64.checked_shl(level).unwrap_or(0),
        }
    }
    never
}

/// Objects get their place later.
fn kind(schema: &Schema, ty: TypeId) -> AnswerKind {
    let named = schema.ty(ty);
    match (named.kind, &*named.name) {
        (Kind::Enum, _) => AnswerKind::Enum(ty),
        (Kind::Interface | Kind::Object { .. } | Kind::Union, _) => AnswerKind::Object(0),
        (Kind::InputObject { .. }, _) => AnswerKind::Any,
        (Kind::Scalar, "Boolean") => AnswerKind::Boolean,
        (Kind::Scalar, "Float") => AnswerKind::Float,
        (Kind::Scalar, "ID") => AnswerKind::Id,
        (Kind::Scalar, "Int") => AnswerKind::Int,
        (Kind::Scalar, "String") => AnswerKind::String,
        (Kind::Scalar, _) => AnswerKind::Any,
    }
}
