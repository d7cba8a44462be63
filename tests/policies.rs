//! The policies of the repository, the JSON Schema of the file, and what a person sees who gets
//! everything wrong: with the real rules.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{fs, path::PathBuf, sync::Arc};

use portcullis::{
    diagnostic::{Colour, Diagnostics, Source, render},
    policy::{self, BASELINE, Policy},
    rules::{REGISTRY, Setting},
    yaml::{self, Node},
};
use serde_json::{Map, Value};

const FILES: [&str; 5] = ["baseline", "strict", "internal", "demo", "shop"];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("policies").join(name)
}

fn file(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.into(), text: text.into() })
}

/// Compiles a text; the schema is whatever file is asked for, but `missing.graphql`.
fn compile(text: &str) -> (Option<Policy>, Diagnostics) {
    let mut resolve = |name: &str| match name {
        "missing.graphql" => Err("no such file".into()),
        "schema.graphql" => Ok(source("schema.graphql", &file("schema.graphql"))),
        name => Ok(source(name, "type Query { a: Int }")),
    };
    policy::load(source("policy.yaml", text), &mut resolve)
}

/// The node as an editor's reader of YAML sees it.
fn to_json(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Mapping(entries) => {
            let entry = |(key, value): &(Node, Node)| {
                (key.as_text().expect("a text").to_owned(), to_json(value))
            };
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        yaml::Value::Sequence(items) => items.iter().map(to_json).collect(),
        yaml::Value::Scalar { text, quoted: true } => text.as_str().into(),
        yaml::Value::Scalar { .. } if node.is_null() => Value::Null,
        yaml::Value::Scalar { text, .. } => match text.parse::<u64>() {
            Ok(number) => number.into(),
            Err(_) if text == "true" || text == "false" => (text == "true").into(),
            Err(_) => text.as_str().into(),
        },
    }
}

fn schema_accepts(text: &str) -> bool {
    let (root, _) = yaml::read(&source("policy.yaml", text));
    let validator = jsonschema::validator_for(&policy::json_schema()).unwrap();
    validator.is_valid(&to_json(&root.unwrap()))
}

#[test]
fn the_policies_compile_without_a_warning_and_fit_the_schema() {
    for name in FILES {
        let text = file(&format!("{name}.yaml"));
        let (policy, found) = compile(&text);
        assert!(found.is_empty(), "{}", render(&found, Colour::Plain));
        assert_eq!(&*policy.unwrap().name, name);
        assert!(schema_accepts(&text), "{name}");
    }
    assert_eq!(file("baseline.yaml"), BASELINE);
}

/// Written anew by `portcullis schema > policies/policy.schema.json`.
#[test]
fn the_schema_on_disk_is_current() {
    let on_disk: Value = serde_json::from_str(&file("policy.schema.json")).unwrap();
    assert!(
        on_disk == policy::json_schema(),
        "run `portcullis schema > policies/policy.schema.json`"
    );
}

#[test]
fn every_shape_has_a_schema() {
    for entry in REGISTRY {
        if let Setting::Bound { schema, .. }
        | Setting::Input { schema, .. }
        | Setting::Shape { schema, .. } = entry.setting
        {
            assert!(serde_json::from_str::<Value>(schema).unwrap().is_object());
        }
    }
}

/// Whether a policy can be used: by its JSON Schema, and by the reader.
fn check(cases: &[(&str, bool)]) {
    let head = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    for (rest, expect) in cases {
        let text = format!("{head}{rest}");
        assert_eq!(schema_accepts(&text), *expect, "schema: {rest}");
        assert_eq!(compile(&text).0.is_some(), *expect, "reader: {rest}");
    }
}

#[test]
fn schema_and_reader_agree_about_rules() {
    check(&[
        ("", true),
        ("limits: { depth: 15 }", true),
        ("limits: { depth: 200 }", true),
        ("limits: { depth: 201 }", false),
        ("limits: { depth: off }", true),
        ("limits: { depth: { max: 15, mode: report } }", true),
        ("limits: { depth: { maximum: 15 } }", false),
        ("limits: { depth: ~ }", false),
        ("limits: { document: 32KiB, body: 64KiB }", true),
        ("limits: { document: 32 }", false),
        ("limits: { body: off }", false),
        ("limits: { dept: 15 }", false),
        ("limits: { variables: { mode: report, count: 1 } }", true),
        ("introspection: report", true),
        ("introspection: { mode: report }", true),
        ("introspection: maybe", false),
        ("operations: { kinds: [query], unselected: ignore }", true),
        ("directives: [skip]", true),
    ]);
}

