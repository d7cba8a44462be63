//! `cost`: what things cost. The limit itself, `cost.max`, is a rule like every other.

use std::{num::NonZeroU32, sync::Arc};

use serde_json::{Map, Value as Json};

use crate::{
    cost::{
        Answers, Clamps, DefaultList, Defaults, Entry, Layer, List, Measure, Model, NegativeTypes,
        Settings, Told, Weights,
    },
    diagnostic::{Diagnostics, Source},
    policy::load::Resolve,
    schema::{Coordinate, Schema},
    yaml::{self, Fields, Node, Value, scalar, shape},
};

/// The name of a tuned file, and what the policy says of its own about defaults.
pub(super) struct TunedFile {
    name: Node,
    defaults: Option<Node>,
}

/// Takes what the block says beside `max` and `mode`; the tuned file is only named here.
pub(super) fn read(
    fields: &mut Fields<'_>,
    found: &mut Diagnostics,
) -> (Settings, Option<TunedFile>) {
    let tuned = fields.take("tuned", found).cloned();
    let words = [("both", Measure::Both), ("field", Measure::Field), ("type", Measure::Type)];
    let measure = fields.take("measure", found).and_then(|it| scalar::word(it, &words, found));
    let own = fields.take("defaults", found);
    let tuned = tuned.map(|name| TunedFile { name, defaults: own.cloned() });
    let defaults = own.map(|it| defaults(it, Defaults::default(), found)).unwrap_or_default();
    let exact = fields.take("exact", found).and_then(|it| scalar::boolean(it, found));
    let clamps = fields.take("upstream_clamps", found).and_then(|it| scalar::boolean(it, found));
    let answers = fields.take("answers", found).map(|it| answers(it, found));
    let weights = fields.take("weights", found).map(|it| entries(it, found, weight));
    let lists = fields.take("lists", found).map(|it| entries(it, found, list));
    let settings = Settings {
        defaults,
        untuned: defaults,
        measure: measure.unwrap_or_default(),
        negative_types: match exact {
            Some(true) => NegativeTypes::Allowed,
            Some(false) | None => NegativeTypes::Refused,
        },
        clamps: match clamps {
            Some(true) => Clamps::Upstream,
            Some(false) | None => Clamps::Ignored,
        },
        answers: answers.unwrap_or_default(),
        tuned: Layer::default(),
        policy: Layer { weights: weights.unwrap_or_default(), lists: lists.unwrap_or_default() },
    };
    (settings, tuned)
}

/// What everything costs, bound to the schema; a mistake in the settings is found only against the
/// schema, and the model is of the others.
pub(super) fn model(schema: &Arc<Schema>, settings: &Settings, found: &mut Diagnostics) -> Model {
    let (model, mistakes) = Model::bind(schema, settings);
    found.extend(mistakes);
    model
}

/// What a node says, over what holds where it says nothing.
fn defaults(node: &Node, standard: Defaults, found: &mut Diagnostics) -> Defaults {
    let mut fields = Fields::of(node, "cost.defaults", found);
    let types = fields.take("type", found).map(|it| weights(it, standard.types, found));
    let of_fields = fields.take("field", found).map(|it| weights(it, standard.fields, found));
    let root = fields.take("root", found).and_then(|it| small(it, 0, found));
    let mutation = fields.take("mutation", found).and_then(|it| small(it, 0, found));
    let list = fields.take("list", found).and_then(|it| default_list(it, found));
    fields.finish(found);
    Defaults {
        types: types.unwrap_or(standard.types),
        fields: of_fields.unwrap_or(standard.fields),
        root: root.unwrap_or(standard.root),
        mutation: mutation.unwrap_or(standard.mutation),
        list: list.unwrap_or(standard.list),
    }
}

