//! Where others go wrong, and what must be refused: values, paths, coordinates, bombs.

use std::sync::Arc;

use portcullis::{
    cost::{Clamps, DefaultList, Defaults, List, Measure, Model, Settings},
    diagnostic::Source,
    document::{ReadLimits, read, validate},
    schema::Schema,
};
use serde_json::{Value, json};

use crate::support::{entry, model, price_of, price_of_text, schema};

pub(crate) const SCHEMA: &str = r#"
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
scalar PositiveInt
scalar Any
interface Node { id: ID! }
type T implements Node { id: ID! ts(first: Int): [T] @listSize(slicingArguments: ["first"]) }
type U { other: Int same(first: Int): [T] @listSize(slicingArguments: ["first"]) }
type V { same(first: Int): [T] @listSize(slicingArguments: ["first"]) }
union UV = U | V
input Page { first: Int = 6 last: Int }
input Filter { page: Page deep: Filter }
type Users { edges: [UserEdge] nodes: [T] pageInfo: Int totalCount: Int }
type UserEdge { node: T }
type Mutation { make: T }
type Subscription { news: T }
type Query {
  ts(first: Int = 3): [T] @listSize(slicingArguments: ["first"], assumedSize: 5)
  positive(first: PositiveInt): [T] @listSize(slicingArguments: ["first"])
  any(first: Any): [T] @listSize(slicingArguments: ["first"])
  paged(filter: Filter): [T] @listSize(slicingArguments: ["filter.page.first"], assumedSize: 9)
  byIds(ids: [ID!]): [T] @listSize(slicingArguments: ["ids"])
  grid: [[T]] @listSize(assumedSize: 4)
  unsized: [T]
  tags: [String]
  users(first: Int, last: Int): Users
  uv: UV
  node: Node
  t: T
}
"#;

pub(crate) fn settings() -> Settings {
    Settings { measure: Measure::Type, ..Settings::default() }
}

/// The type cost, or the code of the objection.
pub(crate) fn check(
    settings: &Settings,
    query: &str,
    variables: &Value,
    expect: Result<u64, &str>,
) {
    let model = model(&schema(SCHEMA), settings);
    let price = price_of(&model, query, variables);
    let got = price.map(|it| it.types).map_err(|it| it.code.as_str());
    assert_eq!(got, expect, "{query} {variables}");
}

#[test]
fn every_value_of_a_slicing_variable_is_read() {
    let int = "query($n: Int) { ts(first: $n) { id } }";
    let cases = [
        (json!({}), Ok(3)),
        (json!({ "n": null }), Ok(5)),
        (json!({ "n": 0 }), Ok(0)),
        (json!({ "n": 7 }), Ok(7)),
        (json!({ "n": i32::MAX }), Ok(0x7fff_ffff)),
        (json!({ "n": 1u64 << 31 }), Err("BAD_USER_INPUT")),
        (json!({ "n": true }), Err("BAD_USER_INPUT")),
        (json!({ "n": {} }), Err("BAD_USER_INPUT")),
        (json!({ "n": -1 }), Err("COST_SLICE_INVALID")),
        (json!({ "n": "7" }), Err("BAD_USER_INPUT")),
        (json!({ "n": 0.5 }), Err("BAD_USER_INPUT")),
    ];
    for (variables, expect) in cases {
        check(&settings(), int, &variables, expect);
    }
    check(&settings(), "query($n: Int = 4) { ts(first: $n) { id } }", &json!({}), Ok(4));
    check(&settings(), "query($n: Int = 4) { ts(first: $n) { id } }", &json!({ "n": null }), Ok(5));
    check(&settings(), "{ ts(first: -1) { id } }", &json!({}), Err("COST_SLICE_INVALID"));
    check(&settings(), "{ ts(first: 0) { id } }", &json!({}), Ok(0));
}