#[test]
fn schema_and_reader_agree_about_http() {
    check(&[
        ("http: { batch: 100 }", true),
        ("http: { batch: 101 }", false),
        ("http: { get: on }", true),
        ("http: { get: all }", false),
        ("http: { csrf_header: [x-shop-preflight] }", true),
        ("http: { uploads: off }", true),
        ("http: { uploads: { files: 3, bytes: 20MiB } }", true),
        ("http: { uploads: { files: 0 } }", false),
        ("http: { uploads: { bytes: 20 } }", false),
        ("http: { uploads: on }", false),
        ("http: { websocket: { rate: 20/s, max_events: 1000 } }", true),
        ("http: { websocket: { rate: off, max_events: off } }", true),
        ("http: { websocket: { rate: 20, max_events: 0 } }", false),
    ]);
}

#[test]
fn schema_and_reader_agree_about_documents() {
    check(&[
        ("documents: { require: true, apq: off, second_reader: on }", true),
        ("documents: { require: { mode: report } }", true),
        ("documents: { require: maybe }", false),
        ("documents: { settings: [{ cost: 1 }] }", false),
        ("documents: { manifest: [] }", false),
    ]);
}

#[test]
fn schema_and_reader_agree_about_cost() {
    check(&[
        ("cost: { max: 1, weights: { Query.a: 2 } }", true),
        ("cost: { answers: { count_one_in: 1, in_extensions: true } }", true),
        ("cost: { answers: { count_one_in: 0 } }", false),
        ("cost: { answers: { in_extensions: some } }", false),
    ]);
}

#[test]
fn schema_and_reader_agree_about_profiles() {
    check(&[
        ("profiles: [{name: a, when: always, introspection: allow}]", true),
        ("profiles: [{name: a, when: always, limits: {body: 1KiB}}]", false),
        ("profiles: [{name: a, when: always, directives: []}]", false),
        ("profiles: [{name: a}]", false),
        ("profiles: [{name: a, when: always, rates: [{name: a}]}]", false),
    ]);
}

#[test]
fn schema_and_reader_agree_about_identity() {
    check(&[
        ("identity: { jwt: { keys: { discover: issuer }, issuer: 'https://a.example' } }", true),
        ("identity: { jwt: { keys: { url: 'https://a.example/', stale: 2h } } }", true),
        ("identity: { jwt: { keys: { url: 'https://a.example/' }, algorithms: [none] } }", false),
        ("identity: { jwt: { issuer: a } }", false),
        ("identity: { forward: { x-user: claims.sub } }", true),
        ("identity: { forward: { x_user: claims.sub } }", false),
        ("identity: { forward: { x-user: sub } }", false),
    ]);
}

#[test]
fn schema_and_reader_agree_about_rates() {
    check(&[
        ("rates: [{ name: a, key: client.ip, limit: 5/15min, burst: 9, mode: report }]", true),
        ("rates: [{ name: a, key: claims.org.id, limit: 1/h, spend: cost }]", true),
        ("rates: [{ name: a, key: caller, limit: 0/s }]", false),
        ("rates: [{ name: a, key: caller, limit: 1/0s }]", false),
        ("rates: [{ name: a, key: args., limit: 1/s }]", false),
        ("rates: [{ name: a, key: caller, limit: 1/s, burst: 0 }]", false),
        ("rates: [{ name: 'a b', key: caller, limit: 1/s }]", false),
        ("rates: [{ name: a, key: caller }]", false),
        ("rates: [{ name: a, key: caller, limit: 1/s, count: failed }]", false),
    ]);
}

#[test]
fn every_mistake_is_shown_at_once() {
    let text = "\
version: 2
nam: shop
schema: { file: missing.graphql }
mode: reprot
http:
  path: graphql
  batch: 0
  forward_headers: [x_user]
limits:
  dept: 15
  document: 32
  fields: 50000
  aliases:
  variables: { count: many }
introspection: of
cost: { max: 1000, liste: { Query.a: { assumed: 2 } } }
profiles:
  - { name: staff, when: staff, limits: { body: 1MiB } }
exceptions:
  - { document: abc, lift: [depth, introspection], reason: x, until: 2027-02-30 }
";
    let (policy, found) = compile(text);
    assert!(policy.is_none());
    insta::assert_snapshot!(render(&found, Colour::Plain));
}

