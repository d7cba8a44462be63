//! Demand `inputs.allow`: naming an input at all needs a condition.

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
    id: "input-allow",
    code: Code::FORBIDDEN,
    title: "Inputs that a caller may not name",
    owasp: "API3",
    setting: "inputs.allow",
    page: include_str!("input_allow.md"),
};

const RULE: Access =
    Access { meta: &META, public: "an input may not be given here", asks: Asks::WhenNamed };

const SCHEMA: &str = r#"{ "type": "string", "minLength": 1, "maxLength": 2048 }"#;
