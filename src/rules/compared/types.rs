//! Literals that a value of a type is never equal to.

use crate::{
    expression::{Compared, Literal, likely},
    rules::compared::Objection,
    schema::{Kind, Scalar, Schema, Type, TypeRef},
};

/// Says why a value of the type is never the literal.
pub(super) fn of_type(schema: &Schema, ty: &TypeRef, it: &Compared, of: &str) -> Option<Objection> {
    let named = schema.ty(ty.named);
    let is = |what: &str, help: &str| {
        Some((format!("`{of}` is of type `{}` and never {what}", named.name), help.to_owned()))
    };
    match (ty.list_depth(), it.is_among) {
        (0, false) | (1, true) => {}
        (0, true) => return searched(named, of),
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
        (_, _, Literal::Anything) => None,
        (Kind::InputObject { .. }, ..) => is("equal to a literal", "compare a field of it"),
        _ => None,
    }
}

/// What to say of `in` that looks into what is no list: in an input object there are the names of
/// its fields, in a custom scalar nobody knows what, in anything else nothing.
fn searched(ty: &Type, of: &str) -> Option<Objection> {
    let is_neither = match ty.kind {
        Kind::Enum => true,
        Kind::Scalar => ty.scalar != Scalar::Other,
        Kind::InputObject { .. } | Kind::Interface | Kind::Object { .. } | Kind::Union => false,
    };
    let message = || format!("`in` looks into a list or a map: `{of}` is of type `{}`", ty.name);
    let help = || format!("write `{of} == …`, or `{of}.contains(…)` for a part of a text");
    is_neither.then(|| (message(), help()))
}
