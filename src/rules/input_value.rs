//! Input values as expressions see them: typed, with variables and defaults filled in.
//!
//! An ID is always a text: `1` and `"1"` name the same object to most servers, so they must to us.

use crate::{
    document::{ValueId, ValueKind},
    expression::Value,
    json::{self, Kind as Json},
    operation::{Operation, Resolved, Variables},
    rules::purse::Purse,
    schema::{Const, InputId, Kind, Scalar, TypeId, Wrapper},
};

/// The value of an input, and how many values are in it; `None` when it is absent, nobody knows it
/// or it costs too much.
pub(super) fn value_of<'a>(
    (operation, variables): (&'a Operation, &Variables<'a>),
    input: InputId,
    resolved: Resolved<'a>,
    purse: &Purse<'_>,
) -> Option<(Value, u64)> {
    let ty = &operation.schema().input(input).ty;
    let typed = Typed { resolved, wrappers: &ty.wrappers, named: Some(ty.named) };
    Building::new((operation, variables), purse, typed).run()
}

/// The same for a value of a scalar.
pub(super) fn value_as<'a>(
    (operation, variables): (&'a Operation, &Variables<'a>),
    scalar: TypeId,
    resolved: Resolved<'a>,
    purse: &Purse<'_>,
) -> Option<(Value, u64)> {
    let typed = Typed { resolved, wrappers: &[], named: Some(scalar) };
    Building::new((operation, variables), purse, typed).run()
}

/// A value and the type it is to have; without a type it is taken as it is.
#[derive(Clone, Copy)]
struct Typed<'a> {
    resolved: Resolved<'a>,
    wrappers: &'a [Wrapper],
    named: Option<TypeId>,
}

enum Step<'a> {
    /// Put the next many values into a list.
    List(usize),
    Make(Typed<'a>),
    /// Put the next values into a map under these names.
    Map(Vec<String>),
}

/// Makes a value inside out, with a stack of its own.
struct Building<'a, 'v> {
    operation: &'a Operation,
    variables: &'v Variables<'a>,
    purse: &'v Purse<'v>,
    steps: Vec<Step<'a>>,
    made: Vec<Made>,
}

/// A value, or `None` when nobody knows it, and how many values are in it.
type Made = (Option<Value>, u64);

