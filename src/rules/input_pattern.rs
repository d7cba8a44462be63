//! Demand `inputs.pattern`: the whole of a text matches a regular expression.

use crate::{
    diagnostic::Diagnostics,
    expression::Pattern,
    rules::{
        Entry, Meta, Setting,
        inputs::{Content, Fits, Grain, Look, Test, Value, content},
    },
    verdict::Code,
    yaml::{Node, scalar},
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
    id: "input-pattern",
    code: Code::INPUT_NOT_ALLOWED,
    title: "Texts that do not match a pattern",
    owasp: "API8",
    setting: "inputs.pattern",
    page: include_str!("input_pattern.md"),
};

const RULE: Content<Matches> = Content {
    meta: &META,
    public: "a text does not have the form that is demanded of it",
    fits: Fits::Text,
    read,
};

const SCHEMA: &str = r#"{ "type": "string", "minLength": 1, "examples": ["O-[0-9]{6}"] }"#;

#[derive(Debug)]
struct Matches(Pattern);

fn read(node: &Node, found: &mut Diagnostics) -> Option<Matches> {
    let source = scalar::text(node, found)?;
    match Pattern::whole(source) {
        Ok(pattern) => Some(Matches(pattern)),
        Err(wrong) => {
            let message = format!("the pattern does not compile: {wrong}");
            found.push(node.error("wrong-pattern", message));
            None
        }
    }
}

impl Test for Matches {
    const GRAIN: Grain = Grain::Items;

    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        let matches = match value.look() {
            Look::Text(text) => value.matches(&self.0, &text),
            // `1` and `"1"` are the same ID.
            Look::Number(text) if value.type_name() == "ID" => value.matches(&self.0, text),
            _ => return Some("not a text".into()),
        };
        (!matches).then(|| "the text does not match".into())
    }
}
