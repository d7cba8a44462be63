//! `inputs`: a list of demands on arguments, input fields and scalars. The keys of an item are
//! rules of the registry; this file reads what they have in common.

use crate::{
    diagnostic::Diagnostics,
    expression::Conditions,
    policy::settings,
    rules::{Demand, Demanded, Entry, Ground, InputPlace, Named, Presence, Rule, RuleIdx, Setting},
    schema::{Bound, Coordinate, Kind, Schema, TypeId},
    yaml::{self, Fields, Node, scalar, shape},
};

/// The demands by rule.
#[derive(Debug)]
pub(super) struct Inputs<'n>(Vec<Vec<Demand<'n>>>);

/// Reads the list; `node` is what stands under `inputs`, if anything. Without a schema, `at` binds to
/// nothing.
pub(super) fn read<'n>(
    registry: &'static [Entry],
    schema: Option<&Schema>,
    node: Option<&'n Node>,
    found: &mut Diagnostics,
) -> Inputs<'n> {
    let mut inputs = Inputs(vec![Vec::new(); registry.len()]);
    let items = node.map(|it| shape::list(it, found)).unwrap_or_default();
    for item in items {
        read_one(registry, schema, item, (&mut inputs, found));
    }
    inputs
}

impl Inputs<'_> {
    /// True when an item has the key of this rule.
    pub(super) fn demands(&self, rule: RuleIdx) -> bool {
        self.0.get(rule.0).is_some_and(|it| !it.is_empty())
    }

    /// Makes the rule of an entry that is a key of `inputs`.
    pub(super) fn rule(
        &self,
        (rule, entry): (RuleIdx, &Entry),
        ground: &Ground<'_>,
        found: &mut Diagnostics,
    ) -> Option<Box<dyn Rule>> {
        let Setting::Input { read, .. } = entry.setting else { return None };
        let demands = self.0.get(rule.0).map(|it| &**it).unwrap_or_default();
        Some(read(demands, ground, found))
    }

    /// What is wrong with the demands whatever the schema is.
    pub(super) fn unbound(
        &self,
        registry: &'static [Entry],
        conditions: &Conditions,
        found: &mut Diagnostics,
    ) {
        for (entry, demands) in registry.iter().zip(&self.0) {
            let Setting::Input { unbound, .. } = entry.setting else { continue };
            demands.iter().for_each(|it| unbound(it.node, conditions, found));
        }
    }
}

fn read_one<'n>(
    registry: &'static [Entry],
    schema: Option<&Schema>,
    item: &'n Node,
    (inputs, found): (&mut Inputs<'n>, &mut Diagnostics),
) {
    let mut fields = Fields::of(item, "inputs", found);
    let at = fields.require("at", found);
    let name = at.and_then(|it| first(it)).unwrap_or_default();
    let at = at.map(|it| places(schema, it, found)).unwrap_or_default();
    let required = fields.take("required", found).and_then(|it| scalar::boolean(it, found));
    let presence = match required {
        Some(true) => Presence::Required,
        Some(false) | None => Presence::Optional,
    };
    let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
    let mut n_keys: usize = 0;
    for (entry, demands) in registry.iter().zip(&mut inputs.0) {
        let Some(key) = key(entry) else { continue };
        if let Some(node) = fields.take(key, found) {
            n_keys = n_keys.saturating_add(1);
            demands.push(Demand { name, at: at.clone(), node, presence, mode });
        }
    }
    if n_keys == 0 {
        let keys: Vec<_> = registry.iter().filter_map(key).map(|it| format!("`{it}`")).collect();
        let error = item.error("no-effect", "this item demands nothing");
        found.push(error.help(format!("add one of {}", keys.join(", "))));
    }
    fields.finish(found);
}

/// The last name of `inputs.range`, when the entry is a key of `inputs`.
pub(super) fn key(entry: &Entry) -> Option<&'static str> {
    match entry.setting {
        Setting::Input { .. } => entry.meta.setting.strip_prefix("inputs."),
        Setting::Bound { .. }
        | Setting::Limit { .. }
        | Setting::Shape { .. }
        | Setting::Switch { .. } => None,
    }
}