/// What one step down leads to.
enum Inside<'a> {
    Leaf(Value),
    List(Vec<Resolved<'a>>),
    Map(Vec<(String, Resolved<'a>)>),
    Nothing,
}

impl<'a, 'v> Building<'a, 'v> {
    fn new(
        (operation, variables): (&'a Operation, &'v Variables<'a>),
        purse: &'v Purse<'v>,
        of: Typed<'a>,
    ) -> Self {
        Self { operation, variables, purse, steps: vec![Step::Make(of)], made: Vec::new() }
    }

    // The budget of this loop is the purse, from which every value is paid, defaults included.
    fn run(mut self) -> Option<(Value, u64)> {
        while let Some(step) = self.steps.pop() {
            let price = match step {
                Step::List(n) => {
                    let (items, n_values) = self.take(n);
                    // An unknown item makes an unknown list.
                    let items: Option<Vec<Value>> = items.into_iter().collect();
                    self.made.push((items.map(Value::list), n_values));
                    n_values
                }
                Step::Make(typed) => self.make(typed),
                Step::Map(names) => {
                    let (values, n_values) = self.take(names.len());
                    let known = names.iter().zip(values);
                    let known = known.filter_map(|(name, it)| Some((name.as_str(), it?)));
                    let map = Value::map(known);
                    self.made.push((Some(map), n_values));
                    n_values
                }
            };
            if !self.purse.spend(price) {
                return None;
            }
        }
        self.made.pop().and_then(|(value, n_values)| Some((value?, n_values)))
    }

    /// What was made last, and the number of values in all of it: putting it into another value
    /// takes as long as making it did.
    fn take(&mut self, n: usize) -> (Vec<Option<Value>>, u64) {
        let taken = self.made.split_off(self.made.len().saturating_sub(n));
        let n_values = taken.iter().fold(1, |sum: u64, (_, n)| sum.saturating_add(*n));
        (taken.into_iter().map(|(value, _)| value).collect(), n_values)
    }

    /// Makes a value, or says how; gives what that costs.
    fn make(&mut self, typed: Typed<'a>) -> u64 {
        let is_list = typed.wrappers.contains(&Wrapper::List);
        let inner = match typed.wrappers.iter().position(|it| *it == Wrapper::List) {
            Some(at) => typed.wrappers.get(at.saturating_add(1)..).unwrap_or_default(),
            None => &[],
        };
        match self.inside(typed) {
            Inside::Nothing => self.made.push((None, 1)),
            Inside::List(items) => {
                let wrappers = if is_list { inner } else { &[] };
                self.steps.push(Step::List(items.len()));
                let items = items.into_iter().rev();
                let make = |resolved| Step::Make(Typed { resolved, wrappers, named: typed.named });
                self.steps.extend(items.map(make));
            }
            // GraphQL §3.11: a single value counts as a list of one.
            Inside::Leaf(_) | Inside::Map(_) if is_list && !is_null(self.operation, typed) => {
                self.steps.push(Step::List(1));
                self.steps.push(Step::Make(Typed { wrappers: inner, ..typed }));
            }
            Inside::Leaf(value) => {
                let n_values = n_values(self.operation, typed.resolved);
                self.made.push((Some(value), n_values));
                return n_values;
            }
            Inside::Map(members) => return self.map(typed, members),
        }
        1
    }

    fn map(&mut self, typed: Typed<'a>, mut members: Vec<(String, Resolved<'a>)>) -> u64 {
        let schema = self.operation.schema();
        let object =
            typed.named.filter(|it| matches!(schema.ty(*it).kind, Kind::InputObject { .. }));
        let mut price = 1;
        if let Some(object) = object {
            price = (schema.input_fields(object).count() as u64 / PASSED_BY).max(1);
            for id in schema.input_fields(object) {
                let field = schema.input(id);
                let is_given = members.iter().any(|(name, _)| *name == *field.name);
                if let (false, Some(default)) = (is_given, &field.default) {
                    members.push((field.name.to_string(), Resolved::Const(default)));
                }
            }
        }
        let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        let make = |(name, resolved): (&String, Resolved<'a>)| {
            let field = object.and_then(|it| schema.input_field_named(it, name));
            let ty = field.map(|it| &schema.input(it).ty);
            let wrappers = ty.map(|it| &*it.wrappers).unwrap_or_default();
            Step::Make(Typed { resolved, wrappers, named: ty.map(|it| it.named) })
        };
        let made: Vec<_> = names.iter().zip(values).rev().map(make).collect();
        self.steps.push(Step::Map(names));
        self.steps.extend(made);
        price
    }

    fn inside(&self, typed: Typed<'a>) -> Inside<'a> {
        let schema = self.operation.schema();
        let is_id = typed.named.is_some_and(|it| schema.ty(it).scalar == Scalar::Id);
        let number =
            |text: &str| Inside::Leaf(if is_id { Value::text(text) } else { Value::number(text) });
        match typed.resolved {
            Resolved::Absent | Resolved::Unknown => Inside::Nothing,
            Resolved::Const(value) => match value {
                Const::Boolean(value) => Inside::Leaf(Value::boolean(*value)),
                Const::Enum(text) | Const::String(text) => Inside::Leaf(Value::text(text)),
                Const::Float(text) | Const::Int(text) => number(text),
                Const::List(items) => Inside::List(items.iter().map(Resolved::Const).collect()),
                Const::Null => Inside::Leaf(Value::null()),
                Const::Object(members) => Inside::Map(
                    members
                        .iter()
                        .map(|(key, it)| (key.to_string(), Resolved::Const(it)))
                        .collect(),
                ),
            },
            Resolved::Json(value) => json_inside(value, number),
            Resolved::Literal(id) => self.literal(id, number),
        }
    }

    fn literal(&self, id: ValueId, number: impl Fn(&str) -> Inside<'a>) -> Inside<'a> {
        let document = self.operation.document();
        let Some(value) = document.value(id) else { return Inside::Nothing };
        let resolve = |id| match self.operation.variable_at(id) {
            None => Resolved::Literal(id),
            Some(variable) => self.operation.variable(self.variables, variable),
        };
        match value.kind {
            ValueKind::Boolean(value) => Inside::Leaf(Value::boolean(value)),
            ValueKind::Enum(name) => Inside::Leaf(Value::text(document.str(name))),
            ValueKind::Float(text) | ValueKind::Int(text) => number(document.str(text)),
            ValueKind::List => {
                // GraphQL §6.4.1: in a list, a variable without a value is null.
                let item = |id| match resolve(id) {
                    Resolved::Absent => Resolved::Const(&Const::Null),
                    resolved => resolved,
                };
                Inside::List(document.children(id).map(|(id, _)| item(id)).collect())
            }
            ValueKind::Null => Inside::Leaf(Value::null()),
            ValueKind::Object => {
                let member = |id| match self.operation.variable_at(id) {
                    None => Some(Resolved::Literal(id)),
                    Some(variable) => self.operation.member(self.variables, variable),
                };
                let members = document.children(id).filter_map(|(id, it)| {
                    let key = it.key.map(|key| document.str(key)).unwrap_or_default();
                    Some((key.to_owned(), member(id)?))
                });
                Inside::Map(members.collect())
            }
            ValueKind::String(text) => Inside::Leaf(Value::text(document.string(text))),
            // Resolved before it got here.
            ValueKind::Variable(_) => Inside::Nothing,
        }
    }
}

fn json_inside<'a>(value: json::Value<'a>, number: impl Fn(&str) -> Inside<'a>) -> Inside<'a> {
    match value.kind() {
        Json::Array => Inside::List(value.children().map(Resolved::Json).collect()),
        Json::Boolean(value) => Inside::Leaf(Value::boolean(value)),
        // There, and nothing is known of it.
        Json::File => Inside::Map(Vec::new()),
        Json::Null => Inside::Leaf(Value::null()),
        Json::Number => number(value.text()),
        Json::Object => {
            let members = value.children();
            let named = |it: json::Value<'a>| {
                (it.key().unwrap_or_default().into_owned(), Resolved::Json(it))
            };
            Inside::Map(members.map(named).collect())
        }
        Json::String => Inside::Leaf(Value::text(&value.string().unwrap_or_default())),
    }
}

/// What a leaf costs: one, and long texts more.
fn n_values(operation: &Operation, leaf: Resolved<'_>) -> u64 {
    let n_bytes = match leaf {
        Resolved::Absent | Resolved::Unknown => 0,
        Resolved::Const(Const::Enum(text) | Const::String(text)) => text.len(),
        Resolved::Const(_) => 0,
        Resolved::Json(value) => value.text().len(),
        Resolved::Literal(id) => match operation.document().value(id).map(|it| it.kind) {
            Some(ValueKind::String(text)) => operation.document().string(text).len(),
            Some(_) | None => 0,
        },
    };
    (n_bytes as u64 / COPIED).saturating_add(1)
}

fn is_null(operation: &Operation, typed: Typed<'_>) -> bool {
    match typed.resolved {
        Resolved::Absent | Resolved::Unknown => false,
        Resolved::Const(value) => *value == Const::Null,
        Resolved::Json(value) => value.kind() == Json::Null,
        Resolved::Literal(id) => {
            operation.document().value(id).is_some_and(|it| it.kind == ValueKind::Null)
        }
    }
}

/// Fields without a value are passed by this much faster than values are made.
const PASSED_BY: u64 = 16;

/// Bytes of a text that are copied as fast as a value is made.
const COPIED: u64 = 64;
