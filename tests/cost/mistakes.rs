//! What is wrong with weights and lists, in a schema and in a policy: each mistake where it stands.

use std::sync::Arc;

use portcullis::{
    diagnostic::{Diagnostics, Source},
    policy,
};

use crate::edges::SCHEMA;

/// Each mistake as `code: text`, of a policy with this block `cost` over a schema.
fn wrong(schema: &str, cost: &str) -> Vec<String> {
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let policy = format!("version: 1\nname: a\nschema: {{ file: s }}\ncost:\n  max: 5\n{cost}");
    let schema = source("s", schema);
    let resolve = &mut |_: &str| Ok(Arc::clone(&schema));
    let (loaded, found) = policy::load(source("p", &policy), resolve);
    assert_eq!(loaded.is_none(), found.has_errors());
    told(&found)
}

fn told(found: &Diagnostics) -> Vec<String> {
    let told = found.iter().map(|it| {
        let (source, at) = it.place.clone().unwrap();
        format!("{} {}", it.code, source.text.get(at).unwrap())
    });
    told.collect()
}

#[test]
fn mistakes_in_the_schema_are_reported_where_they_stand() {
    let head = "directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION\n\
                directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION\n";
    let cases = [
        (
            "interface I { a: Int @cost(weight: \"1\") } type Query implements I { a: Int }",
            "cost-on-interface cost",
        ),
        ("type Query { a: Int @cost(weight: \"9223372036854775808\") }", "bad-weight cost"),
        ("type Query { a: Int @cost(weight: \"-9223372036854775809\") }", "bad-weight cost"),
        ("type Query { a: Int @cost(weight: \"much\") }", "bad-weight cost"),
        ("type Query { a(b: Int @cost(weight: \"\")): Int }", "bad-weight cost"),
        ("type A @cost(weight: \"-1\") { a: Int } type Query { a: A }", "negative-weight cost"),
        (
            "type Query { a(first: Int): [Int] @listSize(slicingArguments: [\"frist\"]) }",
            "unknown-slicing-argument listSize",
        ),
        (
            "type Query { a(first: String): [Int] @listSize(slicingArguments: [\"first\"]) }",
            "unknown-slicing-argument listSize",
        ),
        ("type Query { a: [Int] @listSize(assumedSize: -1) }", "bad-list-size listSize"),
        ("type Query { a: [Int] @listSize(assumedSize: 4294967296) }", "bad-list-size listSize"),
        (
            "type A { b: [Int] } type Query { a(first: Int): A @listSize(slicingArguments: [\"first\"], sizedFields: [\"c\"]) }",
            "unknown-sized-field listSize",
        ),
    ];
    for (text, mistake) in cases {
        assert_eq!(wrong(&format!("{head}{text}"), ""), [mistake], "{text}");
    }
}

#[test]
fn mistakes_in_the_policy_are_reported_where_they_stand() {
    let cases = [
        ("  weights: { Query.tss: 1 }", "unknown-coordinate Query.tss"),
        ("  weights: { Quern.ts: 1 }", "unknown-coordinate Quern.ts"),
        ("  weights: { \"Query.ts(frist:)\": 1 }", "unknown-coordinate \"Query.ts(frist:)\""),
        ("  weights: { \"*.nothing\": 1 }", "unknown-coordinate \"*.nothing\""),
        ("  weights: { T: -1 }", "negative-weight T"),
        ("  weights: { T: 9223372036854775808 }", "not-a-number 9223372036854775808"),
        ("  weights: { T: -9223372036854775809 }", "not-a-number -9223372036854775809"),
        ("  weights: { T: 1.5 }", "not-a-number 1.5"),
        ("  weights: { \"a b\": 1 }", "not-a-coordinate \"a b\""),
        ("  lists: { Query.ts: { slicing: [frist] } }", "unknown-slicing-argument Query.ts"),
        ("  lists: { Query.ts: { slicing: [first.x] } }", "unknown-slicing-argument Query.ts"),
        ("  lists: { Query.users: { sized: [edgse] } }", "unknown-sized-field Query.users"),
        ("  lists: { T: { assumed: 1 } }", "not-a-list T"),
        ("  lists: { Query.t: { assumed: 2 } }", "no-effect Query.t"),
        ("  lists: { Query.ts: { assumed: -1 } }", "not-a-number -1"),
        ("  defaults: { list: many }", "not-a-number many"),
        ("  defaults: { list: \"10\" }", "not-a-number \"10\""),
        ("  answers: { count_one_in: 0 }", "out-of-range 0"),
    ];
    for (cost, mistake) in cases {
        assert_eq!(wrong(SCHEMA, cost), [mistake], "{cost}");
    }
}

