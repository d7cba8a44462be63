//! The oracle: enumerates every value that is reached, as the specification says, and asks every
//! demand. Knows nothing of reachability, guards as sets, or what can be decided early.

use crate::model::{Base, Demand, Input, Kind, Operation, Selection, Ty, Value, World, Wrap};

/// A value at a place.
struct Reached {
    at: String,
    ty: Ty,
    /// `None` when it is absent; without variables.
    value: Option<Value>,
    /// Whether the client gave it.
    is_named: bool,
}

/// Whether a demand is broken.
pub(crate) fn is_broken(world: &World, operation: &Operation) -> bool {
    let mut walk = Walk { world, operation, reached: Vec::new() };
    operation.selections.iter().filter(|it| takes_part(it)).for_each(|it| walk.selection(it));
    let pairs = walk.reached.iter().flat_map(|it| world.demands.iter().map(move |d| (d, it)));
    pairs.into_iter().any(|(demand, reached)| breaks(world, demand, reached))
}

fn takes_part(selection: &Selection) -> bool {
    selection.guard.is_none_or(|(value, is_include)| value == is_include)
}

struct Walk<'w> {
    world: &'w World,
    operation: &'w Operation,
    reached: Vec<Reached>,
}

impl Walk<'_> {
    fn selection(&mut self, selection: &Selection) {
        let world = self.world;
        let given = |name: &str| {
            selection.arguments.iter().find(|(it, _)| it == name).map(|(_, it)| it.clone())
        };
        match selection.field {
            Ok(field) => {
                world.fields[field].iter().for_each(|it| self.input(it, given(&it.name), true));
            }
            Err(on) => {
                for object in World::answering(on) {
                    let input = &world.shared[*object];
                    self.input(input, given(&input.name), true);
                }
            }
        }
        if let Some(value) = &selection.directive {
            self.input(&world.directive, value.clone(), true);
        }
    }

    /// The value of a variable, if it has one.
    fn resolve(&self, value: Value) -> Option<Value> {
        let Value::Variable(n) = value else { return Some(value) };
        let variable = &self.operation.variables[n];
        variable.given.clone().or_else(|| variable.default.clone())
    }

    fn input(&mut self, input: &Input, value: Option<Value>, by_client: bool) {
        let given = value.and_then(|it| self.resolve(it));
        let is_named = by_client && given.is_some();
        let value = given.or_else(|| input.default.clone());
        let whole = value.clone().map(|it| self.without_variables(it));
        let (at, ty) = (input.at.clone(), input.ty.clone());
        self.reached.push(Reached { at, ty, value: whole, is_named });
        if let Some(value) = value {
            self.value(&input.ty.wraps, input.ty.base, value, is_named);
        }
    }

    fn value(&mut self, wraps: &[Wrap], base: Base, value: Value, is_named: bool) {
        match (wraps, value) {
            ([Wrap::NonNull, inner @ ..], value) => self.value(inner, base, value, is_named),
            ([Wrap::List, inner @ ..], Value::List(items)) => {
                for item in items {
                    match self.resolve(item) {
                        Some(item) => self.value(inner, base, item, is_named),
                        None => self.value(inner, base, Value::Null, false),
                    }
                }
            }
            ([Wrap::List, ..], Value::Null) => {}
            ([Wrap::List, inner @ ..], one) => self.value(inner, base, one, is_named),
            ([], value) => self.named(base, value, is_named),
        }
    }

    fn named(&mut self, base: Base, value: Value, is_named: bool) {
        let Base::Object(n) = base else {
            let at = match base {
                Base::Id => "scalar ID",
                Base::Int => "scalar Int",
                Base::String => "scalar String",
                Base::Object(_) | Base::Word => "scalar Word",
            };
            let ty = Ty { base, wraps: Vec::new() };
            self.reached.push(Reached { at: at.into(), ty, value: Some(value), is_named });
            return;
        };
        let Value::Object(members) = value else { return };
        let world = self.world;
        for field in &world.objects[n] {
            let member = members.iter().find(|(name, _)| *name == field.name);
            self.input(field, member.map(|(_, it)| it.clone()), is_named);
        }
    }

    fn without_variables(&self, value: Value) -> Value {
        match value {
            Value::Variable(_) => self.resolve(value).unwrap_or(Value::Null),
            Value::List(items) => {
                Value::List(items.into_iter().map(|it| self.without_variables(it)).collect())
            }
            other => other,
        }
    }
}

fn breaks(world: &World, demand: &Demand, reached: &Reached) -> bool {
    // What is demanded of the interface is demanded of its implementers.
    let is_inherited =
        demand.at == world.shared[0].at && world.shared.iter().any(|it| it.at == reached.at);
    if demand.at != reached.at && !is_inherited {
        return false;
    }
    let is_missing = matches!(reached.value, None | Some(Value::Null));
    if is_missing && demand.required {
        return true;
    }
    match demand.kind {
        Kind::Allow => reached.is_named,
        // A single value for a list is a list of one, and no list is a text.
        Kind::Require | Kind::RequireMade => {
            reached.ty.is_list() || reached.value != Some(Value::Text("a".into()))
        }
        Kind::Length => reached.value.as_ref().is_some_and(|it| !has_length(&reached.ty, it)),
        Kind::OneOf | Kind::Range => {
            let leaves = reached.value.as_ref().map(|it| leaves(&reached.ty.wraps, it));
            leaves.unwrap_or_default().into_iter().any(|it| match it {
                Value::Null => demand.required,
                leaf => !is_allowed(demand.kind, leaf),
            })
        }
    }
}

fn has_length(ty: &Ty, value: &Value) -> bool {
    let n = match value {
        Value::Null => return true,
        Value::List(items) => items.len(),
        _ if ty.is_list() => 1,
        Value::Int(n) => n.to_string().len(),
        Value::Text(text) => text.chars().count(),
        Value::Object(_) | Value::Variable(_) => return false,
    };
    (1..=2).contains(&n)
}

fn leaves<'v>(wraps: &[Wrap], value: &'v Value) -> Vec<&'v Value> {
    match (wraps, value) {
        ([Wrap::NonNull, inner @ ..], value) => leaves(inner, value),
        ([Wrap::List, inner @ ..], Value::List(items)) => {
            items.iter().flat_map(|it| leaves(inner, it)).collect()
        }
        ([Wrap::List, ..], Value::Null) | ([], _) => vec![value],
        ([Wrap::List, inner @ ..], one) => leaves(inner, one),
    }
}

fn is_allowed(kind: Kind, leaf: &Value) -> bool {
    match (kind, leaf) {
        (Kind::Range, Value::Int(n)) => (0..=5).contains(n),
        (Kind::OneOf, Value::Int(n)) => *n == 3,
        (Kind::OneOf, Value::Text(text)) => ["a", "bb", "3"].contains(&text.as_str()),
        _ => false,
    }
}