fn answers(node: &Node, found: &mut Diagnostics) -> Answers {
    let mut fields = Fields::of(node, "cost.answers", found);
    let count = fields.take("count_one_in", found).and_then(|it| small(it, 1, found));
    let told = fields.take("in_extensions", found).and_then(|it| scalar::boolean(it, found));
    fields.finish(found);
    Answers {
        count_one_in: count.and_then(NonZeroU32::new),
        told: match told {
            Some(true) => Told::InExtensions,
            Some(false) | None => Told::Nowhere,
        },
    }
}

/// Lays a tuned file under what the policy says: it has the shape of the block. Returns its text.
pub(super) fn tuned(
    file: &TunedFile,
    settings: &mut Settings,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<Arc<Source>> {
    let name = scalar::text(&file.name, found)?;
    let source = match resolve(name) {
        Ok(source) => source,
        Err(why) => {
            let message = format!("cannot read `{name}`: {why}");
            found.push(file.name.error("unreadable-file", message));
            return None;
        }
    };
    let (root, problems) = yaml::read(&source);
    found.extend(problems);
    let root = root?;
    let mut fields = Fields::of(&root, "", found);
    if let Some(measured) = fields.take("defaults", found) {
        let standard = defaults(measured, Defaults::default(), found);
        // Its mistakes were told when it was read with the block.
        let mut told = Diagnostics::default();
        let own = file.defaults.as_ref();
        settings.defaults = own.map_or(standard, |it| defaults(it, standard, &mut told));
    }
    let weights = fields.take("weights", found).map(|it| entries(it, found, weight));
    let lists = fields.take("lists", found).map(|it| entries(it, found, list));
    // Where the numbers come from; nothing here depends on it.
    let _provenance = fields.take("provenance", found);
    fields.finish(found);
    settings.tuned =
        Layer { weights: weights.unwrap_or_default(), lists: lists.unwrap_or_default() };
    Some(source)
}

fn weights(node: &Node, standard: Weights, found: &mut Diagnostics) -> Weights {
    let mut fields = Fields::of(node, "cost.defaults", found);
    let object = fields.take("object", found).and_then(|it| small(it, 0, found));
    let leaf = fields.take("leaf", found).and_then(|it| small(it, 0, found));
    fields.finish(found);
    Weights { object: object.unwrap_or(standard.object), leaf: leaf.unwrap_or(standard.leaf) }
}

fn default_list(node: &Node, found: &mut Diagnostics) -> Option<DefaultList> {
    let text = node.as_text();
    // With quotes too: a policy in JSON has no other way to write it.
    if text == Some(REFUSE) {
        return Some(DefaultList::Refuse);
    }
    let has_digit = |it: &str| it.bytes().any(|it| it.is_ascii_digit());
    if !text.is_some_and(has_digit) {
        let message = format!("expected a number or `{REFUSE}`, found {}", node.describe());
        let error = node.error("not-a-number", message);
        found.push(error.did_you_mean(text.unwrap_or_default(), std::iter::once(REFUSE)));
        return None;
    }
    small(node, 0, found).map(DefaultList::Assumed)
}

const REFUSE: &str = "refuse";

/// JSON Schema of what [`read`] takes.
pub(super) fn json_schema() -> Map<String, Json> {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

const SCHEMA: &str = r#"{
    "measure": {"description": "Which number is compared with the limit.",
        "enum": ["both", "field", "type"], "default": "both"},
    "defaults": {"description": "What costs as much as nothing says otherwise.",
        "type": "object", "additionalProperties": false, "properties": {
            "type": {"type": "object", "additionalProperties": false, 
                "properties": {"object": {"type": "integer", "minimum": 0, "default": 1}, "leaf": {"type": "integer", "minimum": 0, "default": 0}}},
            "field": {"type": "object", "additionalProperties": false, 
                "properties": {"object": {"type": "integer", "minimum": 0, "default": 1}, "leaf": {"type": "integer", "minimum": 0, "default": 0}}},
            "root": {"description": "Type cost of the root.", "type": "integer", "minimum": 0, "default": 0},
            "mutation": {"description": "Field cost of a root field of a mutation.", "type": "integer", "minimum": 0, "default": 10},
            "list": {"description": "Size of a list that nothing else tells.",
                "anyOf": [{"type": "integer", "minimum": 0}, {"const": "refuse"}], "default": 10}}},
    "exact": {"description": "Accept negative type weights.", "type": "boolean", "default": false},
    "upstream_clamps": {"description": "The upstream never returns more than `max`: what asks for more is counted so, and not refused.", "type": "boolean", "default": false},
    "answers": {"description": "What is done with the cost of an answer on its way to the client.",
        "type": "object", "additionalProperties": false, "properties": {
            "count_one_in": {"description": "One answer in this many, by document, is counted while it passes; a list that is longer than was priced is an event. Without it none is counted.",
                "type": "integer", "minimum": 1, "maximum": 4294967295},
            "in_extensions": {"description": "Tell the client the cost of its request, as `extensions.cost` of a JSON answer of known size up to 1 MiB.", "type": "boolean", "default": false}}},
    "tuned": {"description": "A file with `defaults`, `weights` and `lists`, as `portcullis tune` writes it; what stands here wins.", "type": "string"},
    "weights": {"description": "Weight by coordinate.", "type": "object",
        "additionalProperties": {"type": "integer"}},
    "lists": {"description": "What tells the size of a list, by coordinate.", "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {
            "slicing": {"type": "array", "items": {"type": "string"}},
            "sized": {"type": "array", "items": {"type": "string"}},
            "max": {"type": "integer", "minimum": 0},
            "assumed": {"type": "integer", "minimum": 0},
            "require_one": {"description": "Refuse an operation that gives none of the slicing arguments, where the schema has no default for them either.", "type": "boolean"}}}}
}"#;

