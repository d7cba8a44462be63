//! Texts and lists as long as they may be, and by one shorter or longer.

use serde_json::Value;

use crate::{
    attack::{
        Side, World, intent,
        sample::{self, MAX_NESTING},
        values,
    },
    schema::{InputId, TypeRef},
    yaml::{self, Node},
};

/// Values of both sides of a demand on a length.
pub(super) fn values(world: &World<'_>, node: &Node, input: InputId) -> Vec<(Side, Value)> {
    let ty = &world.schema().input(input).ty;
    let (of_items, of_text) = parts(node, ty);
    let mut all = Vec::new();
    if let Some(node) = of_items {
        let item = item(world, of_text, input);
        let list = |n| Some(list(ty, item.clone()?, n));
        all.extend(at_ends(node, MAX_ITEMS, list));
    }
    if let Some(node) = of_text {
        let n_items = of_items.map_or(1, least).min(MAX_ITEMS);
        let of_length = |n| {
            let text = text(n);
            Some(if ty.list_depth() > 0 { list(ty, text, n_items) } else { text })
        };
        all.extend(at_ends(node, MAX_TEXT, of_length));
    }
    all
}

/// A value that such a demand admits.
pub(super) fn fitting(world: &World<'_>, node: &Node, input: InputId) -> Option<Value> {
    let ty = &world.schema().input(input).ty;
    let (of_items, of_text) = parts(node, ty);
    if ty.list_depth() == 0 {
        return of_text.map(|it| text(least(it)));
    }
    let n_items = of_items.map_or(1, least);
    let item = item(world, of_text, input).filter(|_| n_items <= MAX_ITEMS);
    item.map(|it| list(ty, it, n_items))
}

/// What is said of the items of a list, and what of texts.
fn parts<'n>(node: &'n Node, ty: &TypeRef) -> (Option<&'n Node>, Option<&'n Node>) {
    let is_list = ty.list_depth() > 0;
    match node.value {
        yaml::Value::Mapping(_) => {
            (intent::get(node, "items").filter(|_| is_list), intent::get(node, "text"))
        }
        yaml::Value::Scalar { .. } | yaml::Value::Sequence(_) if is_list => (Some(node), None),
        yaml::Value::Scalar { .. } | yaml::Value::Sequence(_) => (None, Some(node)),
    }
}

/// An item of a list that the other demands on it admit.
fn item(world: &World<'_>, of_text: Option<&Node>, input: InputId) -> Option<Value> {
    let ty = &world.schema().input(input).ty;
    let others: Vec<_> = world.demands(input).filter(|it| it.rule != "input-length").collect();
    let fitting = others.iter().find_map(|it| sample::fitting(world, input, it));
    match (fitting, of_text) {
        (Some(Value::Array(mut items)), _) => items.pop(),
        (Some(it), _) => Some(it),
        (None, _) if others.iter().any(|it| sample::is_opaque(it.rule)) => None,
        (None, Some(node)) => Some(text(least(node))),
        (None, None) => world.any_of(ty.named, MAX_NESTING),
    }
}

/// A list of so many; GraphQL §3.11: a single value is one of one, and can be written either way.
fn list(ty: &TypeRef, item: Value, n: usize) -> Value {
    if n == 1 {
        return item;
    }
    let depth = ty.list_depth().saturating_sub(1);
    let item = (0..depth).fold(item, |it, _| Value::Array(vec![it]));
    Value::Array(vec![item; n])
}

fn text(n: usize) -> Value {
    "a".repeat(n.min(MAX_TEXT)).into()
}

/// The ends of a range of lengths, and what is by one shorter and longer.
fn at_ends(node: &Node, most: usize, value: impl Fn(usize) -> Option<Value>) -> Vec<(Side, Value)> {
    let ends = values::at_ends(node).into_iter();
    let lengths = ends.filter_map(|(side, n)| Some((side, usize::try_from(n).ok()?)));
    let lengths = lengths.filter(|(_, n)| *n <= most);
    lengths.filter_map(|(side, n)| Some((side, value(n)?))).collect()
}

/// The shortest length that is admitted, and not nothing where there is a choice.
fn least(node: &Node) -> usize {
    let (low, high) = values::ends(node);
    let n = low.unwrap_or(0).max(high.unwrap_or(1).min(1));
    usize::try_from(n).unwrap_or(0)
}

/// Longer lists are not built.
const MAX_ITEMS: usize = 20_000;
/// Longer texts are not built.
const MAX_TEXT: usize = 2_000_000;
