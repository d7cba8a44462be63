//! The JSON Schema of the policy file, for editors: from the registry and the blocks.
//!
//! Says what the readers say, but for what a schema cannot say: `check` is the judge.

use serde_json::{Map, Value, json};

use crate::{
    policy::{
        cost, documents_schema, exceptions, http::Http, http_schema, identity_schema, inputs,
        rates, response, schema_file::ON_DRIFT, tree::Block,
    },
    rules::{Entry, REGISTRY, Setting, Switch, Unit},
    yaml::scalar::write_bytes,
};

/// The JSON Schema (draft 2020-12) of the policy file.
#[must_use]
pub fn json_schema() -> Value {
    let registry = REGISTRY;
    let root = Block::root(registry);
    let mut properties = head();
    properties.append(&mut settings(registry, &root, "", Per::File));
    let mut profile = settings(registry, &root, "", Per::Profile);
    profile.insert("rates".into(), rates::profile_json_schema());
    profile.insert("name".into(), text("For messages and logs."));
    let when =
        text("For whom: `always`, `never`, or an expression over `claims`, `client`, `request`.");
    profile.insert("when".into(), when);
    profile.insert("mode".into(), mode("Instead of the mode of the file."));
    let profile = object("Laid over the base.", profile, &["name", "when"]);
    let profiles = json!({
        "description": "Other numbers for some callers; the first that matches counts.",
        "type": "array",
        "items": profile,
    });
    properties.insert("profiles".into(), profiles);
    properties.insert("exceptions".into(), exceptions(registry));
    if registry.iter().any(|it| inputs::key(it).is_some()) {
        properties.insert("inputs".into(), inputs(registry));
    }
    let mut schema = object("A policy of Portcullis.", properties, &["version", "name", "schema"]);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        schema.insert("title".into(), "Portcullis policy".into());
    }
    schema
}

/// Whether the settings are those of the file or of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    File,
    Profile,
}

fn head() -> Map<String, Value> {
    let skipped = json!({
        "description": "Whether rules judge what @skip and @include leave out; limits always do.",
        "enum": ["ignore", "judge"],
        "default": "ignore",
    });
    let absent = json!({
        "description": "What a variable that is not given is inside an input object, to the upstream: \
    as if the field was not written, as the specification says, or null, as gqlgen and graph-gophers \
    have it.",
        "enum": ["as_null", "omit"],
        "default": "omit",
    });
    map([
        ("version", json!({ "description": "Version of this format.", "const": 1 })),
        ("name", text("What the policy is called in logs.")),
        ("mode", mode("Report: every rule that does not itself say enforce only watches.")),
        ("schema", schema()),
        ("http", http_schema::json_schema()),
        ("documents", documents_schema::json_schema()),
        ("skipped_selections", skipped),
        ("absent_variables", absent),
        ("conditions", conditions()),
        (
            "tests",
            json!({
                "description": "Files of cases, relative to the policy; `portcullis test` runs them.",
                "type": "array", "items": { "type": "string", "minLength": 1 },
            }),
        ),
        ("identity", identity_schema::json_schema()),
        ("rates", rates::json_schema()),
        ("response", response::json_schema()),
    ])
}

fn conditions() -> Value {
    json!({
        "description": "Expressions in CEL over `claims`, `client` and `request`, named once.",
        "type": "object",
        "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
        "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 2048 },
        "maxProperties": 100,
    })
}

fn inputs(registry: &'static [Entry]) -> Value {
    let mut item = map([
        (
            "at",
            json!({
                "description": "`Type.field(argument:)`, `Input.field`, `*(argument:)`, `scalar Name`, `@directive(argument:)`.",
                "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1,
            }),
        ),
        (
            "required",
            json!({ "description": "Whether null and absent are refused.", "type": "boolean" }),
        ),
        ("mode", mode("Of this item.")),
    ]);
    let keys = registry.iter().filter_map(|it| Some((inputs::key(it)?.to_owned(), setting(it))));
    item.extend(keys);
    let item = object("Demands on the values at some places.", item, &["at"]);
    json!({ "description": "Demands on arguments, input fields and scalars.", "type": "array", "items": item })
}

fn schema() -> Value {
    let every = |description: &str| json!({ "description": description, "type": "string", "pattern": DURATION });
    let on = json!({
        "description": "What becomes of requests while they differ; with `refuse` nothing is served before the upstream has told its schema, and `serve` ends with exit code 2 when it does not.",
        "enum": ON_DRIFT.map(|(it, _)| it),
    });
    let drift = map([("every", every("After how long they are compared again.")), ("on", on)]);
    let drift = object("Compares the file with what the upstream tells.", drift, &["on"]);
    let file = text("SDL of the upstream's schema, relative to this file.");
    let file = object("From a file.", map([("file", file), ("drift", drift)]), &["file"]);
    let introspect = every("Asks the upstream at the start and again after this long.");
    let introspect =
        object("From the upstream.", map([("introspect", introspect)]), &["introspect"]);
    json!({ "description": "The upstream's types.", "oneOf": [file, introspect] })
}

