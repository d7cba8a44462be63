//! Large and hostile documents, real ones, and what people read about them.

use std::{fmt::Write as _, fs::read_to_string, sync::Arc};

use portcullis::{
    cost::{Actual, Counter, Settings, Shape, compile, explain},
    operation::Variables,
};
use serde_json::{Value, json};

use crate::{
    edges::{SCHEMA, settings},
    support::{actual_of, model, operation, schema, unvalidated},
};

#[test]
fn fragments_are_compiled_once_however_often_they_are_spread() {
    let model = model(&schema(SCHEMA), &settings());
    let mut query = "{ t { ...F0 } }".to_owned();
    for at in 0..12 {
        let next = at + 1;
        write!(query, " fragment F{at} on T {{ a: ts(first: 1) {{ ...F{next} }} b: ts(first: 1) {{ ...F{next} }} }}").unwrap();
    }
    query.push_str(" fragment F12 on T { ts(first: 1) { id } }");
    let program = compile(&model, &unvalidated(model.schema(), &query));
    assert!(program.is_exact());
    assert!(program.n_expressions() < 50, "{}", program.n_expressions());
    let price = program.price(&Variables::default()).unwrap();
    // 1 + 2 + 4 + … + 2¹², and below each of the last one more.
    assert_eq!(price.types, (1 << 13) - 1 + (1 << 12));
}

#[test]
fn spent_budgets_are_flagged() {
    let model = model(&schema(SCHEMA), &settings());
    let mut query = "{".to_owned();
    for at in 0..15_000 {
        write!(query, " a{at}: t {{ id }}").unwrap();
    }
    query.push('}');
    let program = compile(&model, &unvalidated(model.schema(), &query));
    assert!(!program.is_exact());
    assert_eq!(program.price(&Variables::default()).unwrap().types, 15_000);
}

#[test]
fn longer_lists_than_was_priced_are_seen() {
    let model = model(&schema(SCHEMA), &settings());
    let nodes = vec![json!({ "id": 1 }); 3];
    let data = json!({ "users": { "nodes": nodes, "extra": [[]] }, "other": { "nodes": [] } });
    let actual = actual_of(&model, "{ users(first: 2) { nodes { id } } }", &data);
    let list = actual.lists[0];
    assert_eq!((list.bound, list.longest, list.total, list.n, list.is_over()), (2, 3, 3, 1, true));
    assert_eq!(model.schema().coordinate(list.field), "Users.nodes");
    assert_eq!((actual.price.types, actual.price.fields), (4, 2));
}

/// Counts `{"u": …}`, an answer of one of two types that know the same keys.
fn actual_of_two_types(value: &Value) -> Actual {
    let text = r#"
        directive @cost(weight: String!) on FIELD_DEFINITION
        directive @listSize(slicingArguments: [String!]) on FIELD_DEFINITION
        type A { k: Int @cost(weight: "2") n(first: Int): [A] @listSize(slicingArguments: ["first"]) }
        type B { k: Int n(first: Int): [A] @listSize(slicingArguments: ["first"]) }
        union U = A | B
        type Query { u: U }"#;
    let model = model(&schema(text), &Settings::default());
    let query = "{ u { ... on A { k n(first: 1) { __typename } } \
        ... on B { k n(first: 3) { __typename } } } }";
    actual_of(&model, query, &json!({ "u": value }))
}

#[test]
fn a_key_that_is_free_on_one_type_is_never_overstated() {
    assert_eq!(actual_of_two_types(&json!({ "k": 1 })).price.fields, 1);
}

#[test]
fn a_list_is_bounded_by_the_largest_argument_of_its_types() {
    let is_over = |n| {
        let actual = actual_of_two_types(&json!({ "n": vec![json!({}); n] }));
        actual.lists.first().map(|it| (it.bound, it.is_over()))
    };
    assert_eq!((is_over(3), is_over(4)), (Some((3, false)), Some((3, true))));
}

#[test]
fn real_operations_are_priced_and_explained() {
    for name in ["linear", "shopify-storefront", "swapi"] {
        let file = |file: &str| {
            let root = env!("CARGO_MANIFEST_DIR");
            read_to_string(format!("{root}/tests/corpus/real/{name}/{file}")).unwrap()
        };
        let model = model(&schema(&file("schema.graphql")), &Settings::default());
        for line in file("operations.jsonl").lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let operation = unvalidated(model.schema(), line["query"].as_str().unwrap());
            let program = compile(&model, &operation);
            let none = Variables::default();
            let price = program.price(&none).unwrap();
            assert!(program.is_exact() && program.ceiling().unwrap().types >= price.types);
            let told = explain(&model, &operation, &none, 1000).unwrap();
            assert_eq!(told.price, price);
            let shape = Arc::new(Shape::new(&model, &operation));
            let mut counter = Counter::new(&shape, &none);
            counter.push(b"{\"data\":null}");
            assert!(counter.finish().is_complete);
        }
    }
}

#[test]
fn explanation_shows_tree_and_advice() {
    let model = model(&schema(SCHEMA), &Settings::default());
    let query = "{ ts(first: 4) { id ts(first: 3) { id } } }";
    let operation = operation(model.schema(), query);
    let told = explain(&model, &operation, &Variables::default(), 40).unwrap();
    let parts: Vec<_> = told
        .parts
        .iter()
        .map(|it| {
            format!(
                "{} {} {:?} ×{} = {}+{}",
                it.depth, it.coordinate, it.sizes, it.calls, it.price.types, it.price.fields
            )
        })
        .collect();
    assert_eq!(parts, ["1 Query.ts [4] ×1 = 16+5", "2 T.ts [3] ×4 = 3+1"]);
    let advice: Vec<_> = told.slices.iter().map(|it| (&*it.coordinate, it.largest)).collect();
    assert_eq!(advice, [("T.ts(first:)", Some(7)), ("Query.ts(first:)", Some(7))]);
}
