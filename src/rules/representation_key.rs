//! Whether a representation holds all of a key: the field sets of `@key(fields: "…")`.
//!
//! Whether its values are of the fields' types is seen elsewhere, and with that where null may be.

use std::iter;

use crate::{
    json::{Kind as Json, Value},
    schema::{Kind, Schema},
};

/// Whether every field of a key is there, on every level: `id dimensions { size }`. Below null there
/// is nothing to give.
// The budget of this loop is the key, which the schema gives, times the objects of the value.
pub(super) fn is_complete(schema: &Schema, key: &str, value: Value<'_>) -> bool {
    let mut tokens = tokens(key).peekable();
    let mut around: Vec<Vec<Value<'_>>> = Vec::new();
    let mut here = vec![value];
    while let Some(token) = tokens.next() {
        let below = match token {
            "{" => here.clone(),
            "}" => {
                here = around.pop().unwrap_or_default();
                continue;
            }
            "..." => {
                let on = tokens.next_if_eq(&"on").and_then(|_| tokens.next());
                of_type(schema, on, &here)
            }
            field => match members(field, &here) {
                Some(members) => members,
                None => return false,
            },
        };
        let opens = token == "{" || tokens.next_if_eq(&"{").is_some();
        if opens {
            if !below.iter().all(|it| it.kind() == Json::Object) {
                return false;
            }
            around.push(std::mem::replace(&mut here, below));
        }
    }
    true
}

/// Words, braces and dots.
fn tokens(mut text: &str) -> impl Iterator<Item = &str> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    iter::from_fn(move || {
        text = text.trim_start_matches(|it| !is_word(it) && !['{', '}', '.'].contains(&it));
        let first = text.chars().next()?;
        let end = match first {
            '{' | '}' => 1,
            '.' => text.find(|it| it != '.').unwrap_or(text.len()),
            _ => text.find(|it| !is_word(it)).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at_checked(end)?;
        text = rest;
        Some(token)
    })
}

/// What is under a name, in lists each of it, but null; nothing when one of the objects lacks it.
fn members<'v>(name: &str, objects: &[Value<'v>]) -> Option<Vec<Value<'v>>> {
    let mut found = Vec::new();
    for object in objects {
        let mut open = vec![object.member(name)?];
        // The budget of this loop is the value.
        while let Some(value) = open.pop() {
            match value.kind() {
                Json::Array => open.extend(value.children()),
                Json::Null => {}
                Json::Boolean(_) | Json::File | Json::Number | Json::Object | Json::String => {
                    found.push(value);
                }
            }
        }
    }
    Some(found)
}

/// The objects that say that they are of a type; all, when there is no such word.
fn of_type<'v>(schema: &Schema, on: Option<&str>, objects: &[Value<'v>]) -> Vec<Value<'v>> {
    let Some(on) = on else { return objects.to_vec() };
    let on = schema.type_named(on).map(|it| &schema.ty(it).possible);
    let is_one = |it: &Value<'_>| {
        let named = it.member("__typename").and_then(Value::string);
        let named = named.and_then(|it| schema.type_named(&it)).map(|it| schema.ty(it).kind);
        matches!((named, on), (Some(Kind::Object { object }), Some(on)) if on.contains(object))
    };
    objects.iter().copied().filter(is_one).collect()
}
