//! How much work a small request can ask for: what is made for conditions, and how many questions
//! there are.

use std::{fmt::Write as _, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::{Colour, Source, render},
    policy,
    verdict::Verdict,
};
use serde_json::{Value, json};

use crate::support::judge;

/// Says `None` when the request is admitted, else the rule and the detail.
fn found(schema: &str, policy: &str, body: &Value) -> Option<(&'static str, String)> {
    let text = format!("version: 1\nname: t\nschema: {{ file: s }}\n{policy}");
    let source = |text: String| Arc::new(Source { name: "x".into(), text: text.into() });
    let mut resolve = |_: &str| Ok(source(schema.to_owned()));
    let (policy, found) = policy::load(source(text), &mut resolve);
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    let gate = Gate::new(Arc::new(policy), CacheLimits::default());
    let caller = judge::caller(Some(&json!({ "sub": "a" })));
    match judge::judge_as(&gate, &caller, body.to_string().as_bytes()) {
        Verdict::Admit(_) | Verdict::Answer(_) => None,
        Verdict::Reject(it) => Some((it.items[0].rule, it.items[0].detail.to_string())),
    }
}

const DOCS: &str = "input F { b: String ids: [ID!] list: [F!] }
    type Doc { id: ID! docs(f: F, public: Boolean = true): [Doc!] }
    type Query { me: Doc find(f: F): Doc }";

fn allow(condition: &str) -> String {
    let rule = format!("{{ on: [Doc.docs], allow: '{condition}' }}");
    let limits = "limits: { fields: 5000, aliases: 100 }";
    format!("{limits}\nauthorization: {{ default: allow, rules: [{rule}] }}\n")
}

/// 720 selections with `selection`, and a variable of 12,740 values.
fn attack(selection: &str) -> Value {
    let selections = [selection; 40].join(" ");
    let document = format!(
        "query($f:F){{me{{...C}}}} fragment A on Doc{{{selections}}} \
         fragment B on Doc{{{}}} fragment C on Doc{{...B ...B ...B}}",
        "...A ".repeat(6)
    );
    let list = vec![json!({ "ids": vec!["1"; 490] }); 26];
    json!({ "query": document, "variables": { "f": { "list": list } } })
}

#[track_caller]
fn check(condition: &str, selection: &str, expect: Option<&str>) {
    let found = found(DOCS, &allow(condition), &attack(selection));
    let found = found.map(|(rule, detail)| format!("{rule}: {detail}"));
    assert_eq!(found.as_deref(), expect, "{condition} {selection}");
}

const TOO_MANY: Option<&str> = Some("authorization: there are more values than can be judged");

#[test]
fn only_arguments_that_a_condition_names_are_made() {
    for condition in [
        "has(args.public) && args.public",
        "args.public in [true]",
        "args.public ? true : false",
        "!has(parent.args.public) || parent.args.public",
    ] {
        check(condition, "docs(f:$f public:true){id}", None);
    }
}

#[test]
fn selections_with_the_same_variable_are_one_question() {
    check("!has(args.f) || !has(args.f.b)", "docs(f:$f){id}", None);
    check("!has(args.f) || size(args.f.list) < 100", "docs(f:$f){id}", None);
    check(
        "!has(args.f) || size(args.f.list) < 3",
        "docs(f:$f){id}",
        Some("authorization: `Doc.docs`: the rule on `Doc.docs` denies it"),
    );
}

#[test]
fn a_variable_beside_many_literals_is_not_made_for_each() {
    for condition in ["(!has(args.f) || !has(args.f.b)) && args.public", "args[\"public\"]"] {
        check(condition, "docs(f:$f public:true){id}", TOO_MANY);
    }
    let below = "docs(f:$f public:true){docs{id}}";
    check("!has(parent.args.f) || !has(parent.args.f.b)", below, TOO_MANY);
}

/// What could not be made is not taken for what is absent.
#[test]
fn what_is_too_much_is_never_a_yes() {
    check("!has(args.f) || args.public", "docs(f:$f public:true){id}", TOO_MANY);
    check("!(\"f\" in args) || args.public", "docs(f:$f public:true){id}", TOO_MANY);
}

#[test]
fn an_ordinary_request_with_all_of_that_goes_through() {
    let list = vec![json!({ "ids": vec!["1"; 100] }); 5];
    let rows = (0..14).fold(String::new(), |mut rows, n| {
        write!(rows, "a{n}:docs(f:$f public:true){{id}} ").unwrap();
        rows
    });
    let document = format!("query($f:F){{me{{{rows}}}}}");
    let body = json!({ "query": document, "variables": { "f": { "list": list } } });
    let policy = allow("(!has(args.f) || !has(args.f.b)) && args.public");
    assert_eq!(found(DOCS, &policy, &body), None);
}

/// `n` object types behind an interface, and the document with `n_selections` inside of one.
fn nodes(n: usize, n_selections: usize) -> (String, Value) {
    let mut schema = "interface Node { id: ID! rel: Node }\n".to_owned();
    for n in 0..n {
        writeln!(schema, "type T{n} implements Node {{ id: ID! rel: Node }}").unwrap();
    }
    schema.push_str("type Query { node: Node none: Node }");
    let (tens, ones) = (n_selections / 10, n_selections % 10);
    let document = format!(
        "{{node{{rel{{{} {}}}}}}} fragment A on Node{{{}}}",
        "...A ".repeat(tens),
        "id ".repeat(ones),
        "id ".repeat(10)
    );
    (schema, json!({ "query": document }))
}

#[track_caller]
fn check_nodes(allow: &str, (n, n_selections): (usize, usize), expect: Option<&str>) {
    let (schema, body) = nodes(n, n_selections);
    let rule = format!("{{ on: [Node.id], allow: '{allow}' }}");
    let policy = format!("authorization: {{ default: allow, rules: [{rule}] }}\n");
    let found = found(&schema, &policy, &body).map(|(rule, detail)| format!("{rule}: {detail}"));
    assert_eq!(found.as_deref(), expect, "{allow} {n} {n_selections}");
}

#[test]
fn an_interface_in_an_interface_is_not_squared() {
    let around = "parent.field != \"Query.none\"";
    check_nodes(around, (125, 10), None);
    check_nodes(around, (125, 800), None);
    check_nodes(around, (125, 801), TOO_MANY);
}

#[test]
fn fields_and_those_around_are_combined_when_both_are_named() {
    let both = "field != \"T0.id\" || parent.field != \"T1.rel\"";
    let denied = Some("authorization: `Node.id`: the rule on `Node.id` denies it");
    check_nodes(both, (20, 250), denied);
    check_nodes(both, (20, 251), TOO_MANY);
    let neither = "field != \"T0.rel\" || parent.field != \"T1.rel\"";
    check_nodes(neither, (20, 250), None);
}
