//! Values that fit: for what a field must be given, within what the policy demands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    attack::{World, intent::InputItem},
    expression::Pattern,
    schema::{Bound, Coordinate, FieldId, InputId, Kind, TypeId, TypeRef, Wrapper},
};

impl World<'_> {
    /// The arguments that a field must have, in parentheses; `None` when no value is known to fit.
    pub(super) fn required_arguments(&self, field: FieldId) -> Option<String> {
        let written = self.written_arguments(field, None)?;
        Some(if written.is_empty() { String::new() } else { format!("({})", written.join(", ")) })
    }

    /// The same one by one, without one of them.
    pub(super) fn written_arguments(
        &self,
        field: FieldId,
        without: Option<InputId>,
    ) -> Option<Vec<String>> {
        let all = self.schema().arguments(field).filter(|it| Some(*it) != without);
        let required = all.filter(|it| self.is_required(*it)).map(|it| {
            let value = self.sample(it, MAX_NESTING)?;
            let input = self.schema().input(it);
            Some(format!("{}: {}", input.name, self.literal(&input.ty, &value)))
        });
        required.collect()
    }

    /// Whether an input cannot be left out: by its type, or by what is demanded of what it is then.
    pub(super) fn is_required(&self, input: InputId) -> bool {
        let default = self.schema().input(input).default.as_ref().map(super::owned::of_const);
        // How long a default is, and what it looks like, is not known here.
        let is_doubtful = |it: &InputItem| match it.rule {
            "input-require" => {
                let absent = default.as_ref().unwrap_or(&Value::Null);
                !self.admits(it, absent).unwrap_or(false)
            }
            _ => {
                default.as_ref().is_some_and(|it| !it.is_null())
                    && fitting(self, input, it).is_some()
            }
        };
        self.is_required_by_type(input) || self.demands(input).any(is_doubtful)
    }

    /// Whether the schema does not let an input be left out.
    pub(super) fn is_required_by_type(&self, input: InputId) -> bool {
        let input = self.schema().input(input);
        input.default.is_none() && input.ty.wrappers.first() == Some(&Wrapper::NonNull)
    }

    /// Whether a condition admits a value; `None` when it asks for more than that.
    pub(super) fn admits(&self, item: &InputItem, value: &Value) -> Option<bool> {
        let when = super::values::of_value_alone(self, item)?;
        Some(self.holds_for(&when, value))
    }

    /// A value for an input that its demands admit.
    pub(super) fn sample(&self, input: InputId, nesting: u32) -> Option<Value> {
        let items: Vec<_> = self.demands(input).collect();
        let ty = &self.schema().input(input).ty;
        // How long a list is shows in nothing but the list.
        let (of_list, rest): (Vec<_>, Vec<_>) =
            items.iter().copied().partition(|it| ty.list_depth() > 0 && it.rule == "input-length");
        let inner = of_list.iter().chain(&rest).find_map(|it| fitting(self, input, it));
        let inner = match inner {
            Some(value) => value,
            None if items.iter().any(|it| is_opaque(it.rule)) => return None,
            None => self.sample_of(ty.named, nesting)?,
        };
        Some(if ty.list_depth() > 0 && !inner.is_array() { wrapped(ty, inner) } else { inner })
    }

    /// The demands on an input.
    pub(super) fn demands(&self, input: InputId) -> impl Iterator<Item = &InputItem> {
        let places = self.demanded.get(&input).into_iter().flatten();
        places.filter_map(|it| self.intent.inputs.get(*it))
    }

    /// What is demanded, by input: schemas have thousands of them.
    pub(super) fn by_input(&self) -> BTreeMap<InputId, Vec<usize>> {
        let mut all: BTreeMap<InputId, Vec<usize>> = BTreeMap::new();
        for (place, item) in self.intent.inputs.iter().enumerate() {
            let inputs: BTreeSet<_> = self.places(item).into_iter().collect();
            for input in inputs {
                all.entry(input).or_default().push(place);
            }
        }
        all
    }

    /// The inputs that a demand is about.
    pub(super) fn places(&self, item: &InputItem) -> Vec<InputId> {
        let mut places = Vec::new();
        for text in &item.at {
            if let Some(scalar) = text.strip_prefix("scalar ") {
                let Some(ty) = self.schema().type_named(scalar) else { continue };
                places.extend(self.inputs_of(ty));
                continue;
            }
            let Some(coordinate) = Coordinate::parse(text) else { continue };
            for bound in coordinate.bind(self.schema()) {
                if let Bound::Input(input) = bound
                    && (!coordinate.is_wildcard() || self.is_of_kind(item.rule, input))
                {
                    places.push(input);
                }
            }
        }
        places
    }

    /// Arguments and input fields of a type.
    pub(super) fn inputs_of(&self, ty: TypeId) -> Vec<InputId> {
        let schema = self.schema();
        let all = schema.types().flat_map(|(id, _)| {
            let arguments = schema.fields(id).flat_map(|it| schema.arguments(it));
            arguments.chain(schema.input_fields(id)).collect::<Vec<_>>()
        });
        all.filter(|it| schema.input(*it).ty.named == ty).collect()
    }

    fn is_of_kind(&self, rule: &str, input: InputId) -> bool {
        let ty = &self.schema().input(input).ty;
        let name = &*self.schema().ty(ty.named).name;
        match rule {
            "input-range" => ["Float", "Int"].contains(&name),
            "input-length" | "input-pattern" => ["ID", "String"].contains(&name),
            _ => true,
        }
    }

    /// A value of a type, whatever is demanded of it.
    pub(super) fn any_of(&self, ty: TypeId, nesting: u32) -> Option<Value> {
        self.sample_of(ty, nesting)
    }

    fn sample_of(&self, ty: TypeId, nesting: u32) -> Option<Value> {
        let named = self.schema().ty(ty);
        Some(match (named.kind, &*named.name) {
            (Kind::Enum, _) => named.values.first().map(|it| Value::from(&*it.name))?,
            (Kind::InputObject { one_of }, _) => {
                let deeper = nesting.checked_sub(1)?;
                let mut object = Map::new();
                let fields = self.schema().input_fields(ty);
                if one_of {
                    let mut all = fields.filter_map(|it| Some((it, self.sample(it, deeper)?)));
                    let (one, value) = all.next()?;
                    object.insert(self.schema().input(one).name.to_string(), value);
                    return Some(object.into());
                }
                for it in fields.filter(|it| self.is_required(*it)) {
                    let name = self.schema().input(it).name.to_string();
                    object.insert(name, self.sample(it, deeper)?);
                }
                Value::Object(object)
            }
            (_, "Int" | "Float") => 1.into(),
            (_, "Boolean") => true.into(),
            (_, _) => "1".into(),
        })
    }

    /// A value as it is written in a document.
    // Recursion over a value that this module has made, as deep as `MAX_NESTING` and its lists.
    pub(super) fn literal(&self, ty: &TypeRef, value: &Value) -> String {
        let schema = self.schema();
        match (value, schema.ty(ty.named).kind) {
            (Value::String(name), Kind::Enum) => name.clone(),
            (Value::Array(items), _) => {
                let items: Vec<_> = items.iter().map(|it| self.literal(ty, it)).collect();
                format!("[{}]", items.join(", "))
            }
            (Value::Object(members), kind) => {
                let field = |(key, value): (&String, &Value)| {
                    let input = schema.input_field_named(ty.named, key);
                    let inner = input.map_or(ty, |it| &schema.input(it).ty);
                    let inner = if matches!(kind, Kind::InputObject { .. }) { inner } else { ty };
                    format!("{key}: {}", self.literal(inner, value))
                };
                let members: Vec<_> = members.iter().map(field).collect();
                format!("{{{}}}", members.join(", "))
            }
            // A variable in place of a value.
            (Value::String(text), _) if text.starts_with(VARIABLE) => text.clone(),
            (other, _) => other.to_string(),
        }
    }
}

