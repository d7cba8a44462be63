//! The value of an argument as a key: one text for all ways of giving it.

use crate::{
    admission::rated::canonical::{Canonical, Given, number},
    document::ValueKind,
    json::Kind as Json,
    operation::{AbsentVariables, Node, Operation, Resolved, VariableIdx, Variables, default},
    schema::{Const, InputId},
};

/// The value at a path below the arguments of a call.
pub(super) fn given<'a>(
    operation: &'a Operation,
    variables: &Variables<'a>,
    node: &Node,
    path: &[Box<str>],
) -> Option<Resolved<'a>> {
    let (schema, (first, rest)) = (operation.schema(), path.split_first()?);
    let mut input = schema.argument_named(node.field, first)?;
    let mut value = operation.argument(variables, node, input);
    for name in rest {
        let field = schema.input_field_named(schema.input(input).ty.named, name)?;
        value = member(operation, variables, value, (name, field));
        input = field;
    }
    Some(value)
}

/// A member of an input object, with its default.
fn member<'a>(
    operation: &'a Operation,
    variables: &Variables<'a>,
    object: Resolved<'a>,
    (name, field): (&str, InputId),
) -> Resolved<'a> {
    let document = operation.document();
    let given = match object {
        Resolved::Absent => return Resolved::Absent,
        Resolved::Unknown => return Resolved::Unknown,
        Resolved::Const(Const::Object(members)) => {
            members.iter().find(|(key, _)| **key == *name).map(|(_, it)| Resolved::Const(it))
        }
        Resolved::Const(_) => None,
        Resolved::Json(it) => it.member(name).map(Resolved::Json),
        Resolved::Literal(id) => document
            .children(id)
            .find(|(_, it)| it.key.is_some_and(|key| document.str(key) == name))
            .map(|(id, _)| match operation.variable_at(id) {
                Some(it) if is_null(operation, variables, it) => Resolved::Const(&Const::Null),
                _ => operation.resolve(variables, id, field),
            }),
    };
    given.unwrap_or_else(|| default(operation.schema(), field))
}

/// Whether a variable of an input object is null because nothing is given for it.
fn is_null(operation: &Operation, variables: &Variables<'_>, it: VariableIdx) -> bool {
    operation.absent() == AbsentVariables::AsNull
        && matches!(operation.variable(variables, it), Resolved::Absent)
}

/// A number has one text for all its spellings, and is the same as a text that says so: an ID is
/// either. `None` when it is null or not given.
pub(super) fn text(canonical: Canonical<'_, '_>, value: Resolved<'_>) -> Option<String> {
    let document = canonical.operation.document();
    match value {
        Resolved::Absent | Resolved::Unknown => None,
        Resolved::Const(it) => match it {
            Const::Boolean(it) => Some(it.to_string()),
            Const::Enum(it) | Const::String(it) => Some(it.to_string()),
            Const::Float(it) | Const::Int(it) => Some(number(it)),
            Const::List(_) | Const::Object(_) => Some(canonical.text(Given::Const(it))),
            Const::Null => None,
        },
        Resolved::Json(it) => match it.kind() {
            Json::Boolean(it) => Some(it.to_string()),
            Json::File | Json::Null => None,
            Json::Number => Some(number(it.text())),
            Json::String => it.string().map(Into::into),
            // What a scalar of the schema's own may be.
            Json::Array | Json::Object => Some(canonical.text(Given::Json(it))),
        },
        Resolved::Literal(id) => match document.value(id)?.kind {
            ValueKind::Boolean(it) => Some(it.to_string()),
            ValueKind::Enum(it) => Some(document.str(it).to_owned()),
            ValueKind::Float(it) | ValueKind::Int(it) => Some(number(document.str(it))),
            ValueKind::String(it) => Some(document.string(it).to_owned()),
            ValueKind::List | ValueKind::Object => Some(canonical.text(Given::Literal(id))),
            ValueKind::Null | ValueKind::Variable(_) => None,
        },
    }
}
