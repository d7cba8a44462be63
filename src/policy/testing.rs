//! A registry for the tests of this module: the settings of the design, with rules that hold.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    operation::Operation,
    policy::{Policy, load::load_with},
    rules::{Batch, Entry, Meta, Rule, Setting, Specialised, Switch, Unit},
    verdict::{Code, Mode},
    yaml::{Node, shape},
};

#[derive(Debug)]
struct Holds(&'static Meta);

impl Rule for Holds {
    fn meta(&self) -> &'static Meta {
        self.0
    }

    fn specialise(&self, _: &Arc<Operation>) -> Specialised {
        Specialised::Holds
    }
}

/// The registry; the first is `limits.depth`.
pub(super) fn registry() -> &'static [Entry] {
    &REGISTRY
}

/// The place of a setting.
pub(super) fn rule(setting: &str) -> usize {
    REGISTRY.iter().position(|it| it.meta.setting == setting).unwrap()
}

/// Compiles a text; the schema is whatever file is asked for, but `missing.graphql` and `told.json`.
pub(super) fn compile(text: &str, now: Option<u64>) -> (Option<Policy>, Diagnostics) {
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.into() });
    let mut resolve = |name: &str| match name {
        "missing.graphql" => Err("no such file".into()),
        "told.json" => Ok(Arc::new(Source { name: name.into(), text: TOLD.into() })),
        name => Ok(Arc::new(Source { name: name.into(), text: SCHEMA.into() })),
    };
    load_with(registry(), &source, &mut resolve, now)
}

const SCHEMA: &str = "type Query { a: Int find(id: ID, ids: [ID], by: By): Thing } \
                      type Thing { id: ID } input By { id: ID }";

const TOLD: &str = "{ \"data\": { \"__schema\": { \"types\": [] } } }";

/// The codes of what is wrong with a text.
pub(super) fn codes(text: &str) -> Vec<&'static str> {
    compile(text, None).1.iter().map(|it| it.code).collect()
}

macro_rules! entry {
    ($setting:literal, $make:expr) => {
        Entry {
            meta: {
                static META: Meta = Meta {
                    id: $setting,
                    code: Code::MAX_DEPTH_LIMIT,
                    title: "A rule",
                    owasp: "API4",
                    setting: $setting,
                    page: "",
                };
                &META
            },
            setting: {
                const SETTING: Setting = $make;
                SETTING
            },
        }
    };
}

macro_rules! limit {
    ($setting:literal, $default:expr, $ceiling:expr, $unit:ident) => {
        entry!(
            $setting,
            Setting::Limit {
                default: $default,
                ceiling: $ceiling,
                unit: Unit::$unit,
                batch: Batch::Largest,
                mode: Mode::Enforce,
                rule: |_| Box::new(Holds(&OF_RULES)),
            }
        )
    };
}

static OF_RULES: Meta =
    Meta { id: "test", code: Code::MAX_DEPTH_LIMIT, title: "", owasp: "", setting: "", page: "" };

fn read_names(node: &Node, found: &mut Diagnostics) -> Box<dyn Rule> {
    let _ = shape::names(node, found);
    Box::new(Holds(&OF_RULES))
}

macro_rules! shaped {
    ($setting:literal) => {
        entry!(
            $setting,
            Setting::Shape {
                default: || Box::new(Holds(&OF_RULES)),
                read: read_names,
                schema: r#"{"type": "array", "items": {"type": "string"}}"#,
            }
        )
    };
}

macro_rules! switch {
    ($setting:literal, $default:ident) => {
        entry!(
            $setting,
            Setting::Switch { default: Switch::$default, rule: || Box::new(Holds(&OF_RULES)) }
        )
    };
}

static REGISTRY: [Entry; 22] = [
    limit!("limits.depth", 15, 200, Count),
    limit!("limits.document", 32 << 10, 1 << 20, Bytes),
    limit!("limits.tokens", 2000, 100_000, Count),
    limit!("limits.list_depth", 8, 200, Count),
    limit!("limits.fields", 1500, 20_000, Count),
    limit!("limits.aliases", 60, 20_000, Count),
    limit!("limits.repeats", 15, 20_000, Count),
    limit!("limits.root_fields", 20, 20_000, Count),
    limit!("limits.directives", 50, 20_000, Count),
    limit!("limits.directives_per_place", 5, 20_000, Count),
    limit!("limits.fragments", 50, 500, Count),
    limit!("limits.variables.count", 50, 10_000, Count),
    limit!("limits.variables.bytes", 64 << 10, 16 << 20, Bytes),
    limit!("limits.variables.depth", 10, 32, Count),
    limit!("limits.variables.list", 500, 100_000, Count),
    limit!("limits.variables.string", 64 << 10, 16 << 20, Bytes),
    limit!("operations.max", 10, 500, Count),
    shaped!("operations.kinds"),
    shaped!("directives"),
    switch!("introspection", Deny),
    switch!("deprecated", Allow),
    switch!("watched", Report),
];