/// A value inside the lists that its type has.
pub(super) fn wrapped(ty: &TypeRef, mut value: Value) -> Value {
    for _ in 0..ty.list_depth() {
        value = Value::Array(vec![value]);
    }
    value
}

/// A value that a demand admits, when the demand says which.
pub(super) fn fitting(world: &World<'_>, input: InputId, item: &InputItem) -> Option<Value> {
    match item.rule {
        "input-require" => {
            let when = super::values::of_value_alone(world, item)?;
            super::owned::candidates_for(world, input, &when).into_iter().next()
        }
        "input-range" => {
            let (low, high) = super::values::ends(&item.node);
            low.or(high).map(Value::from)
        }
        "input-length" => super::lengths::fitting(world, &item.node, input),
        "input-url" => {
            let mut all = super::addresses::values(&item.node).into_iter();
            all.find(|it| it.0 == super::Side::Within).map(|it| it.1)
        }
        "input-one-of" => super::intent::items(&item.node).first().map(|it| it.to_json()),
        "input-pattern" => {
            let pattern = Pattern::whole(item.node.as_text()?).ok()?;
            super::values::guesses().into_iter().find(|it| pattern.matches(it)).map(Value::from)
        }
        _ => None,
    }
}

/// Whether no fitting value follows of a demand as such.
pub(super) fn is_opaque(rule: &str) -> bool {
    OPAQUE.contains(&rule)
}

const OPAQUE: [&str; 5] =
    ["input-pattern", "input-url", "input-require", "input-allow", "input-length"];
/// What a text begins with that stands for a variable.
pub(super) const VARIABLE: &str = "$attack";
/// How deep objects of samples nest.
pub(super) const MAX_NESTING: u32 = 6;