#[test]
fn custom_scalars_are_read_strictly() {
    let positive = "query($n: PositiveInt) { positive(first: $n) { id } }";
    check(&settings(), positive, &json!({ "n": 8 }), Ok(8));
    let any = "query($n: Any) { any(first: $n) { id } }";
    for bad in ["\"8\"", "true", "{}", "[]", "1.5", "1e3", "-8", "2147483648"] {
        let variables = format!("{{\"n\":{bad}}}");
        let got = price_of_text(&model(&schema(SCHEMA), &settings()), any, &variables);
        let code = got.map_err(|it| it.code.as_str());
        assert_eq!(code, Err("COST_SLICE_INVALID"), "{bad}");
    }
    check(&settings(), any, &json!({ "n": i32::MAX }), Ok(0x7fff_ffff));
    for bad in ["\"8\"", "true", "{}", "[1]", "1.5", "1e3", "-8", "2147483648", "NAME"] {
        let query = format!("{{ any(first: {bad}) {{ id }} }}");
        check(&settings(), &query, &json!({}), Err("COST_SLICE_INVALID"));
    }
    check(&settings(), any, &json!({}), Ok(10));
}

#[test]
fn an_offence_behind_a_closed_condition_is_none() {
    let query = "query($b: Boolean!) { ts(first: -1) @include(if: $b) { id } }";
    check(&settings(), query, &json!({ "b": false }), Ok(0));
    check(&settings(), query, &json!({ "b": true }), Err("COST_SLICE_INVALID"));
}

#[test]
fn paths_lead_through_literals_and_variables() {
    let cases = [
        ("{ paged { id } }", json!({}), 9),
        ("{ paged(filter: { page: { first: 2 } }) { id } }", json!({}), 2),
        ("{ paged(filter: { page: { last: 2 } }) { id } }", json!({}), 6),
        ("{ paged(filter: { page: null }) { id } }", json!({}), 9),
        ("query($n: Int) { paged(filter: { page: { first: $n } }) { id } }", json!({ "n": 4 }), 4),
        ("query($n: Int) { paged(filter: { page: { first: $n } }) { id } }", json!({}), 6),
        (
            "query($p: Page) { paged(filter: { page: $p }) { id } }",
            json!({ "p": { "first": 4 } }),
            4,
        ),
        ("query($p: Page) { paged(filter: { page: $p }) { id } }", json!({ "p": {} }), 6),
        (
            "query($f: Filter) { paged(filter: $f) { id } }",
            json!({ "f": { "page": { "first": 4 } } }),
            4,
        ),
        ("query($f: Filter = { page: { first: 1 } }) { paged(filter: $f) { id } }", json!({}), 1),
        (
            "query($f: Filter) { paged(filter: $f) { id } }",
            json!({ "f": { "page": { "first": null } } }),
            9,
        ),
    ];
    for (query, variables, expect) in cases {
        check(&settings(), query, &variables, Ok(expect));
    }
}

#[test]
fn a_list_can_be_as_long_as_an_argument() {
    let query = "query($ids: [ID!]) { byIds(ids: $ids) { id } }";
    check(&settings(), query, &json!({ "ids": [1, 2, 3] }), Ok(3));
    check(&settings(), query, &json!({ "ids": "one" }), Ok(1));
    check(&settings(), query, &json!({ "ids": [] }), Ok(0));
    check(&settings(), "{ byIds(ids: [1, 2]) { id } }", &json!({}), Ok(2));
    check(&settings(), "{ byIds(ids: 1) { id } }", &json!({}), Ok(1));
}

#[test]
fn a_slicing_argument_can_be_required() {
    let list = List { require_one: Some(true), ..List::default() };
    let mut required = settings();
    for on in ["Query.ts", "T.ts", "Query.users"] {
        required.policy.lists.push(entry(on, list.clone()));
    }
    let unsized_list = Err("COST_LIST_UNSIZED");
    // A default of the schema is a bound, `null` is none.
    check(&required, "{ ts { id } }", &json!({}), Ok(3));
    check(&required, "{ ts(first: null) { id } }", &json!({}), unsized_list);
    check(&required, "{ t { ts { id } } }", &json!({}), unsized_list);
    check(&required, "{ t { ts(first: 2) { id } } }", &json!({}), Ok(3));
    let variable = "query($n: Int) { t { ts(first: $n) { id } } }";
    check(&required, variable, &json!({}), unsized_list);
    check(&required, variable, &json!({ "n": 2 }), Ok(3));
    check(&required, "{ users { nodes { id } } }", &json!({}), unsized_list);
    check(&required, "{ users(last: 2) { nodes { id } } }", &json!({}), Ok(3));
}

