//! The typed walk over input values: arguments, input fields and leaves, in literals and in JSON.
//!
//! Values were validated or coerced before; what does not fit its type is passed over here.

use std::borrow::Cow;

use crate::{
    document::{Document, ValueId, ValueKind},
    json::{self, Kind as Json},
    schema::{InputId, Kind, Schema, TypeId, TypeRef},
};

/// A value in a document or in the variables of a request.
#[derive(Clone, Copy, Debug)]
pub enum InputValue<'a> {
    /// In the JSON of the request.
    Json(json::Value<'a>),
    /// In the document.
    Literal(ValueId),
}

/// What the walk meets.
#[derive(Clone, Copy, Debug)]
pub enum Met<'a> {
    /// An input field is named; its value follows unless it is a variable.
    Field(InputId),
    /// A value of an enum or scalar, null excepted.
    Leaf {
        /// Its type.
        named: TypeId,
        /// The value.
        value: InputValue<'a>,
    },
}

/// Walks a value of a type and everything in it. Variables inside literals are passed over: their
/// values are walked by themselves.
// The budget of this loop is the value: everything in it is visited once.
pub fn walk<'a>(
    (schema, document): (&Schema, &'a Document),
    ty: &TypeRef,
    value: InputValue<'a>,
    mut meet: impl FnMut(Met<'a>),
) {
    let mut open = Vec::new();
    // Most values are leaves: they never touch the stack.
    let mut next = Some((value, ty.named));
    while let Some((value, named)) = next.take().or_else(|| open.pop()) {
        match shape_of(document, value) {
            Shape::List => {
                open.extend(children(document, value).into_iter().map(|it| (it.value, named)))
            }
            Shape::Nothing => {}
            Shape::Object if matches!(schema.ty(named).kind, Kind::InputObject { .. }) => {
                for child in children(document, value) {
                    let field = child.key.and_then(|it| schema.input_field_named(named, &it));
                    let Some(field) = field else { continue };
                    meet(Met::Field(field));
                    open.push((child.value, schema.input(field).ty.named));
                }
            }
            Shape::Leaf | Shape::Object => meet(Met::Leaf { named, value }),
        }
    }
}

enum Shape {
    Leaf,
    List,
    Nothing,
    Object,
}

fn shape_of(document: &Document, value: InputValue<'_>) -> Shape {
    match value {
        InputValue::Json(value) => match value.kind() {
            Json::Array => Shape::List,
            Json::Null => Shape::Nothing,
            Json::Object => Shape::Object,
            Json::Boolean(_) | Json::File | Json::Number | Json::String => Shape::Leaf,
        },
        InputValue::Literal(id) => match document.value(id).map(|it| it.kind) {
            Some(ValueKind::List) => Shape::List,
            Some(ValueKind::Object) => Shape::Object,
            None | Some(ValueKind::Null | ValueKind::Variable(_)) => Shape::Nothing,
            Some(
                ValueKind::Boolean(_)
                | ValueKind::Enum(_)
                | ValueKind::Float(_)
                | ValueKind::Int(_)
                | ValueKind::String(_),
            ) => Shape::Leaf,
        },
    }
}

struct Child<'a> {
    key: Option<Cow<'a, str>>,
    value: InputValue<'a>,
}

fn children<'a>(document: &'a Document, value: InputValue<'a>) -> Vec<Child<'a>> {
    match value {
        InputValue::Json(value) => value
            .children()
            .map(|it| Child { key: it.key(), value: InputValue::Json(it) })
            .collect(),
        InputValue::Literal(id) => document
            .children(id)
            .map(|(id, it)| Child {
                key: it.key.map(|key| document.str(key).into()),
                value: InputValue::Literal(id),
            })
            .collect(),
    }
}
