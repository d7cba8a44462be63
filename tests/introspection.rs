//! Introspection that Portcullis answers itself, and its way back into a schema.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;

use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::Source,
    policy,
    schema::{INTROSPECTION_QUERY, OLD_INTROSPECTION_QUERY, Schema, drift, sdl_of_answer},
    verdict::Verdict,
};
use serde_json::{Value, json};
use support::judge;

const SMALL: &str = r#"
"the root"
type Query { a(x: [Int!]! = [1, 2], y: I = {s: "\"", e: A}): E! @deprecated(reason: "why") b: Q }
type Q implements N { b: Query }
interface N { b: Query }
union U = Q | Query
enum E { A B @deprecated }
input I @oneOf { s: String e: E }
scalar Url @specifiedBy(url: "https://a")
directive @d(x: Int = 1) repeatable on FIELD | QUERY
"#;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "s.graphql".into(), text: text.into() })
}

fn gate(schema: &str) -> Gate {
    let text = "version: 1\nname: t\nschema: { file: s.graphql }\nintrospection: allow\n\
        http: { batch: 10 }\n";
    let (policy, found) = policy::load(source(text), &mut |_| Ok(source(schema)));
    Gate::new(Arc::new(policy.unwrap_or_else(|| panic!("{found:?}"))), CacheLimits::default())
}

fn verdict(schema: &str, body: &Value) -> Verdict {
    judge::judge(&gate(schema), body.to_string().as_bytes())
}

fn answer(schema: &str, body: &Value) -> Vec<u8> {
    match verdict(schema, body) {
        Verdict::Answer(answered) => answered.body,
        other => panic!("{body}: {other:?}"),
    }
}

#[track_caller]
fn check(query: &str, expect: &Value) {
    let answer =
        answer(SMALL, &json!({ "query": query, "variables": { "t": true, "f": false, "n": "E" } }));
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer, json!({ "data": expect }), "{query}");
}

#[test]
fn every_kind_of_type_is_told() {
    check("{__type(name:\"Nobody\"){name}}", &json!({ "__type": null }));
    check(
        "{__typename __type(name:\"Query\"){__typename kind name description
          fields(includeDeprecated:true){name isDeprecated deprecationReason args{name defaultValue}}
          enumValues{name} possibleTypes{name} ofType{name} interfaces{name}}}",
        &json!({ "__typename": "Query", "__type": { "__typename": "__Type", "kind": "OBJECT",
            "name": "Query", "description": "the root", "fields": [
                { "name": "a", "isDeprecated": true, "deprecationReason": "why", "args": [
                    { "name": "x", "defaultValue": "[1, 2]" },
                    { "name": "y", "defaultValue": "{s: \"\\\"\", e: A}" } ] },
                { "name": "b", "isDeprecated": false, "deprecationReason": null, "args": [] } ],
            "enumValues": null, "possibleTypes": null, "ofType": null, "interfaces": [] } }),
    );
    check(
        "{u:__type(name:\"U\"){kind possibleTypes{name} fields{name}}
          i:__type(name:\"I\"){kind isOneOf inputFields{name type{name}}}
          s:__type(name:\"Url\"){kind specifiedByURL isOneOf}
          n:__type(name:\"N\"){kind possibleTypes{name} interfaces{name}}}",
        &json!({
            "u": { "kind": "UNION", "possibleTypes": [{ "name": "Query" }, { "name": "Q" }],
                   "fields": null },
            "i": { "kind": "INPUT_OBJECT", "isOneOf": true, "inputFields": [
                { "name": "s", "type": { "name": "String" } },
                { "name": "e", "type": { "name": "E" } } ] },
            "s": { "kind": "SCALAR", "specifiedByURL": "https://a", "isOneOf": null },
            "n": { "kind": "INTERFACE", "possibleTypes": [{ "name": "Q" }], "interfaces": [] },
        }),
    );
    check(
        "{__type(name:\"Query\"){fields(includeDeprecated:true){type{kind name ofType{kind name}}}}}",
        &json!({ "__type": { "fields": [
            { "type": { "kind": "NON_NULL", "name": null, "ofType": { "kind": "ENUM", "name": "E" } } },
            { "type": { "kind": "OBJECT", "name": "Q", "ofType": null } } ] } }),
    );
}

#[test]
fn selections_are_merged_and_conditions_and_variables_hold() {
    check(
        "query($t:Boolean!,$f:Boolean!,$n:String!){
           x:__type(name:$n){name @skip(if:$t) ...F enumValues(includeDeprecated:$f){name}}
           ...@include(if:$f){__schema{types{name}}} ...@include(if:$t){x:__type(name:$n){name}}}
         fragment F on __Type{kind enumValues(includeDeprecated:$f){isDeprecated}}",
        &json!({ "x": { "kind": "ENUM", "name": "E",
                        "enumValues": [{ "name": "A", "isDeprecated": false }] } }),
    );
}

#[test]
fn every_field_of_introspection_can_have_an_alias_and_a_condition() {
    check(
        "query($t:Boolean!,$f:Boolean!){__type(name:\"I\"){one:isOneOf isOneOf @include(if:$f)
           inputFields{old:isDeprecated @skip(if:$f) deprecationReason @skip(if:$t)}}}",
        &json!({ "__type": { "one": true, "inputFields": [{ "old": false }, { "old": false }] } }),
    );
}