fn exceptions(registry: &'static [Entry]) -> Value {
    let liftable = registry.iter().filter(|it| exceptions::can_be_lifted(it));
    let liftable: Vec<_> = liftable.map(|it| it.meta.setting).collect();
    let properties = map([
        (
            "document",
            json!({
                "description": "SHA-256 of the document.",
                "type": "string", "pattern": "^sha256:[0-9a-fA-F]{64}$",
            }),
        ),
        (
            "lift",
            json!({
                "description": "The limits that do not count for it.",
                "type": "array", "minItems": 1, "uniqueItems": true, "items": { "enum": liftable },
            }),
        ),
        ("reason", text("Why it exists.")),
        ("owner", text("Who answers for it.")),
        (
            "until",
            json!({
                "description": "The last day, in UTC.",
                "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            }),
        ),
    ]);
    let required = ["document", "lift", "reason", "owner"];
    let item = object("One document.", properties, &required);
    json!({
        "description": "Documents for which limits are lifted.",
        "type": "array",
        "items": item,
    })
}

// Recursion over the registry, which is two blocks deep.
fn settings(registry: &'static [Entry], block: &Block, path: &str, per: Per) -> Map<String, Value> {
    let mut properties = Map::new();
    for (name, inner) in &block.blocks {
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        let mut inner = settings(registry, inner, &path, per);
        if per == Per::File {
            inner.extend(others(&path));
        }
        inner.insert("mode".into(), mode("For every rule of this block that says none itself."));
        properties.insert((*name).into(), object(&format!("Settings of `{path}`."), inner, &[]));
    }
    for (name, rule) in &block.settings {
        let Some(entry) = registry.get(rule.0) else { continue };
        let is_per_profile =
            !matches!(entry.setting, Setting::Bound { .. } | Setting::Shape { .. });
        if per == Per::File || is_per_profile {
            properties.insert((*name).into(), setting(entry));
        }
    }
    properties
}

/// What is no rule and stands in a block of rules.
fn others(path: &str) -> Map<String, Value> {
    match path {
        "cost" => cost::json_schema(),
        "limits" => map([(
            "body",
            json!({
                "description": "Bytes of a request's body.",
                "type": "string", "pattern": BYTES, "default": write_bytes(&Http::default().body),
            }),
        )]),
        "operations" => map([(
            "unselected",
            json!({
                "description": "Whether the operations that are not selected are judged, too.",
                "enum": ["judge", "ignore"],
                "default": "judge",
            }),
        )]),
        _ => Map::new(),
    }
}

fn setting(entry: &Entry) -> Value {
    let title = entry.meta.title;
    match entry.setting {
        Setting::Limit { default, ceiling, unit, .. } => {
            let (amount, default) = match unit {
                Unit::Bytes => {
                    (json!({ "type": "string", "pattern": BYTES }), json!(write_bytes(&default)))
                }
                Unit::Count => {
                    let amount = json!({ "type": "integer", "minimum": 0, "maximum": ceiling });
                    (amount, json!(default))
                }
            };
            let amount = json!({ "anyOf": [amount, { "const": "off" }] });
            let in_full = map([("max", amount.clone()), ("mode", mode("Of this rule."))]);
            let in_full = object(title, in_full, &[]);
            json!({ "description": title, "anyOf": [amount, in_full], "default": default })
        }
        Setting::Switch { default, .. } => {
            let word = match default {
                Switch::Allow => "allow",
                Switch::Deny => "deny",
                Switch::Report => "report",
            };
            let allow_when = text("For whom it does not count.");
            let in_full = map([("mode", mode("Of this rule.")), ("allow_when", allow_when)]);
            let in_full = object(title, in_full, &[]);
            let words = json!({ "enum": ["deny", "allow", "report"] });
            json!({ "description": title, "anyOf": [words, in_full], "default": word })
        }
        // The text is the rule's own; were it no JSON, a test would say so.
        Setting::Bound { schema, .. }
        | Setting::Input { schema, .. }
        | Setting::Shape { schema, .. } => {
            let mut schema = serde_json::from_str(schema).unwrap_or(Value::Bool(false));
            if let Some(schema) = schema.as_object_mut() {
                schema.entry("description").or_insert_with(|| title.into());
            }
            schema
        }
    }
}

fn mode(description: &str) -> Value {
    json!({ "description": description, "enum": ["enforce", "report"], "default": "enforce" })
}

fn text(description: &str) -> Value {
    json!({ "description": description, "type": "string", "minLength": 1 })
}

pub(super) fn object(
    description: &str,
    properties: Map<String, Value>,
    required: &[&str],
) -> Value {
    json!({
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(super) const DURATION: &str = "^[0-9]+ *(ms|s|m|min|h|d)$";
pub(super) const BYTES: &str = "^[0-9]+ *(B|KB|KiB|MB|MiB|GB|GiB)$";
