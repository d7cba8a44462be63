//! Demand `inputs.require`: a condition holds of the value: `value == claims.sub || staff`.

use crate::{
    rules::{
        Entry, Meta, Setting,
        inputs::{Access, Asks, access, condition},
    },
    verdict::Code,
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Input {
        read: |demands, ground, found| access(RULE, demands, ground, found),
        unbound: |node, conditions, found| drop(condition(node, conditions, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "input-require",
    code: Code::FORBIDDEN,
    title: "Values that a caller may not give",
    owasp: "API1",
    setting: "inputs.require",
    page: include_str!("input_require.md"),
};

const RULE: Access =
    Access { meta: &META, public: "a value is not allowed here", asks: Asks::Always };

const SCHEMA: &str = r#"{ "type": "string", "minLength": 1, "maxLength": 2048 }"#;
