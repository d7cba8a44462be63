//! A representation of an entity, as a gateway gives it to `_entities`: an object that names its
//! type, with values of that type's fields.
//!
//! `_Any` is a scalar, so no coercion has looked inside. Values of custom scalars are taken as they
//! are, here as everywhere.

use crate::{
    json::{Kind as Json, Value},
    operation::is_scalar,
    rules::{representation_field::Fields, representation_key::is_complete},
    schema::{Const, FieldId, Kind, Schema, TypeId, TypeRef, Wrapper},
};

/// What is wrong with a representation.
#[derive(Debug)]
pub(super) struct Problem {
    /// The coordinate, when the schema knows it.
    pub(super) at: Option<String>,
    /// What is wrong.
    pub(super) what: &'static str,
}

/// Checks one representation.
pub(super) fn check(fields: &mut Fields<'_>, value: Value<'_>) -> Result<(), Problem> {
    let schema = fields.schema;
    let entity = entity(schema, value)?;
    has_key(schema, entity, value)?;
    let mut open = vec![(value, vec![entity])];
    // The budget of this loop is the value: every object in it is visited once, as one of the types
    // that it can be.
    while let Some((object, types)) = open.pop() {
        let types = concrete(schema, types, object)?;
        for member in object.children() {
            let key = member.key().unwrap_or_default();
            if key == "__typename" {
                continue;
            }
            let named: Vec<_> = types.iter().flat_map(|it| fields.named(*it, &key)).collect();
            if named.is_empty() {
                return Err(of_type(schema, &types, "a field that the type does not have"));
            }
            let inner = fitting(schema, &named, member)?;
            if !inner.is_empty() {
                open.extend(objects(member).into_iter().map(|it| (it, inner.clone())));
            }
        }
    }
    Ok(())
}

/// What an object says that it is; without a word of it, each type that it can be.
fn concrete(
    schema: &Schema,
    types: Vec<TypeId>,
    object: Value<'_>,
) -> Result<Vec<TypeId>, Problem> {
    let Some(name) = object.member("__typename") else { return Ok(types) };
    let named = name.string().and_then(|it| schema.type_named(&it));
    let mut possible = types.iter().map(|it| &schema.ty(*it).possible);
    let is_fit = |it: &TypeId| match schema.ty(*it).kind {
        Kind::Object { object } => possible.any(|possible| possible.contains(object)),
        // Where the gateway knows it as an object, it cannot say more.
        Kind::Interface if is_entity(schema, *it) => {
            possible.any(|possible| schema.ty(*it).possible.is_subset(possible))
        }
        Kind::Enum | Kind::InputObject { .. } | Kind::Interface | Kind::Scalar | Kind::Union => {
            false
        }
    };
    match named.filter(is_fit) {
        Some(named) => Ok(vec![named]),
        None => Err(of_type(schema, &types, "a `__typename` that is no such type")),
    }
}

/// A problem with an object that can be of these types.
fn of_type(schema: &Schema, types: &[TypeId], what: &'static str) -> Problem {
    Problem { at: types.first().map(|it| schema.ty(*it).name.to_string()), what }
}