/// As graphql-js 16.15 asks for it: `getIntrospectionQuery({ experimentalDirectiveDeprecation: true })`.
#[test]
fn whether_a_directive_is_deprecated_may_be_asked() {
    let none = json!({ "name": "d", "isDeprecated": false, "deprecationReason": null });
    let query =
        "{__schema{directives(includeDeprecated:true){name isDeprecated deprecationReason}}}";
    let answer = answer(SMALL, &json!({ "query": query }));
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let all = answer["data"]["__schema"]["directives"].as_array().cloned().unwrap_or_default();
    assert!(all.contains(&none), "{answer}");
}

#[test]
fn the_description_of_the_schema_is_told() {
    for (schema, expect) in [
        ("\"a shop\" schema { query: Q } type Q { a: Int }", json!("a shop")),
        ("\"a shop\" schema { query: Q } extend schema @a type Q { a: Int }", json!("a shop")),
        ("schema { query: Q } \"no shop\" type Q { a: Int }", Value::Null),
        ("\"no shop\" type Query { a: Int }", Value::Null),
    ] {
        let query = "{__schema{description x:description @include(if:true)}}";
        let answer = answer(schema, &json!({ "query": query }));
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let expect = json!({ "description": expect, "x": expect });
        assert_eq!(answer["data"]["__schema"], expect, "{schema}");
    }
}

#[test]
fn what_asks_for_more_than_the_schema_is_forwarded() {
    let is_forwarded = |body: Value| matches!(verdict(SMALL, &body), Verdict::Admit(_));
    assert!(is_forwarded(json!({ "query": "{__typename}" })));
    assert!(is_forwarded(json!({ "query": "{__schema{types{name}} b{__typename}}" })));
    let typename = json!({ "query": "{__schema{__typename}}" });
    assert!(is_forwarded(json!([typename, { "query": "{__typename}" }])));
    let both = answer(SMALL, &json!([typename, typename]));
    let one = r#"{"data":{"__schema":{"__typename":"__Schema"}}}"#;
    assert_eq!(String::from_utf8_lossy(&both), format!("[{one},{one}]"));
}

/// A schema → its introspection → a text → the same schema.
#[track_caller]
fn round_trip(schema: &str, query: &str) -> String {
    let answer = answer(schema, &json!({ "query": query }));
    let text = sdl_of_answer(&answer).unwrap_or_else(|it| panic!("{it}"));
    let load =
        |text: &str| Schema::load(source(text)).unwrap_or_else(|it| panic!("{text} {it:?}")).0;
    let (before, after) = (load(schema), load(&text));
    assert_eq!([drift(&before, &after), drift(&after, &before)], [Vec::new(), Vec::new()]);
    assert_eq!(after.description(), before.description());
    for (id, ty) in before.types() {
        let same = after.type_named(&ty.name).expect("the same types");
        assert_eq!(after.ty(same).description, ty.description, "{}", ty.name);
        for field in before.fields(id).map(|it| before.field(it)) {
            let same = after.field_named(same, &field.name).expect("the same fields");
            assert_eq!(after.field(same).description, field.description, "{}", field.name);
            assert_eq!(after.field(same).deprecated, field.deprecated, "{}", field.name);
        }
    }
    text
}

