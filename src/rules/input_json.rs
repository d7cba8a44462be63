//! Demand `inputs.json`: depth and keys of values of a custom scalar, which no schema describes.

use crate::{
    diagnostic::Diagnostics,
    rules::{
        Entry, Meta, Setting,
        inputs::{Content, Fits, Grain, Look, Test, Value, content},
    },
    verdict::Code,
    yaml::{Fields, Node, scalar, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Input {
        read: |demands, ground, found| content(RULE, demands, ground, found),
        unbound: |node, _, found| drop((RULE.read)(node, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "input-json",
    code: Code::INPUT_NOT_ALLOWED,
    title: "Depth and keys of free-form values",
    owasp: "API8",
    setting: "inputs.json",
    page: include_str!("input_json.md"),
};

const RULE: Content<Json> = Content {
    meta: &META,
    public: "a free-form value is too deep, too large, or has a key that is not allowed",
    fits: Fits::Custom,
    read,
};

const SCHEMA: &str = r#"{
    "type": "object",
    "properties": {
        "depth": {
            "description": "Lists and objects inside each other.",
            "type": "integer", "minimum": 0, "maximum": 32, "default": 5
        },
        "keys": {
            "description": "Keys of all objects in one value together.",
            "type": "integer", "minimum": 0, "maximum": 100000, "default": 100
        },
        "allow": {
            "description": "Keys that are allowed though they start with `$` or `__`.",
            "type": "array", "items": { "type": "string", "minLength": 1 }
        }
    },
    "additionalProperties": false
}"#;

#[derive(Debug)]
struct Json {
    depth: u64,
    keys: u64,
    allow: Vec<String>,
}

fn read(node: &Node, found: &mut Diagnostics) -> Option<Json> {
    let mut fields = Fields::of(node, "json", found);
    let depth = fields.take("depth", found);
    let depth = depth.and_then(|it| scalar::number(it, 0..=DEPTH, found));
    let keys = fields.take("keys", found).and_then(|it| scalar::number(it, 0..=KEYS, found));
    let allow = fields.take("allow", found).map(|it| shape::placed_names(it, found));
    for (name, node) in allow.iter().flatten() {
        if !is_operator(name) {
            let message = format!("`{name}` is allowed in any case");
            found.push(node.warning("no-effect", message));
        }
    }
    fields.finish(found);
    let allow = allow.unwrap_or_default().into_iter().map(|(it, _)| it.to_owned()).collect();
    Some(Json { depth: depth.unwrap_or(5), keys: keys.unwrap_or(100), allow })
}

/// A key that databases and languages read as more than a name: `$where`, `__proto__`.
fn is_operator(key: &str) -> bool {
    key.starts_with('$') || key.starts_with("__")
}

impl Test for Json {
    const GRAIN: Grain = Grain::Items;

    // The budget of this loop is that of the reading.
    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        let mut n_keys: u64 = 0;
        let mut open = vec![(*value, 0_u64)];
        while let Some((value, around)) = open.pop() {
            if !value.reading().spend() {
                return None;
            }
            if !matches!(value.look(), Look::List | Look::Object) {
                continue;
            }
            let depth = around.saturating_add(1);
            if depth > self.depth {
                return Some(format!("deeper than {}", self.depth));
            }
            for (key, inner) in value.inside() {
                if let Some(key) = key {
                    n_keys = n_keys.saturating_add(1);
                    if is_operator(&key) && !self.allow.iter().any(|it| *it == key) {
                        return Some("a key starts with `$` or `__`".into());
                    }
                }
                open.push((inner, depth));
            }
            if n_keys > self.keys {
                return Some(format!("more than {} keys", self.keys));
            }
        }
        None
    }
}

/// What the reader of JSON reads at the most.
const DEPTH: u64 = 32;
const KEYS: u64 = 100_000;
