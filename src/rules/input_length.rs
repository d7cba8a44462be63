//! Demand `inputs.length`: how many characters a text has, how many items a list.

use crate::{
    diagnostic::Diagnostics,
    rules::{
        Demand, Demanded, Entry, Meta, Setting,
        inputs::{Content, Fits, Grain, Look, Range, Test, Value, content},
    },
    schema::Schema,
    verdict::Code,
    yaml::{self, Fields, Node},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Input {
        read: |demands, ground, found| {
            demands.iter().for_each(|it| know_lists(it, ground.schema, found));
            content(RULE, demands, ground, found)
        },
        unbound: |node, _, found| drop((RULE.read)(node, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "input-length",
    code: Code::INPUT_NOT_ALLOWED,
    title: "Texts and lists that are too long or too short",
    owasp: "API4",
    setting: "inputs.length",
    page: include_str!("input_length.md"),
};

const RULE: Content<Length> = Content {
    meta: &META,
    public: "a text or list does not have a length that is allowed for it",
    fits: Fits::Length,
    read,
};

const SCHEMA: &str = r#"{
    "anyOf": [
        { "type": "string", "pattern": "^([0-9]+[.][.][0-9]*|[.][.][0-9]+)$" },
        {
            "type": "object",
            "properties": {
                "items": {
                    "description": "Items of a list.",
                    "type": "string", "pattern": "^([0-9]+[.][.][0-9]*|[.][.][0-9]+)$"
                },
                "text": {
                    "description": "Characters of every text, also of those in a list.",
                    "type": "string", "pattern": "^([0-9]+[.][.][0-9]*|[.][.][0-9]+)$"
                }
            },
            "minProperties": 1,
            "additionalProperties": false
        }
    ]
}"#;

#[derive(Debug)]
enum Length {
    /// Of the list, when it is one; else of the text.
    Either(Range),
    Each {
        items: Option<Range>,
        text: Option<Range>,
    },
}

fn read(node: &Node, found: &mut Diagnostics) -> Option<Length> {
    let yaml::Value::Mapping(entries) = &node.value else {
        return Range::read_count(node, found).map(Length::Either);
    };
    let mut fields = Fields::of(node, "length", found);
    let mut read = |key| fields.take(key, found).and_then(|it| Range::read_count(it, found));
    let (items, text) = (read("items"), read("text"));
    if entries.is_empty() {
        found.push(node.error("empty-value", "neither `items` nor `text` is given"));
    }
    fields.finish(found);
    Some(Length::Each { items, text })
}

/// Warns of `items` beside `text` where nothing is a list; alone, it is in the wrong place.
fn know_lists(demand: &Demand<'_>, schema: &Schema, found: &mut Diagnostics) {
    // What is wrong with the ranges themselves is told by who reads them.
    let length = read(demand.node, &mut Diagnostics::default());
    let Some(Length::Each { items: Some(_), text: Some(_) }) = length else { return };
    let is_list = |it: &Demanded| Fits::List.takes_at(schema, it.place, it.named);
    if !demand.at.is_empty() && !demand.at.iter().any(is_list) {
        let message = "no place that `at` names holds a list: `items` has no effect";
        found.push(demand.node.warning("no-effect", message).help("delete `items`"));
    }
}

impl Test for Length {
    const GRAIN: Grain = Grain::Whole;

    fn fits(&self, of_rule: Fits) -> Fits {
        match self {
            Self::Each { items: Some(_), text: None } => Fits::List,
            Self::Each { .. } | Self::Either(_) => of_rule,
        }
    }

    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        match self {
            Self::Either(range) if value.is_list() => items(range, value),
            Self::Either(range) => one(range, value),
            Self::Each { items: of_items, text } => {
                let of_list = of_items.as_ref().filter(|_| value.is_list());
                of_list.and_then(|it| items(it, value)).or_else(|| {
                    let range = text.as_ref()?;
                    value.leaves().iter().find_map(|it| one(range, it))
                })
            }
        }
    }
}

/// GraphQL §3.11: a single value counts as a list of one.
fn items(range: &Range, value: &Value<'_, '_>) -> Option<String> {
    let n = if matches!(value.look(), Look::List) { value.n_items() } else { 1 };
    (!range.counts(n)).then(|| format!("{n} items, `{}` is demanded", range.text()))
}

fn one(range: &Range, value: &Value<'_, '_>) -> Option<String> {
    let (n, what) = match value.look() {
        Look::Text(text) => (text.chars().count(), "characters"),
        // An ID may be written as a number.
        Look::Number(text) => (text.chars().count(), "characters"),
        Look::List => (value.n_items(), "items"),
        Look::Nothing | Look::Null => return None,
        Look::Boolean | Look::Enum(_) | Look::Object => {
            return Some("neither text nor list".into());
        }
    };
    (!range.counts(n)).then(|| format!("{n} {what}, `{}` is demanded", range.text()))
}
