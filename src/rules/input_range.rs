//! Demand `inputs.range`: a number lies within a range, compared exactly as it is written.

use crate::{
    expression::Number,
    rules::{
        Entry, Meta, Setting,
        inputs::{Content, Fits, Grain, Look, Range, Test, Value, content},
    },
    verdict::Code,
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
    id: "input-range",
    code: Code::INPUT_NOT_ALLOWED,
    title: "Numbers outside of their range",
    owasp: "API4",
    setting: "inputs.range",
    page: include_str!("input_range.md"),
};

const RULE: Content<InRange> = Content {
    meta: &META,
    public: "a number is not in the range that is allowed for it",
    fits: Fits::Number,
    read: |node, found| Range::read(node, found).map(InRange),
};

const SCHEMA: &str = r#"{
    "type": "string",
    "pattern": "^(-?[0-9]+([.][0-9]+)?[.][.](-?[0-9]+([.][0-9]+)?)?|[.][.]-?[0-9]+([.][0-9]+)?)$",
    "examples": ["0..100", "1..", "..100"]
}"#;

#[derive(Debug)]
struct InRange(Range);

impl Test for InRange {
    const GRAIN: Grain = Grain::Items;

    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        // Scalars beyond 64 bits are often written as texts.
        let is_in = match value.look() {
            Look::Number(text) => self.judge(text, value),
            Look::Text(text) => self.judge(&text, value),
            _ => Some("not a number"),
        };
        is_in.map(|it| format!("{it}, `{}` is demanded", self.0.text()))
    }
}

impl InRange {
    fn judge(&self, text: &str, value: &Value<'_, '_>) -> Option<&'static str> {
        let is_broken = || Number::parse(text).is_some_and(|it| !it.is_whole());
        match self.0.contains_text(text) {
            None => Some("not a number"),
            Some(false) => Some("outside of the range"),
            Some(true) if value.is_whole_number() && is_broken() => Some("not a whole number"),
            Some(true) => None,
        }
    }
}
