//! What tells the size of a list, who must tell it, and whether the price is the most there can be.

use portcullis::{
    cost::{
        DefaultList, Defaults, Exactness, Layer, List, Settings, compile, compile_within, explain,
    },
    operation::Variables,
};
use serde_json::{Value, json};

use crate::{
    edges::{SCHEMA, check, settings},
    support::{entry, model, operation, price, price_of, price_of_text, schema},
};

/// A literal and a default with a point were no numbers, the same in a variable was one.
#[test]
fn a_whole_number_is_one_wherever_it_is_written() {
    let text = "scalar N input In { n: N = 4.0 } type T { id: ID } \
                type Query { ts(n: N = 3.0): [T] in(in: In): [T] }";
    let list = |by: &str| List { slicing: Some(vec![by.into()]), ..List::default() };
    let mut sliced = settings();
    sliced.policy.lists.push(entry("Query.ts", list("n")));
    sliced.policy.lists.push(entry("Query.in", list("in.n")));
    let model = model(&schema(text), &sliced);
    let check = |query: &str, variables: &str, expect: Result<u64, &str>| {
        let got = price_of_text(&model, query, variables);
        let got = got.map(|it| it.types).map_err(|it| it.code.as_str());
        assert_eq!(got, expect, "{query} {variables}");
    };
    check("{ ts { id } }", "{}", Ok(3));
    check("{ in(in: {}) { id } }", "{}", Ok(4));
    for (written, size) in [("2.0", Some(2)), ("0.0", Some(0)), ("2.5", None), ("-2.0", None)] {
        let expect = || size.ok_or("COST_SLICE_INVALID");
        check(&format!("{{ ts(n: {written}) {{ id }} }}"), "{}", expect());
        check(&format!("{{ in(in: {{ n: {written} }}) {{ id }} }}"), "{}", expect());
        let variable = "query($n: N) { ts(n: $n) { id } }";
        check(variable, &format!("{{\"n\":{written}}}"), expect());
        check(&variable.replace(": N)", &format!(": N = {written})")), "{}", expect());
    }
}

/// `query A { t { id } } query B($n: Int!) { … }`: of `B` nobody knows the variables.
#[test]
fn an_argument_that_nobody_knows_is_given() {
    let list = |max| List { require_one: Some(true), max, ..List::default() };
    let mut required = settings();
    for (on, max) in [("Query.ts", None), ("Query.byIds", None), ("Query.users", Some(7))] {
        required.policy.lists.push(entry(on, list(max)));
    }
    let defaults = Defaults { list: DefaultList::Refuse, ..Defaults::default() };
    let refuse = Settings { defaults, ..required.clone() };
    let check = |settings: &Settings, query: &str, expect: Result<u64, &str>| {
        let model = model(&schema(SCHEMA), settings);
        let program = compile(&model, &operation(model.schema(), query));
        let price = program.price(&Variables::default());
        let got = price.map(|it| it.types).map_err(|it| it.code.as_str());
        assert_eq!(got, expect, "{query}");
    };
    let users = "query($n: Int!) { users(first: $n) { nodes { id } } }";
    check(&required, users, Ok(1 + 10));
    check(&refuse, users, Ok(1 + 7));
    let by_ids = "query($ids: [ID!]!) { byIds(ids: $ids) { id } }";
    check(&required, by_ids, Ok(10));
    check(&refuse, by_ids, Ok(10));
    check(&refuse, "query($n: Int = null) { ts(first: $n) { id } }", Ok(5));
    // What is known decides: a number of the document, and that nothing is given at all.
    check(&refuse, "query($n: Int) { users(first: $n, last: 2) { nodes { id } } }", Ok(1 + 2));
    check(&refuse, "query($n: Int = 4) { users(first: $n) { nodes { id } } }", Ok(1 + 4));
    check(&refuse, "{ users { nodes { id } } }", Err("COST_LIST_UNSIZED"));
    check(&refuse, "{ users(first: null) { nodes { id } } }", Err("COST_LIST_UNSIZED"));
}

