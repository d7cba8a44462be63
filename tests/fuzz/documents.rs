//! The front end of documents: what is read is printed and read as the same, counted, validated,
//! and the second reader agrees.

use std::sync::Arc;

use portcullis::{
    diagnostic::Source,
    document::{
        Ceilings, Disagreement, OperationId, Read, ReadLimits, canonical_text, count, print, read,
        second_reader, validate,
    },
    schema::Schema,
};
use serde_json::Value;

use crate::{
    ROOT,
    mutate::{Target, lines},
};

/// Documents of the corpora.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = ["tests/corpus/reader/probes.jsonl", "tests/corpus/bazaar/attacks-public.jsonl"];
    let probes = files.into_iter().flat_map(lines);
    let texts = probes.flat_map(|it| {
        let probe: Value = serde_json::from_slice(&it).unwrap();
        let mut texts = Vec::new();
        collect(&probe, &mut texts);
        texts
    });
    let written = br#"query Q($a: [Int!]! = [1, 2], $b: In = {x: 1.5e3, y: "\u00e9"}) @d(a: $a) { a: f(b: $b, t: """
      block "quote" \""" end
    """) @include(if: true) { ... on T { ...F } ... { g } } } fragment F on T @x { n: m } mutation M { a }"#;
    let valid = [
        "{ product(slug: \"pan\") { name price { amount currency } reviews(first: 2) { nodes { stars text author { name } } } } }",
        "mutation ($i: AddToCartInput!) { addToCart(input: $i) { total { amount } } }",
        "query Q($n: Int = 3, $f: ProductFilter = {category: BOOKS, inStock: true}) { products(filter: $f, order: PRICE, first: $n) { nodes { ...P } edges { cursor node { id } } } } fragment P on Product { id stars @include(if: true) related(first: 1) { ... on Node { id } } }",
        "{ search(text: \"a\") { nodes { __typename ... on User { username } ... on Post { title } } } node(id: 1) { id } }",
    ];
    let valid = valid.map(|it| it.as_bytes().to_vec());
    texts.chain([written.to_vec()]).chain(valid).collect()
}

/// Every text that looks like a document.
fn collect(value: &Value, texts: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(it) if it.contains('{') && it.len() < 8000 => texts.push(it.clone().into()),
        Value::Array(items) => items.iter().for_each(|it| collect(it, texts)),
        Value::Object(members) => members.values().for_each(|it| collect(it, texts)),
        _ => {}
    }
}

/// The schema of the demonstration.
pub(crate) fn schema() -> Schema {
    let text = std::fs::read_to_string(format!("{ROOT}/policies/schema.graphql"));
    let source = Source { name: "schema".into(), text: text.unwrap().into() };
    Schema::load(Arc::new(source)).expect("a schema").0
}

#[test]
fn readers_agree() {
    target().fuzz(10_000);
}

#[test]
fn print_is_read_as_the_same() {
    print_target().fuzz(10_000);
}

/// The second reader makes the same of the canonical text.
pub(crate) fn target() -> Target {
    let schema = schema();
    Target::new("document", seeds(), move |input| {
        let Some(first) = read_bytes(input) else { return false };
        let is_counted = count(&first.document, &Ceilings::default()).is_ok();
        if is_counted {
            agree(&first, validate(&schema, &first).is_ok());
        }
        is_counted
    })
}

/// What is printed is read as the same, and printed as the same.
pub(crate) fn print_target() -> Target {
    Target::new("print", seeds(), |input| {
        let Some(first) = read_bytes(input) else { return false };
        let printed = print(&first.document);
        let again = read(&printed, &ReadLimits::CEILINGS).expect("what we printed").document;
        assert!(first.document.same_syntax(&again), "{printed}");
        assert_eq!(print(&again), printed);
        true
    })
}

/// A document, when the bytes are one.
pub(crate) fn read_bytes(bytes: &[u8]) -> Option<Read> {
    read(std::str::from_utf8(bytes).ok()?, &ReadLimits::CEILINGS).ok()
}

fn agree(first: &Read, is_valid: bool) {
    let n = first.document.operations().len();
    for it in (0..n).filter_map(|it| u32::try_from(it).ok()) {
        let canonical = canonical_text(&first.document, OperationId(it));
        match second_reader(&canonical, &first.document, OperationId(it)) {
            // Of two equal keys the other keeps the last; validation refuses them before.
            Err(Disagreement::Different { what: "value" }) if !is_valid => {}
            Err(Disagreement::Different { what }) => panic!("they read {what} differently"),
            Err(Disagreement::TooDeep { .. } | Disagreement::Unreadable { .. }) | Ok(()) => {}
        }
    }
}