#[test]
fn a_bound_without_arguments_is_reported_where_it_stands() {
    let wrong = |field: &str, list: &str| {
        let schema = format!("type Query {{ {field} }}");
        wrong(&schema, &format!("  lists: {{ Query.a: {list} }}"))
    };
    assert_eq!(wrong("a: [Int]", "{ max: 2 }"), ["no-effect Query.a"]);
    let none: [&str; 0] = [];
    assert_eq!(wrong("a(n: Int): [Int]", "{ slicing: [n], max: 2 }"), none);
}

#[test]
fn a_default_above_its_bound_is_reported() {
    let max = |argument: &str, path: &str, list: &str| {
        let schema = format!("type Query {{ a({argument}): [Int] }} input P {{ n: Int = 100 }}");
        wrong(&schema, &format!("  lists: {{ Query.a: {{ slicing: [{path}], {list} }} }}"))
    };
    let refused = ["refused-default Query.a"];
    assert_eq!(max("n: Int = 100", "n", "max: 99"), refused);
    assert_eq!(max("p: P = {}", "p.n", "max: 99"), refused);
    let none: [&str; 0] = [];
    assert_eq!(max("n: Int = 100", "n", "max: 100"), none);
    assert_eq!(max("p: P", "p.n", "max: 99"), none);
    assert_eq!(max("n: Int = 100", "n", "max: 99 } }\n  upstream_clamps: true #"), none);
}

#[test]
fn what_is_right_is_not_reported() {
    let none: [&str; 0] = [];
    for cost in [
        "  exact: true\n  weights: { T: -1 }",
        "  weights: { T: 9223372036854775807, Query.ts: -9223372036854775808 }",
        "  lists: { Query.ts: { assumed: 2 }, Query.users: { assumed: 2 }, \"*.ts\": { assumed: 2 } }",
        "  defaults: { list: refuse }",
        "  answers: { count_one_in: 1, in_extensions: true }",
    ] {
        assert_eq!(wrong(SCHEMA, cost), none, "{cost}");
    }
}

/// A policy in JSON writes every word with quotes.
#[test]
fn lists_are_refused_with_quotes_and_without() {
    for list in ["refuse", "\"refuse\"", "'refuse'"] {
        let cost = format!("  defaults: {{ list: {list} }}\n  lists: {{ Query.unsized: {{}} }}");
        assert_eq!(wrong(SCHEMA, &cost), [""; 0], "{list}");
    }
}

#[test]
fn what_a_default_list_can_be_is_told() {
    let message = |list: &str| {
        let source = |text: &str| Arc::new(Source { name: "p".into(), text: text.into() });
        let policy = format!(
            "version: 1\nname: a\nschema: {{ file: s }}\ncost: {{ defaults: {{ list: {list} }} }}"
        );
        let (_, found) = policy::load(source(&policy), &mut |_: &str| Ok(source(SCHEMA)));
        found.iter().map(|it| (it.message.clone(), it.help.clone())).next().unwrap()
    };
    let expected = |found: &str| format!("expected a number or `refuse`, found {found}");
    let help = || Some("did you mean `refuse`?".to_owned());
    assert_eq!(message("refused"), (expected("`refused`"), help()));
    assert_eq!(message("[1]"), (expected("a list"), None));
    assert_eq!(message("many"), (expected("`many`"), None));
}