#[test]
fn a_schema_survives_its_introspection() {
    let text = round_trip(SMALL, INTROSPECTION_QUERY);
    // Once more, and the text is a fixed point.
    assert_eq!(round_trip(&text, INTROSPECTION_QUERY), text);
    assert!(text.contains("directive @d(x: Int = 1) repeatable on FIELD | QUERY"), "{text}");
    assert!(text.contains("input I @oneOf {"), "{text}");
}

#[test]
fn descriptions_survive_whatever_is_in_them() {
    for description in [
        "a",
        "",
        "a\nb",
        " a\n b",
        "a\n  b\n",
        "\n\na",
        "a\n\n b\n",
        "\"\"\"",
        "a\n\"\"\"b\\",
        "a\nb\"",
        "\ta\tb\n c",
        "a\rb\r\nc",
        "é\u{1}\u{7f}\u{2028}",
        "a\n   \nb",
        "# a\n, b",
    ] {
        let literal = json!(description);
        let schema = format!(
            "{literal} schema {{ query: Query }}
             {literal} type Query {{ {literal} a({literal} x: Int): Int }}"
        );
        let text = round_trip(&schema, INTROSPECTION_QUERY);
        assert_eq!(round_trip(&text, INTROSPECTION_QUERY), text);
    }
}

#[test]
fn real_schemas_survive_their_introspection() {
    let demo = include_str!("../policies/schema.graphql");
    assert_eq!(round_trip(demo, INTROSPECTION_QUERY), round_trip(demo, OLD_INTROSPECTION_QUERY));
}

#[test]
fn new_fields_of_introspection_are_validated_like_old_ones() {
    for query in [
        "{__type(name:\"E\"){isOneOf{name}}}",
        "{__type(name:\"E\"){isOneOf(x:1)}}",
        "{__type(name:\"E\"){isDeprecated}}",
        "query($x:Int){__type(name:\"E\"){isOneOf(x:$x)}}",
        "{__type(name:\"E\"){x:name x:isOneOf}}",
        "{__type(name:\"E\"){isOneOf:name isOneOf}}",
        "{__type(name:\"E\"){isOneOf @include(if:1)}}",
        "{__type(name:\"E\"){isOneOf @skip(if:$x)}}",
    ] {
        let refused = verdict(SMALL, &json!({ "query": query }));
        assert_eq!(judge::code(&refused), Some("GRAPHQL_VALIDATION_FAILED"), "{query}");
    }
}

#[test]
fn an_answer_that_grows_without_end_is_refused() {
    let (nested, closed) = ("{fields{type".repeat(6), "}".repeat(12));
    let query = format!("{{__schema{{types{nested}{{description}}{closed}}}}}");
    let fields: String = (0..15).map(|it| format!("f{it}: Query ")).collect();
    let schema = format!("type Query {{ {fields} }}");
    let refused = verdict(&schema, &json!({ "query": query }));
    assert_eq!(judge::code(&refused), Some("MAX_FIELDS_LIMIT"), "{query}");
}

#[test]
fn an_answer_that_is_no_schema_is_told_as_such() {
    for (answer, expect) in [
        ("", "the answer to introspection cannot be read"),
        ("{}", "the answer to introspection cannot be read: `data.__schema` is absent"),
        (r#"{"errors":[{"message":"no"}]}"#, "introspection was answered with: no"),
        (
            r#"{"data":{"__schema":{"queryType":{"name":"Q{a:Int}"},"types":[]}}}"#,
            "introspection names something \"Q{a:Int}\"",
        ),
    ] {
        let error = sdl_of_answer(answer.as_bytes()).expect_err(answer).to_string();
        assert!(error.starts_with(expect), "{error}");
    }
}