#[test]
fn there_is_an_entity_for_each_representation() {
    let text = "scalar _Any union _Entity = T type T { id: ID! } \
                type Query { _entities(representations: [_Any!]!): [_Entity]! }";
    let model = model(&schema(text), &settings());
    let query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on T { id } } }";
    for n in [0, 1, 11] {
        let representations = vec![json!({ "__typename": "T", "id": 1 }); n];
        let price = price_of(&model, query, &json!({ "r": representations }));
        assert_eq!(price.map(|it| it.types).ok(), Some(n as u64));
    }
}

#[test]
fn renamed_directives_of_costs_count() {
    let text = r#"extend schema
        @link(url: "https://specs.apollo.dev/cost/v0.1", as: "price", import: [{ name: "@listSize", as: "@sized" }])
        type T { id: ID! } type U @price(weight: "7") { id: ID! } type V @price__cost(weight: "9") { id: ID! }
        type Query { ts: [T] @sized(assumedSize: 4) u: U v: V }"#;
    let model = model(&schema(text), &settings());
    for (query, expect) in [("{ ts { id } }", 4), ("{ u { id } }", 7), ("{ v { id } }", 9)] {
        let price = price_of(&model, query, &json!({}));
        assert_eq!(price.map(|it| it.types).ok(), Some(expect), "{query}");
    }
}

#[test]
fn lists_of_lists_multiply() {
    check(&settings(), "{ grid { id } }", &json!({}), Ok(16));
}

#[test]
fn connections_are_recognised() {
    check(&settings(), "{ users(first: 50) { totalCount } }", &json!({}), Ok(1));
    check(&settings(), "{ users(first: 50) { edges { node { id } } } }", &json!({}), Ok(101));
    check(&settings(), "{ users(last: 5, first: 3) { nodes { id } } }", &json!({}), Ok(6));
    check(&settings(), "{ users { nodes { id } } }", &json!({}), Ok(11));
    check(
        &settings(),
        "{ users(first: -1) { totalCount } }",
        &json!({}),
        Err("COST_SLICE_INVALID"),
    );
}

#[test]
fn a_list_without_a_size_is_refused_when_asked_for() {
    let defaults = Defaults { list: DefaultList::Refuse, ..Defaults::default() };
    let refuse = Settings { defaults, ..settings() };
    check(&refuse, "{ unsized { id } }", &json!({}), Err("COST_LIST_UNSIZED"));
    check(&refuse, "{ unsized @skip(if: true) { id } t { id } }", &json!({}), Ok(1));
    check(&refuse, "{ users { totalCount } tags }", &json!({}), Ok(1));
    check(&refuse, "{ users { nodes { id } } }", &json!({}), Err("COST_LIST_UNSIZED"));
    check(
        &refuse,
        "query($n: Int) { users(first: $n) { nodes { id } } }",
        &json!({}),
        Err("COST_LIST_UNSIZED"),
    );
    check(&refuse, "{ users(first: 2) { nodes { id } } }", &json!({}), Ok(3));
    check(&refuse, "{ grid { id } }", &json!({}), Ok(16));
}

#[test]
fn different_arguments_on_disjoint_types_stay_apart() {
    let query = "{ uv { ... on U { same(first: 2) { id } } ... on V { same(first: 5) { id } } } }";
    check(&settings(), query, &json!({}), Ok(6));
}

#[test]
fn introspection_and_names_are_free() {
    let query = "{ __typename __schema { types { fields { name } } } t { __typename } }";
    check(&settings(), query, &json!({}), Ok(1));
}

#[test]
fn products_saturate() {
    let mut query = "{ id }".to_owned();
    for _ in 0..3 {
        query = format!("{{ ts(first: 2147483647) {query} }}");
    }
    check(&settings(), &query, &json!({}), Ok(u64::MAX));
    let query = query.replace("2147483647", "$n").replacen('{', "query($n: Int) {", 1);
    check(&settings(), &query, &json!({ "n": i32::MAX }), Ok(u64::MAX));
    // 2³⁰ · 2³⁰ · 2⁴ is 2⁶⁴, which wraps to nothing.
    let wraps = "{ ts(first: 1073741824) { ts(first: 1073741824) { ts(first: 16) { id } } } }";
    check(&settings(), wraps, &json!({}), Ok(u64::MAX));
}

