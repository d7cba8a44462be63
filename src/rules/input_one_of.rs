//! Demand `inputs.one_of`: a text or number is one of a list.

use crate::{
    diagnostic::Diagnostics,
    expression::Number,
    rules::{
        Demand, Entry, InputPlace, Meta, Setting,
        inputs::{Content, Fits, Grain, Look, Test, Value, content},
    },
    schema::{Kind, Scalar, Schema, Type},
    verdict::Code,
    yaml::{Node, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Input {
        read: |demands, ground, found| {
            demands.iter().for_each(|it| know_values(it, ground.schema, found));
            content(RULE, demands, ground, found)
        },
        unbound: |node, _, found| drop((RULE.read)(node, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "input-one-of",
    code: Code::INPUT_NOT_ALLOWED,
    title: "Values that are not listed",
    owasp: "API8",
    setting: "inputs.one_of",
    page: include_str!("input_one_of.md"),
};

const RULE: Content<OneOf> = Content {
    meta: &META,
    public: "a value is not one of those that are allowed for it",
    fits: Fits::Leaf,
    read,
};

const SCHEMA: &str = r#"{ "type": "array", "items": { "type": ["string", "number"] }, "minItems": 1, "maxItems": 1000, "uniqueItems": true }"#;

#[derive(Debug)]
struct OneOf {
    texts: Vec<Box<str>>,
    /// Those that are written without quotes and are numbers.
    numbers: Vec<Number>,
}

fn read(node: &Node, found: &mut Diagnostics) -> Option<OneOf> {
    let items = shape::some_names(node, found);
    if items.is_empty() {
        return None;
    }
    let numbers = items.iter().filter_map(|(_, it)| Number::parse(it.as_plain()?)).collect();
    Some(OneOf { texts: items.iter().map(|(it, _)| (*it).into()).collect(), numbers })
}

/// Warns of what is no value at any of the places, where their types tell.
fn know_values(demand: &Demand<'_>, schema: &Schema, found: &mut Diagnostics) {
    let places = demand.at.iter().filter(|it| Fits::Leaf.takes_at(schema, it.place, it.named));
    let types = places.map(|it| match it.place {
        InputPlace::Input(input) => schema.ty(schema.input(input).ty.named),
        InputPlace::Scalar(scalar) => schema.ty(scalar),
    });
    let types: Vec<&Type> = types.collect();
    if types.is_empty() {
        return;
    }
    // What is wrong with the list itself is told by who reads it.
    for (text, node) in shape::placed_names(demand.node, &mut Diagnostics::default()) {
        if types.iter().any(|it| can_be(it, text, node)) {
            continue;
        }
        let known = types.iter().flat_map(|it| &it.values).map(|it| &*it.name);
        if types.iter().all(|it| it.kind == Kind::Enum) {
            let message = format!("`{text}` is no value of the enum");
            found.push(node.warning("no-effect", message).did_you_mean(text, known));
        } else {
            let message = format!("no place that `at` names ever holds `{text}`");
            let help = "write numbers without quotes, and whole ones for `Int`";
            found.push(node.warning("no-effect", message).help(help));
        }
    }
}

/// Whether a value of the type can be the one that is listed. A text or ID can be anything, and what
/// a custom scalar holds nobody knows.
fn can_be(ty: &Type, text: &str, node: &Node) -> bool {
    let number = || Number::parse(node.as_plain()?);
    match (ty.kind, ty.scalar) {
        (Kind::Enum, _) => ty.values.iter().any(|it| *it.name == *text),
        (_, Scalar::Boolean) => false,
        (_, Scalar::Float) => number().is_some(),
        (_, Scalar::Int) => number().is_some_and(|it| it.is_whole()),
        (_, Scalar::Id | Scalar::Other | Scalar::String | Scalar::Upload) => true,
    }
}

impl Test for OneOf {
    const GRAIN: Grain = Grain::Items;

    fn objection(&self, value: &Value<'_, '_>) -> Option<String> {
        let has_text = |text: &str| self.texts.iter().any(|it| **it == *text);
        let is_listed = match value.look() {
            Look::Enum(text) => has_text(text),
            Look::Text(text) => has_text(&text),
            // `1` and `"1"` are the same ID; `1.0` and `1` are the same number.
            Look::Number(text) if value.type_name() == "ID" => has_text(text),
            Look::Number(text) => Number::parse(text).is_some_and(|it| self.numbers.contains(&it)),
            Look::Boolean | Look::List | Look::Nothing | Look::Null | Look::Object => false,
        };
        (!is_listed).then(|| "not one of the values that are listed".into())
    }
}
