//! Free-form values: as deep and with as many keys as a demand allows and one more, and with keys
//! that are orders to a database.

use serde_json::{Map, Value, json};

use crate::{
    attack::{
        Side,
        intent::{self, texts},
    },
    yaml::Node,
};

/// Values of both sides of `json`.
pub(super) fn values(node: &Node) -> Vec<(Side, Value)> {
    let number = |key: &str, otherwise: usize| {
        let text = intent::get(node, key).and_then(Node::as_text);
        text.and_then(|it| it.parse().ok()).unwrap_or(otherwise)
    };
    let (depth, keys) = (number("depth", DEPTH), number("keys", KEYS));
    let allowed = intent::get(node, "allow").map(texts).unwrap_or_default();
    let mut all = named(&allowed, (depth, keys));
    for (n, side) in [(depth, Side::Within), (depth.saturating_add(1), Side::Beyond)] {
        // Every object but the last has a key, and an object is one level.
        let has_keys = side == Side::Beyond || n.saturating_sub(1) <= keys;
        if n > 0 && has_keys {
            all.push((side, objects(n)));
        }
        if n > 0 && (side == Side::Beyond || keys > 0 || n == 1) {
            all.push((side, lists(n)));
        }
    }
    for (n, side) in [(keys, Side::Within), (keys.saturating_add(1), Side::Beyond)] {
        if n <= MAX_KEYS && (side == Side::Beyond || depth > 0) {
            all.push((side, flat("a", n)));
        }
        // Half of them in an object inside.
        if (2..=MAX_KEYS).contains(&n) && (side == Side::Beyond || depth > 1) {
            all.push((side, split(n)));
        }
    }
    all
}

/// Keys that mean more than a name, where they are not allowed and where they are.
fn named(allowed: &[String], (depth, keys): (usize, usize)) -> Vec<(Side, Value)> {
    let is_allowed = |it: &str| allowed.iter().any(|allowed| allowed == it);
    let with = |key: &str| json!({ key: 1 });
    let wrong = ORDERS.into_iter().filter(|it| !is_allowed(it)).take(MAX_ORDERS);
    let mut all: Vec<_> = wrong.clone().map(|it| (Side::Beyond, with(it))).collect();
    all.extend(wrong.take(1).map(|it| (Side::Beyond, json!({ "a": with(it) }))));
    if depth > 0 && keys > 0 {
        all.extend(allowed.iter().take(MAX_ORDERS).map(|it| (Side::Within, with(it))));
    }
    all
}

/// So many objects inside each other.
fn objects(n: usize) -> Value {
    (1..n).fold(json!({}), |inner, _| json!({ "a": inner }))
}

/// As deep, with lists inside an object.
fn lists(n: usize) -> Value {
    let Some(n_lists) = n.checked_sub(2) else { return json!({}) };
    json!({ "a": (0..n_lists).fold(json!([]), |inner, _| json!([inner])) })
}

fn flat(start: &str, n: usize) -> Value {
    (0..n).map(|it| (format!("{start}{it}"), Value::from(it))).collect::<Map<_, _>>().into()
}

fn split(n: usize) -> Value {
    let half = n / 2;
    let mut outer = flat("a", n.saturating_sub(half).saturating_sub(1));
    if let Some(members) = outer.as_object_mut() {
        members.insert("inside".to_owned(), flat("b", half));
    }
    outer
}

/// What `json` bounds where it does not say how far.
const DEPTH: usize = 5;
const KEYS: usize = 100;
/// More keys are not tried.
const MAX_KEYS: usize = 5000;
/// Keys that databases and languages read as orders.
const ORDERS: [&str; 5] = ["__proto__", "$where", "__typename", "$ne", "__attack"];
/// How many of them are tried.
const MAX_ORDERS: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    #[test]
    fn values_are_as_large_as_they_are_said_to_be() {
        for n in 1..9 {
            assert_eq!((depth(&objects(n)), depth(&lists(n))), (n, n));
        }
        for n in 2..9 {
            let value = split(n);
            let n_inside = value["inside"].as_object().unwrap().len();
            assert_eq!(value.as_object().unwrap().len() + n_inside, n);
            assert_eq!(flat("a", n).as_object().unwrap().len(), n);
        }
    }
}