#[test]
fn layers_lie_over_each_other() {
    let assumed = |size| List { assumed: Some(size), ..List::default() };
    let mut both = settings();
    both.tuned.lists.push(entry("Query.unsized", assumed(6)));
    check(&both, "{ unsized { id } }", &json!({}), Ok(6));
    both.policy.lists.push(entry("*.unsized", assumed(7)));
    check(&both, "{ unsized { id } }", &json!({}), Ok(7));
    both.policy.lists.insert(0, entry("Query.unsized", assumed(8)));
    check(&both, "{ unsized { id } }", &json!({}), Ok(8));
    // What the policy leaves open comes from below.
    both.policy.lists.push(entry("Query.ts", assumed(8)));
    check(&both, "{ ts(first: 2) { id } }", &json!({}), Ok(2));
    both.policy.weights.push(entry("Node", 4));
    check(&both, "{ t { id } }", &json!({}), Ok(4));
    both.policy.weights.push(entry("T", 5));
    check(&both, "{ t { id } node { id } }", &json!({}), Ok(10));
}

/// A tuned file beside a policy that says something of the same coordinate.
#[test]
fn what_both_layers_say_is_not_added_up() {
    let list = |slicing: Option<&str>, max, assumed| List {
        slicing: slicing.map(|it| vec![it.into()]),
        max,
        assumed,
        ..List::default()
    };
    let tuned = list(Some("last"), Some(9), Some(6));
    let check = |own: Option<List>, query: &str, expect: u64| {
        let mut both = Settings { clamps: Clamps::Upstream, ..settings() };
        both.tuned.lists.push(entry("Query.users", tuned.clone()));
        both.tuned.weights.push(entry("T", 7));
        both.policy.lists.extend(own.map(|it| entry("Query.users", it)));
        both.policy.weights.push(entry("T", 2));
        check(&both, query, &json!({}), Ok(expect));
    };
    let of = |args: &str| format!("{{ users{args} {{ nodes {{ id }} }} }}");
    // One for the connection, and two for each node.
    check(None, &of("(first: 3, last: 4)"), 1 + 2 * 4);
    check(Some(list(Some("first"), None, None)), &of("(first: 3, last: 4)"), 1 + 2 * 3);
    check(None, &of("(last: 50)"), 1 + 2 * 9);
    check(Some(list(None, Some(5), None)), &of("(last: 50)"), 1 + 2 * 5);
    check(None, &of(""), 1 + 2 * 6);
    check(Some(list(None, None, Some(4))), &of(""), 1 + 2 * 4);
    check(None, "{ t { id } }", 2);
}

#[test]
fn wildcards_bind_arguments_that_fit() {
    let mut all = settings();
    let list = List { max: Some(3), ..List::default() };
    all.policy.lists.push(entry("*(first:)", list));
    let above = || Err("COST_SLICE_INVALID");
    check(&all, "{ ts(first: 3) { id } }", &json!({}), Ok(3));
    check(&all, "{ ts(first: 4) { id } }", &json!({}), above());
    check(&all, "query($n: Int) { ts(first: $n) { id } }", &json!({ "n": 3 }), Ok(3));
    check(&all, "query($n: Int) { ts(first: $n) { id } }", &json!({ "n": 4 }), above());
    check(&all, "query($n: Int = 4) { ts(first: $n) { id } }", &json!({}), above());
    // Who does not take part asks for nothing.
    check(&all, "{ ts(first: 4) @skip(if: true) { id } a: t { id } }", &json!({}), Ok(1));
    all.clamps = Clamps::Upstream;
    check(&all, "{ ts(first: 9) { id } }", &json!({}), Ok(3));
    check(&all, "{ ts(first: 2) { id } }", &json!({}), Ok(2));
}

#[test]
fn kinds_of_operations_have_their_price() {
    let model = model(&schema(SCHEMA), &Settings::default());
    let price = |query| price_of(&model, query, &json!({})).unwrap();
    assert_eq!(price("mutation { make { id } }").fields, 10);
    assert_eq!(price("subscription { news { id } }").combined(Measure::Both), 2);
}

#[test]
fn corpora_load_as_settings() {
    let text = include_str!("../corpus/bazaar/schema.graphql");
    let read = read("{ me { id } }", &ReadLimits::CEILINGS).unwrap();
    let source = Arc::new(Source { name: "bazaar".into(), text: text.into() });
    let (schema, _) = Schema::load(source).unwrap();
    assert_eq!(validate(&schema, &read), Ok(()));
    assert!(Model::new(&Arc::new(schema), &Settings::default()).is_ok());
}
