//! Literals that a value of a type is never equal to.

use crate::{
    expression::{Compared, Literal, likely},
    rules::compared::Objection,
    schema::{Kind, Scalar, Schema, TypeRef},
};

/// Says why a value of the type is never the literal.
pub(super) fn of_type(schema: &Schema, ty: &TypeRef, it: &Compared, of: &str) -> Option<Objection> {
    let named = schema.ty(ty.named);
    let is = |what: &str, help: &str| {
        Some((format!("`{of}` is of type `{}` and never {what}", named.name), help.to_owned()))
    };
    match (ty.list_depth(), it.is_among) {
        (0, false) | (1, true) => {}
        // In what is no list there is no answer.
        (0, true) => return None,
        (1, false) => {
            let message = format!("`{of}` is a list and never equal to a literal");
            return Some((message, format!("ask what is in it, as in `\"a\" in {of}`")));
        }
        (_, _) => return Some((format!("`{of}` is a list of lists"), String::new())),
    }
    match (named.kind, named.scalar, &it.literal) {
        (Kind::Enum, _, Literal::Text(text)) => {
            if named.values.iter().any(|it| *it.name == **text) {
                return None;
            }
            let meant = likely(text, named.values.iter().map(|it| &*it.name));
            let help = meant.map_or_else(String::new, |it| format!("did you mean `{it}`?"));
            is(&format!("`{text}`"), &help)
        }
        (Kind::Enum, _, Literal::Boolean | Literal::Number)
        | (Kind::Scalar, Scalar::Id | Scalar::String, Literal::Boolean | Literal::Number) => {
            is("equal to a literal without quotes", "write it between quotes: it is a text")
        }
        (Kind::Scalar, Scalar::Int | Scalar::Float, Literal::Boolean | Literal::Text(_)) => {
            is("equal to what is no number", "compare it with a number")
        }
        (Kind::Scalar, Scalar::Boolean, Literal::Number | Literal::Text(_)) => {
            is("equal to a number or a text", "compare it with `true` or `false`")
        }
        (Kind::InputObject { .. }, ..) => is("equal to a literal", "compare a field of it"),
        _ => None,
    }
}
