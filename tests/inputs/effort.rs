//! How much work a small request can ask of a condition on inputs.

use std::{fmt::Write as _, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::{Colour, Source, render},
    policy,
    verdict::Verdict,
};
use serde_json::{Value, json};

use crate::support::judge;

/// The detail of what refuses the request, if something does.
#[track_caller]
fn check(schema: &str, demand: &str, body: &Value, expect: Option<&str>) {
    let text = format!("version: 1\nname: t\nschema: {{ file: s }}\ninputs:\n  - {{ {demand} }}\n");
    let source = |text: String| Arc::new(Source { name: "x".into(), text: text.into() });
    let mut resolve = |_: &str| Ok(source(schema.to_owned()));
    let (policy, found) = policy::load(source(text), &mut resolve);
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    let gate = Gate::new(Arc::new(policy), CacheLimits::default());
    let found = match judge::judge(&gate, body.to_string().as_bytes()) {
        Verdict::Admit(_) | Verdict::Answer(_) => None,
        Verdict::Reject(it) => Some(it.items[0].detail.to_string()),
    };
    assert_eq!(found.as_deref(), expect, "{demand}");
}

const TOO_MANY: Option<&str> = Some("`inputs`: more values than can be judged");

const DOCS: &str = "input F { b: String ids: [ID!] list: [F!] }
    type Doc { id: ID! docs(f: F, ids: [ID!], public: Boolean = true): [Doc!] }
    type Query { me: Doc }";

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

#[test]
fn a_variable_is_made_once_for_all_selections_that_name_it() {
    for require in
        ["value == null || args.public == true", "value == null || parent.field != \"Doc.docs\""]
    {
        let demand = format!("at: ['Doc.docs(f:)'], require: '{require}'");
        check(DOCS, &demand, &attack("docs(f:$f){id}"), None);
    }
}

#[test]
fn the_interpreter_walks_through_a_value_only_so_often() {
    let require = "value == null || (args.public && value.list.all(x, has(x.ids)))";
    let demand = format!("at: ['Doc.docs(f:)'], require: '{require}'");
    check(DOCS, &demand, &attack("docs(f:$f){id}"), TOO_MANY);
    let require = "value == null || value.list.all(x, has(x.ids))";
    let demand = format!("at: ['Doc.docs(f:)'], require: '{require}'");
    check(DOCS, &demand, &attack("docs(f:$f){id}"), None);
}

/// What is beside the value is made for each selection.
#[test]
fn large_arguments_beside_the_value_are_bounded() {
    let demand = "at: ['Doc.docs(public:)'], require: 'value && (!has(args.f) || !has(args.f.b))'";
    check(DOCS, demand, &attack("docs(f:$f public:true){id}"), TOO_MANY);
    let demand = "at: ['Doc.docs(public:)'], require: 'value && args.public'";
    check(DOCS, demand, &attack("docs(f:$f public:true){id}"), None);
}

/// An input type with `n` defaults, and a value with `rows` objects of it.
fn defaults(n: usize, rows: usize) -> (String, Value) {
    let mut schema = "input W { list: [W!] ".to_owned();
    for n in 0..n {
        write!(schema, "d{n}: Int = {n} ").unwrap();
    }
    schema.push_str("} type Doc { id: ID! } type Query { w(w: W): Doc }");
    let list: Vec<_> = vec![json!({ "list": vec![json!({}); 400] }); rows / 400];
    let document = "query($w:W){w(w:$w){id}}";
    (schema, json!({ "query": document, "variables": { "w": { "list": list } } }))
}

#[test]
fn defaults_are_paid_for() {
    let demand = "at: ['Query.w(w:)'], require: 'value == null || has(value.list)'";
    for (n, rows, expect) in [(0, 2000, None), (20, 400, None), (200, 16_000, TOO_MANY)] {
        let (schema, body) = defaults(n, rows);
        check(&schema, demand, &body, expect);
    }
}

/// `n` object types behind an interface.
fn nodes(n: usize) -> String {
    let mut schema = "interface Node { id: ID! rel: Node rels(first: Int): [Node!] }\n".to_owned();
    for n in 0..n {
        let fields = "id: ID! rel: Node rels(first: Int): [Node!]";
        writeln!(schema, "type T{n} implements Node {{ {fields} }}").unwrap();
    }
    schema + "type Query { node(id: ID!): Node none: Node }"
}

#[test]
fn a_condition_on_what_is_around_is_asked_for_that_alone() {
    let none = "value == null || value <= 10 || parent.field == \"Query.none\"";
    let demand = format!("at: ['Node.rels(first:)'], require: '{none}'");
    let query = |inner: &str| json!({ "query": format!("{{node(id:1){{rel{{{inner}}}}}}}") });
    check(&nodes(100), &demand, &query("rels(first:5){id}"), None);
    let more = (0..9).fold(String::new(), |mut more, n| {
        write!(more, "a{n}:rels(first:{n}){{id rel{{rels(first:2){{id}}}}}} ").unwrap();
        more
    });
    check(&nodes(100), &demand, &query(&more), None);
    let denied = Some("`Node.rels(first:)`: the condition does not hold");
    check(&nodes(100), &demand, &query("rels(first:11){id}"), denied);
}

#[test]
fn a_condition_on_the_field_and_what_is_around_is_asked_for_both() {
    let both = "value <= 10 || field != \"T99.rels\" || parent.field != \"T99.rel\"";
    let demand = format!("at: ['Node.rels(first:)'], require: '{both}'");
    let query = |first: u32| json!({ "query": format!("{{node(id:1){{rel{{rels(first:{first}){{id}}}}}}}}") });
    check(&nodes(100), &demand, &query(5), None);
    let apart = nodes(99) + " type T99 { rel: Node rels: [Node!] }";
    check(&apart, &demand, &query(11), None);
    let denied = Some("`Node.rels(first:)`: the condition does not hold");
    check(&nodes(100), &demand, &query(11), denied);
}

/// Long texts are remembered by where they stand, and not by what was said of others.
#[test]
fn a_text_that_is_given_for_many_inputs_is_judged_as_itself() {
    let schema = "type Query { a(s: String): Int b(s: String): Int c(s: [String]): Int }";
    let demand = "at: ['*(s:)'], pattern: 'x*'";
    let (good, bad) = ("x".repeat(300), format!("{}y", "x".repeat(300)));
    let body = |list: [&str; 2]| {
        json!({
            "query": "query($s:String $l:[String]){a(s:$s) b(s:$s) c(s:$l)}",
            "variables": { "s": good, "l": list },
        })
    };
    check(schema, demand, &body([&good, &good]), None);
    let refused = Some("`Query.c(s:)`: the text does not match");
    check(schema, demand, &body([&good, &bad]), refused);
    check(schema, demand, &body([&bad, &good]), refused);
}