/// The types that objects in a value of one of these fields can be; none, when a leaf takes them as
/// they are.
fn fitting(schema: &Schema, named: &[FieldId], value: Value<'_>) -> Result<Vec<TypeId>, Problem> {
    let types = named.iter().map(|it| &schema.field(*it).ty).filter(|it| fits(schema, it, value));
    let mut types: Vec<_> = types.map(|it| it.named).collect();
    if types.is_empty() {
        let at = named.first().map(|it| schema.coordinate(*it));
        return Err(Problem { at, what: "a value that is not of the field's type" });
    }
    if !types.iter().all(|it| schema.ty(*it).is_composite()) {
        types.clear();
    }
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

/// The objects of a value, through its lists.
fn objects(value: Value<'_>) -> Vec<Value<'_>> {
    let (mut open, mut found) = (vec![value], Vec::new());
    // The budget of this loop is the value.
    while let Some(value) = open.pop() {
        match value.kind() {
            Json::Array => open.extend(value.children()),
            Json::Object => found.push(value),
            Json::Boolean(_) | Json::File | Json::Null | Json::Number | Json::String => {}
        }
    }
    found
}

/// The type that it names.
fn entity(schema: &Schema, value: Value<'_>) -> Result<TypeId, Problem> {
    let nothing = |what| Problem { at: None, what };
    if value.kind() != Json::Object {
        return Err(nothing("a representation that is no object"));
    }
    let name = value.member("__typename").and_then(Value::string);
    let name = name.ok_or_else(|| nothing("a representation without `__typename`"))?;
    let named = schema.type_named(&name).filter(|it| is_entity(schema, *it));
    named.ok_or_else(|| nothing("a `__typename` that is no entity"))
}

/// A member of `_Entity`, or without that union an object type with a key; of interfaces one with a
/// key, or where no keys are known one of which every type that implements it is an entity.
fn is_entity(schema: &Schema, id: TypeId) -> bool {
    let ty = schema.ty(id);
    let has_key = |id| keys(schema, id).next().is_some();
    let union = schema.type_named("_Entity").map(|it| &schema.ty(it).possible);
    match (ty.kind, union) {
        (Kind::Object { object }, Some(union)) => union.contains(object),
        (Kind::Object { .. }, None) => has_key(id),
        (Kind::Interface, _) if has_key(id) => true,
        (Kind::Interface, Some(union)) => {
            let mut objects = ty.possible.iter().map(|it| schema.object(it));
            !ty.possible.is_empty() && ty.possible.is_subset(union) && !objects.any(has_key)
        }
        (Kind::Interface, None) => false,
        (Kind::Enum | Kind::InputObject { .. } | Kind::Scalar | Kind::Union, _) => false,
    }
}

/// At least one of the type's keys is complete. Introspection tells no keys; then the members that
/// are there are all that is checked.
fn has_key(schema: &Schema, entity: TypeId, value: Value<'_>) -> Result<(), Problem> {
    let mut keys = keys(schema, entity).peekable();
    if keys.peek().is_none() || keys.any(|it| is_complete(schema, it, value)) {
        return Ok(());
    }
    let at = Some(schema.ty(entity).name.to_string());
    Err(Problem { at, what: "no key of the entity is complete" })
}

/// The texts of `@key(fields: "…")`.
fn keys(schema: &Schema, ty: TypeId) -> impl Iterator<Item = &str> {
    schema.applied(&schema.ty(ty).directives, "key").filter_map(|it| match it.argument("fields") {
        Some(Const::String(text)) => Some(&**text),
        _ => None,
    })
}

/// Whether a value is of a type, but for what is in its objects.
fn fits(schema: &Schema, TypeRef { named, wrappers }: &TypeRef, value: Value<'_>) -> bool {
    let mut values = vec![(value, &**wrappers)];
    // The budget of this loop is the value.
    while let Some((value, wrappers)) = values.pop() {
        match (wrappers, value.kind()) {
            ([Wrapper::NonNull, ..], Json::Null) => return false,
            ([Wrapper::NonNull, inner @ ..], _) => values.push((value, inner)),
            (_, Json::Null) => {}
            ([Wrapper::List, inner @ ..], Json::Array) => {
                values.extend(value.children().map(|it| (it, inner)));
            }
            ([Wrapper::List, ..], _) => return false,
            ([], Json::Object) if schema.ty(*named).is_composite() => {}
            ([], _) if fits_leaf(schema, *named, value) => {}
            ([], _) => return false,
        }
    }
    true
}

fn fits_leaf(schema: &Schema, named: TypeId, value: Value<'_>) -> bool {
    let ty = schema.ty(named);
    match ty.kind {
        Kind::Enum => {
            let name = value.string();
            name.is_some_and(|it| ty.values.iter().any(|known| *known.name == *it))
        }
        Kind::Scalar => is_scalar(ty.scalar, value),
        Kind::InputObject { .. } | Kind::Interface | Kind::Object { .. } | Kind::Union => false,
    }
}