#[test]
fn a_list_that_is_left_out_needs_no_size() {
    let defaults = Defaults { list: DefaultList::Refuse, ..Defaults::default() };
    let refuse = Settings { defaults, ..settings() };
    let unsized_list = || Err("COST_LIST_UNSIZED");
    let either = "query($a: Boolean!, $b: Boolean!) { users { totalCount \
                  nodes @include(if: $a) { id } edges @skip(if: $b) { node { id } } } }";
    let one = json!({ "a": false, "b": true });
    check(&refuse, either, &one, Ok(1));
    check(&refuse, either, &json!({ "a": true, "b": true }), unsized_list());
    check(&refuse, either, &json!({ "a": false, "b": false }), unsized_list());
    // Where selections merge, and where the budget is spent.
    let merged = either.replacen("{ users", "{ users { id: totalCount } users", 1);
    check(&refuse, &merged, &one, Ok(1));
    check(&refuse, &merged, &json!({ "a": true, "b": true }), unsized_list());
    let model = model(&schema(SCHEMA), &refuse);
    let operation = operation(model.schema(), either);
    let sum = compile_within(&model, &operation, 0);
    let code = |it: &Value| price(&sum, &operation, it).map(|it| it.types).map_err(|it| it.code);
    assert_eq!(code(&one), Ok(1));
    assert!(code(&json!({ "a": true, "b": true })).is_err());
    // A literal says the same as a variable, also of a list in an empty one.
    let inside = "query($n: Int) { ts(first: $n) { ts { id } } }";
    check(&refuse, inside, &json!({ "n": 0 }), Ok(0));
    check(&refuse, inside, &json!({ "n": 1 }), unsized_list());
    check(&refuse, "{ ts(first: 0) { ts { id } } }", &json!({}), Ok(0));
}

/// Of several lists without a size the one is named that the price hangs on.
#[test]
fn the_list_is_named_that_needs_a_size() {
    let defaults = Defaults { list: DefaultList::Refuse, ..Defaults::default() };
    let model = model(&schema(SCHEMA), &Settings { defaults, ..settings() });
    let query = "query($a: Boolean!, $b: Boolean!, $c: Boolean!) { unsized @include(if: $a) { id } \
                 users { nodes @include(if: $b) { id } } t { ts @include(if: $c) { id } } }";
    for (open, at) in [("a", "Query.unsized"), ("b", "Query.users"), ("c", "T.ts")] {
        let mut variables = json!({ "a": false, "b": false, "c": false });
        assert_eq!(price_of(&model, query, &variables).map(|it| it.types).ok(), Some(2));
        variables[open] = json!(true);
        let found = price_of(&model, query, &variables).unwrap_err();
        assert_eq!(found.at.as_deref(), Some(at));
    }
}

/// An abstract type weighs what its heaviest object type does, whatever is selected of it: where
/// that can be more than any answer costs, the price does not say that it is exact.
#[test]
fn the_weight_of_one_type_with_the_selections_of_another_is_not_exact() {
    let text = "union R = A | B interface I { id: ID } type T { id: ID } \
                type A implements I { id: ID b: B } type B implements I { id: ID tags: [T] } \
                type Query { s: [R] i: I }";
    let check = |weights: &[(&str, i64)], query: &str, expect: (u64, Exactness)| {
        let weights = weights.iter().map(|it| entry(it.0, it.1)).collect();
        let policy = Layer { weights, ..Layer::default() };
        let model = model(&schema(text), &Settings { policy, ..settings() });
        let operation = operation(model.schema(), query);
        let program = compile(&model, &operation);
        let price = program.price(&Variables::default()).unwrap();
        assert_eq!((price.types, program.exactness()), expect, "{query}");
        let told = explain(&model, &operation, &Variables::default(), 1000).unwrap();
        assert_eq!((told.price.types, told.exactness), expect, "{query}");
    };
    let heavy = &[("A", 10)];
    let of_the_lighter = "{ s { ... on B { tags { id } } } }";
    check(heavy, of_the_lighter, (10 * (10 + 10), Exactness::Loose));
    check(&[], of_the_lighter, (10 * (1 + 10), Exactness::Exact));
    check(&[("B", 10)], of_the_lighter, (10 * (10 + 10), Exactness::Exact));
    check(heavy, "{ s { ... on A { b { id } } } }", (10 * (10 + 1), Exactness::Exact));
    check(heavy, "{ s { ... on B { id } } i { id } }", (10 * 10 + 10, Exactness::Exact));
    check(
        heavy,
        "{ i { ... on A { b { id } } ... on B { tags { id } } } }",
        (20, Exactness::Loose),
    );
}