/// A mapping from coordinates to anything.
fn entries<T>(
    node: &Node,
    found: &mut Diagnostics,
    read: fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<Entry<T>> {
    let Value::Mapping(members) = &node.value else {
        let message = format!("expected a mapping, found {}", node.describe());
        found.push(node.error("wrong-shape", message));
        return Vec::new();
    };
    let mut entries = Vec::with_capacity(members.len());
    for (key, value) in members {
        let on = key.as_text().and_then(Coordinate::parse);
        if on.is_none() {
            let error =
                key.error("not-a-coordinate", format!("{} is no coordinate", key.describe()));
            found.push(
                error.help("write `Type.field`, `\"Type.field(argument:)\"` or `\"*.field\"`"),
            );
        }
        let (Some(on), Some(value)) = (on, read(value, found)) else { continue };
        let place = Some((Arc::clone(&key.source), key.span.clone()));
        entries.push(Entry { on, value, place });
    }
    entries
}

/// A whole number, also below zero; `cost` itself says where that is allowed.
fn weight(node: &Node, found: &mut Diagnostics) -> Option<i64> {
    let number = node.as_plain().and_then(|it| it.parse().ok());
    if number.is_none() {
        let message = format!("expected a whole number, found {}", node.describe());
        found.push(node.error("not-a-number", message));
    }
    number
}

fn list(node: &Node, found: &mut Diagnostics) -> Option<List> {
    let mut fields = Fields::of(node, "cost.lists", found);
    let names = |node: &Node, found: &mut Diagnostics| {
        shape::names(node, found).into_iter().map(Into::into).collect()
    };
    let slicing = fields.take("slicing", found).map(|it| names(it, found));
    let sized = fields.take("sized", found).map(|it| names(it, found));
    let max = fields.take("max", found).and_then(|it| small(it, 0, found));
    let assumed = fields.take("assumed", found).and_then(|it| small(it, 0, found));
    let require_one = fields.take("require_one", found).and_then(|it| scalar::boolean(it, found));
    fields.finish(found);
    Some(List { slicing, max, sized, assumed, require_one })
}

fn small(node: &Node, least: u64, found: &mut Diagnostics) -> Option<u32> {
    let number = scalar::number(node, least..=u64::from(u32::MAX), found)?;
    u32::try_from(number).ok()
}
