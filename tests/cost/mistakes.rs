//! What is wrong with weights and lists, in a schema and in a policy.

use std::sync::Arc;

use portcullis::{
    cost::{Entry, Layer, List, Model, Settings},
    diagnostic::Source,
    schema::Coordinate,
};

use crate::{
    edges::SCHEMA,
    support::{entry, schema},
};

/// The codes of everything that is wrong with a schema or with settings.
fn wrong(text: &str, settings: &Settings) -> Vec<String> {
    let diagnostics = match Model::new(&schema(text), settings) {
        Ok((_, diagnostics)) | Err(diagnostics) => diagnostics,
    };
    diagnostics
        .iter()
        .map(|it| format!("{} {:?}", it.code, it.place.as_ref().map(|it| &it.1)))
        .collect()
}

#[test]
fn mistakes_in_the_schema_are_reported() {
    let head = "directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT\n\
                directive @listSize(slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION\n";
    let cases = [
        (
            "interface I { a: Int @cost(weight: \"1\") } type Query implements I { a: Int }",
            "cost-on-interface None",
        ),
        ("type Query { a: Int @cost(weight: \"9223372036854775808\") }", "bad-weight None"),
        ("type Query { a: Int @cost(weight: \"much\") }", "bad-weight None"),
        ("type A @cost(weight: \"-1\") { a: Int } type Query { a: A }", "negative-weight None"),
        (
            "type Query { a(first: Int): [Int] @listSize(slicingArguments: [\"frist\"]) }",
            "unknown-slicing-argument None",
        ),
        (
            "type Query { a(first: String): [Int] @listSize(slicingArguments: [\"first\"]) }",
            "unknown-slicing-argument None",
        ),
        (
            "type A { b: [Int] } type Query { a(first: Int): A @listSize(slicingArguments: [\"first\"], sizedFields: [\"c\"]) }",
            "unknown-sized-field None",
        ),
    ];
    for (text, code) in cases {
        assert_eq!(wrong(&format!("{head}{text}"), &Settings::default()), [code], "{text}");
    }
}

#[test]
fn mistakes_in_the_policy_are_reported_where_they_stand() {
    let source = Arc::new(Source { name: "policy".into(), text: "x".repeat(100).into() });
    let at = |on: &str, from: usize| {
        let place = Some((Arc::clone(&source), from..from + 1));
        (Coordinate::parse(on).unwrap(), place)
    };
    let mut policy = Layer::default();
    for (from, on) in
        ["Query.tss", "Quern.ts", "Query.ts(frist:)", "*.nothing"].into_iter().enumerate()
    {
        let (on, place) = at(on, from);
        policy.weights.push(Entry { on, value: 1, place });
    }
    let (on, place) = at("T", 10);
    policy.weights.push(Entry { on, value: -1, place });
    let (on, place) = at("Query.ts", 11);
    let list = List { slicing: Some(vec!["frist".into()]), ..List::default() };
    policy.lists.push(Entry { on, value: list, place });
    let (on, place) = at("T", 12);
    policy.lists.push(Entry { on, value: List::default(), place });
    let found = wrong(SCHEMA, &Settings { policy, ..Settings::default() });
    let unknown = (0..4).map(|it| format!("unknown-coordinate Some({it}..{})", it + 1));
    let others = [
        "not-a-list Some(12..13)",
        "negative-weight Some(10..11)",
        "unknown-slicing-argument Some(11..12)",
    ];
    let expect: Vec<_> = unknown.chain(others.map(Into::into)).collect();
    assert_eq!(found, expect);
}

#[test]
fn settings_without_effect_are_reported() {
    let list = |on: &str| {
        let lists = vec![entry(on, List { assumed: Some(2), ..List::default() })];
        Settings { policy: Layer { lists, ..Layer::default() }, ..Settings::default() }
    };
    assert_eq!(wrong(SCHEMA, &list("Query.t")), ["no-effect None"]);
    assert!(wrong(SCHEMA, &list("Query.ts")).is_empty());
    assert!(wrong(SCHEMA, &list("Query.users")).is_empty());
    assert!(wrong(SCHEMA, &list("*.ts")).is_empty());
}