/// Whatever the schema is, these are mistakes: they do not wait for it.
const WRONG_EXPRESSIONS: &str = "\
conditions:
  staff: has(claims.roles) && 'STAFF' in claims.roles
  sum: 1 + 1
profiles:
  - { name: staff, when: \"'staff'\", limits: { depth: 20 } }
introspection: { allow_when: staf }
documents:
  manifests: []
  settings:
    - { document: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\", when: client }
authorization:
  conceal: maybe
  rules:
    - { on: [Query.a], allow: nope.x == 1 || now() }
    - { on: [Query.b], allow: field }
    - { on: [Query.c], allow: sum || claims.admin }
inputs:
  - { at: ['Query.a(n:)'], require: value == 1 &&, range: 9..1 }
  - { at: ['Query.b(n:)'], allow: \"claims.roles.map(it, it == 'A')\" }
once_per_request: Query.a
";

#[test]
fn expressions_are_checked_without_the_schema() {
    let text =
        format!("version: 1\nname: t\nschema: {{ file: missing.graphql }}\n{WRONG_EXPRESSIONS}");
    let (policy, found) = compile(&text);
    assert!(policy.is_none());
    insta::assert_snapshot!(render(&found, Colour::Plain));
    // Nothing is told twice when the schema is there.
    let there = compile(&text.replace("missing.graphql", "there.graphql")).1;
    let told = |all: &Diagnostics| {
        let told = all.iter().filter(|it| {
            !matches!(it.code, "unknown-coordinate" | "unlisted-document" | "unreadable-file")
        });
        told.map(|it| (it.code, it.message.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&there), told(&found));
}

#[test]
fn names_that_can_match_nothing_are_told() {
    let told = |rest: &str| {
        let head = "version: 1\nname: t\nschema: { file: a.graphql }\n";
        let found = compile(&format!("{head}{rest}")).1;
        found.iter().map(|it| (it.code, it.help.clone())).collect::<Vec<_>>()
    };
    let skip = Some("did you mean `skip`?".into());
    assert_eq!(told("directives: [skip, '@skip', include]"), [("no-effect", skip.clone())]);
    assert_eq!(told("directives: [skp]"), [("no-effect", skip)]);
    assert_eq!(told("once_per_request: [[]]"), [("empty-list", None)]);
    assert_eq!(told("once_per_request: [[Query.a]]"), []);
}

#[test]
fn what_is_right_is_let_through_without_the_schema() {
    let text = "\
version: 1
name: t
schema: { file: missing.graphql }
conditions: { staff: has(claims.staff) }
introspection: { allow_when: staff }
authorization: { rules: [{ on: [Query.a], allow: staff || args.open || value_of }] }
inputs: [{ at: ['Query.a(n:)'], require: value }, { at: [scalar JSON], json: { depth: 5 } }]
once_per_request: [Query.a, [Query.b, Query.c]]
";
    let codes = |text: &str| compile(text).1.iter().map(|it| it.code).collect::<Vec<_>>();
    assert_eq!(codes(text), ["unreadable-file", "wrong-expression"]);
    assert_eq!(codes(&text.replace(" || value_of", "")), ["unreadable-file"]);
}

#[test]
fn a_mistake_of_cost_hides_no_other_and_brings_none() {
    let schema = "type Query { a(n: Int): Int, pages(first: Int): [Query] }";
    let told = |rest: &str| {
        let text = format!("version: 1\nname: t\nschema: {{ file: a.graphql }}\n{rest}");
        let mut resolve = |name: &str| Ok(source(name, schema));
        let found = policy::load(source("policy.yaml", &text), &mut resolve).1;
        found.iter().map(|it| (it.code, it.message.clone())).collect::<Vec<_>>()
    };
    let others = "\
authorization: { rules: [{ on: [Query.aa], allow: always }, { on: [Query.a], allow: nope }] }
inputs: [{ at: ['Query.a(m:)'], range: 1..2 }]
response: { redact: [Query.as] }
rates: [{ name: r, key: client.ip, limit: 1/s, on: Query.aaa }]
once_per_request: [Query.aaaa]
";
    let without = told(others);
    assert_eq!(without.len(), 6, "{without:?}");
    let cost =
        "cost: { max: 9, weights: { Query.no: 1 }, lists: { Query.page: { slicing: [first] } } }";
    let mistakes = told(cost);
    assert_eq!(mistakes.iter().map(|it| it.0).collect::<Vec<_>>(), ["unknown-coordinate"; 2]);
    assert_eq!(told(&format!("{others}{cost}")), [without, mistakes].concat());
}