/// The first text of a list.
fn first(node: &Node) -> Option<&str> {
    match &node.value {
        yaml::Value::Sequence(items) => items.first()?.as_text(),
        yaml::Value::Mapping(_) | yaml::Value::Scalar { .. } => None,
    }
}

fn places(schema: Option<&Schema>, node: &Node, found: &mut Diagnostics) -> Vec<Demanded> {
    let names = shape::some_names(node, found);
    let Some(schema) = schema else { return Vec::new() };
    names.into_iter().flat_map(|(text, node)| place(schema, text, node, found)).collect()
}

fn place(schema: &Schema, text: &str, node: &Node, found: &mut Diagnostics) -> Vec<Demanded> {
    let exactly = |place| Demanded { place, named: Named::Exactly };
    if let Some(name) = text.strip_prefix("scalar ") {
        let scalar = scalar(schema, name, node, found).map(InputPlace::Scalar);
        return scalar.map(exactly).into_iter().collect();
    }
    if let Some(directive) = text.strip_prefix('@') {
        let input = directive_argument(schema, directive);
        if input.is_none() {
            let error = node.error("unknown-coordinate", format!("nothing is called `{text}`"));
            found.push(error.help("write the argument of a directive as `\"@name(argument:)\"`"));
        }
        return input.map(exactly).into_iter().collect();
    }
    let Some(coordinate) = Coordinate::parse(text) else {
        let error = node.error("not-a-coordinate", format!("`{text}` is no coordinate"));
        let help =
            "write `\"Type.field(argument:)\"`, `Input.field`, `\"*(argument:)\"` or `scalar Name`";
        found.push(error.help(help));
        return Vec::new();
    };
    let named = if coordinate.is_wildcard() { Named::ByWildcard } else { Named::Exactly };
    let inputs: Vec<_> = coordinate
        .bind(schema)
        .into_iter()
        .filter_map(|it| match it {
            Bound::Input(input) => Some(Demanded { place: InputPlace::Input(input), named }),
            Bound::Field(_) | Bound::Type(_) => None,
        })
        .collect();
    if inputs.is_empty() {
        let message = format!("`{text}` is no argument and no input field of the schema");
        let error = node.error("unknown-coordinate", message);
        found.push(error.did_you_mean(text, known(schema).iter().map(|it| &**it)));
    }
    inputs
}

fn scalar(schema: &Schema, name: &str, node: &Node, found: &mut Diagnostics) -> Option<TypeId> {
    let is_scalar = |it: TypeId| schema.ty(it).kind == Kind::Scalar;
    let scalar = schema.type_named(name).filter(|it| is_scalar(*it));
    if scalar.is_none() {
        let error = node.error("unknown-coordinate", format!("no scalar `{name}`"));
        let scalars = schema.types().filter(|(id, _)| is_scalar(*id));
        found.push(error.did_you_mean(name, scalars.map(|(_, it)| &*it.name)));
    }
    scalar
}

fn directive_argument(schema: &Schema, text: &str) -> Option<InputPlace> {
    let (name, argument) = text.strip_suffix(":)")?.split_once('(')?;
    let directive = schema.directives().iter().find(|it| *it.name == *name)?;
    let mut arguments = schema.directive_arguments(directive);
    arguments.find(|it| *schema.input(*it).name == *argument).map(InputPlace::Input)
}

/// The coordinates of every argument and input field, to suggest one.
fn known(schema: &Schema) -> Vec<String> {
    let mut known = Vec::new();
    for (id, ty) in schema.types() {
        for input in schema.input_fields(id) {
            known.push(format!("{}.{}", ty.name, schema.input(input).name));
        }
        for field in schema.fields(id) {
            let coordinate = schema.coordinate(field);
            let arguments = schema.arguments(field);
            known.extend(arguments.map(|it| format!("{coordinate}({}:)", schema.input(it).name)));
        }
    }
    known
}
