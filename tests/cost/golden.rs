//! The golden vectors: numbers that other specifications and programs give for the same operation.
//!
//! Every family states the settings that say in our words what it means.

use crate::support::{actual_of, entry, model, price_of, schema};
use portcullis::{
    cost::{
        DefaultList, Defaults, Entry, Layer, List, Measure, NegativeTypes, Price, Settings, Weights,
    },
    schema::{Kind, Schema},
    verdict::{Code, Violation},
};
use serde_json::Value;

/// Vectors whose meaning our settings have no words for, and why.
const BEYOND: &[(&str, &str)] = &[("armor-fragment", "a fragment makes the same selection dearer")];

/// The vectors give a number; here a negative slice is an offence.
const NEGATIVE: &[&str] = &["gqlgen-list-negative", "neg-slice"];

/// Fields that cost nothing.
const NONE: Weights = Weights { object: 0, leaf: 0 };

#[test]
fn every_vector_is_met_or_explained() {
    let (mut n_met, mut wrong) = (0, Vec::new());
    for line in include_str!("../corpus/cost/golden.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let id = vector["id"].as_str().unwrap();
        if BEYOND.iter().any(|it| it.0 == id) {
            continue;
        }
        match check(id, &vector) {
            Ok(()) => n_met += 1,
            Err(why) => wrong.push(format!("{id}: {why}")),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!((n_met, BEYOND.len()), (51, 1));
}

fn check(id: &str, vector: &Value) -> Result<(), String> {
    let text = vector["schema"].as_str().unwrap();
    let schema = schema(text);
    let settings = settings(id, vector, &schema);
    let model = model(&schema, &settings);
    let price = price_of(&model, vector["query"].as_str().unwrap(), &vector["variables"]);
    if NEGATIVE.contains(&id) {
        return expect(code(&price), &Err(Code::COST_SLICE_INVALID));
    }
    let mut price = price.map_err(|it| it.detail.to_string())?;
    if let Some(response) = vector.get("response") {
        price = actual_of(&model, vector["query"].as_str().unwrap(), response).price;
        // Their root counts 1 in an answer too.
        price.types += 1;
    }
    let expected = &vector["expected"];
    for (key, expected) in expected.as_object().unwrap() {
        let got = match key.as_str() {
            "typeCost" => price.types,
            "fieldCost" | "complexity" => price.fields,
            "cost" => price.combined(Measure::Both),
            // The viewer itself is no node of a connection.
            "nodes" => price.types - 1,
            "points" => (price.fields / 100).max(1),
            other => return Err(format!("unknown key `{other}`")),
        };
        match expected.as_u64() {
            // Their numbers are signed.
            Some(expected) if expected == i64::MAX as u64 => expect(got, &u64::MAX)?,
            Some(expected) => expect(got, &expected)?,
            None => expect(price.is_saturated(), &true)?,
        }
    }
    Ok(())
}

fn expect<T: PartialEq + std::fmt::Debug>(got: T, expected: &T) -> Result<(), String> {
    if got == *expected { Ok(()) } else { Err(format!("{got:?}, not {expected:?}")) }
}

fn code(price: &Result<Price, Violation>) -> Result<Price, Code> {
    price.clone().map_err(|it| it.code)
}

fn settings(id: &str, vector: &Value, schema: &Schema) -> Settings {
    let list = vector.get("defaultListSize").and_then(Value::as_u64);
    let list = DefaultList::Assumed(list.map_or(1, |it| it.try_into().unwrap()));
    let defaults = Defaults { list, ..Defaults::default() };
    match id.split('-').next().unwrap() {
        "apollo" => apollo(defaults, schema),
        "armor" => armor(defaults),
        "shopify" => shopify(defaults, id),
        "github" if id == "github-points-min" => github_points(defaults),
        "github" => github_nodes(defaults, schema),
        "gqlgen" => gqlgen(defaults),
        _ => ibm(defaults, id),
    }
}

/// Objects only; every input object counts 1; the root nothing.
fn apollo(defaults: Defaults, schema: &Schema) -> Settings {
    Settings {
        defaults: Defaults { fields: NONE, ..defaults },
        policy: Layer { weights: weights(schema, &|it| it == "input"), lists: Vec::new() },
        ..Settings::default()
    }
}

/// 4 for an object; a scalar is 2 per level that it stands below the root, here always two levels
/// of selections: 4 as well. `first` bounds `books`.
fn armor(defaults: Defaults) -> Settings {
    let types = Weights { object: 4, leaf: 4 };
    Settings {
        defaults: Defaults { types, fields: NONE, ..defaults },
        policy: Layer { weights: Vec::new(), lists: vec![sliced("Query.books", "first")] },
        ..Settings::default()
    }
}

/// A connection is sized by `first` or `last`; what a mutation returns is in its 10.
fn shopify(defaults: Defaults, id: &str) -> Settings {
    let is_mutation = id == "shopify-mutation";
    let weights = if is_mutation { vec![entry("Order", 0)] } else { Vec::new() };
    Settings {
        defaults: Defaults { fields: NONE, ..defaults },
        policy: Layer { weights, lists: Vec::new() },
        ..Settings::default()
    }
}

fn github_points(defaults: Defaults) -> Settings {
    Settings {
        defaults: Defaults { fields: NONE, ..defaults },
        measure: Measure::Field,
        ..Settings::default()
    }
}

/// Nodes: connections and edges are not counted themselves.
fn github_nodes(defaults: Defaults, schema: &Schema) -> Settings {
    Settings {
        defaults,
        policy: Layer { weights: weights(schema, &|it| it == "node"), lists: Vec::new() },
        ..Settings::default()
    }
}

/// Every field 1; `size` bounds `list`, and a level of it costs nothing but its elements.
fn gqlgen(defaults: Defaults) -> Settings {
    Settings {
        defaults: Defaults { fields: Weights { object: 1, leaf: 1 }, ..defaults },
        measure: Measure::Field,
        policy: Layer {
            weights: vec![entry("ExpensiveItem.name", 5)],
            lists: vec![sliced("*.list", "size")],
        },
        ..Settings::default()
    }
}

/// The IBM specification: the root counts 1. One vector has a negative type weight.
fn ibm(defaults: Defaults, id: &str) -> Settings {
    let is_negative = id.starts_with("c5-");
    Settings {
        defaults: Defaults { root: 1, ..defaults },
        negative_types: if is_negative { NegativeTypes::Allowed } else { NegativeTypes::Refused },
        ..Settings::default()
    }
}

/// A list that an argument bounds.
fn sliced(at: &str, by: &str) -> Entry<List> {
    entry(at, List { slicing: Some(vec![by.into()]), ..List::default() })
}

/// 1 for input objects that the schema does not weigh, or 0 for what is no node.
fn weights(schema: &Schema, wanted: &dyn Fn(&str) -> bool) -> Vec<Entry<i64>> {
    let types = schema.types().map(|(_, it)| it);
    let weighed = types.filter_map(|ty| match ty.kind {
        Kind::InputObject { .. } if wanted("input") => Some(entry(&ty.name, 1)),
        Kind::Object { .. }
            if wanted("node") && ["Connection", "Edge"].iter().any(|it| ty.name.ends_with(it)) =>
        {
            Some(entry(&ty.name, 0))
        }
        _ => None,
    });
    weighed.collect()
}
