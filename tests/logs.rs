//! What the verbs that read a traffic log say is what the log holds: of what it does not hold they
//! say that nobody knows.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::{
    fs::{create_dir, read, read_to_string, write},
    path::Path,
    process::{Command, Output},
};

use portcullis::traffic::Details;
use serde_json::{Value, json};
use support::{
    proxy::{Proxy, traffic},
    upstream::Upstream,
    wire::{exchange, post},
};

const HEAD: &str = "version: 1\nname: t\nschema: { file: schema.graphql }\nhttp: { batch: 5 }\n";

/// A folder with a schema and a policy.
fn folder(schema: &str, policy: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path().join("schema.graphql"), schema).expect("write");
    write(folder.path().join("policy.yaml"), format!("{HEAD}{policy}")).expect("write");
    folder
}

/// Sends bodies through a proxy that writes `traffic.jsonl`.
fn record(folder: &Path, details: Details, bodies: &[Value]) {
    let (path, upstream) = (folder.join("traffic.jsonl"), Upstream::start());
    let proxy = Proxy::start_with(&folder.join("policy.yaml"), upstream.address(), |config| {
        config.traffic = Some(traffic(path, details));
    });
    for body in bodies {
        let answer = exchange(proxy.address(), &post(&body.to_string())).expect("an answer");
        assert_eq!(answer.status(), 200, "{body}");
    }
    let _cut_off = proxy.stop();
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    program.args(arguments).current_dir(folder).output().expect("it runs")
}

/// What a verb says of a log under a policy.
#[track_caller]
fn told(folder: &Path, (verb, policy, log): (&str, &str, &str)) -> Value {
    let output = run(folder, &[verb, "--policy", policy, "--format=json", log]);
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"))
}

/// Newly refused, unknown, and the same.
fn replayed(folder: &Path, policy: &str, log: &str) -> [u64; 3] {
    let told = told(folder, ("replay", policy, log));
    let unknown = told["unknown"].as_array().expect("a list").iter();
    let unknown = unknown.filter_map(|it| it["count"].as_u64()).sum();
    let number = |key: &str| told[key].as_u64().unwrap_or_default();
    [number("newly_refused"), unknown, number("same")]
}

fn query(text: &str, variables: &Value) -> Value {
    json!({ "query": text, "variables": variables })
}

#[test]
fn a_list_of_values_is_not_held_against_masks() {
    let schema = "type Query { product(slug: String, year: Int): Int }";
    let slug = |it: &str| query("query($s: String) { product(slug: $s) }", &json!({ "s": it }));
    let year = |it: u16| query("query($y: Int) { product(year: $y) }", &json!({ "y": it }));
    let bodies = [slug("pan"), slug("pot"), slug("knife"), year(1000), year(1234), year(1111)];
    let listed = "inputs:\n  - { at: ['Query.product(slug:)'], one_of: [pan, pot] }\n  \
                  - { at: ['Query.product(year:)'], one_of: [1000, 1111] }\n";
    for (details, expect) in [(Details::Values, [2, 0, 4]), (Details::Shapes, [0, 6, 0])] {
        let folder = folder(schema, "");
        record(folder.path(), details, &bodies);
        write(folder.path().join("next.yaml"), format!("{HEAD}{listed}")).expect("write");
        assert_eq!(replayed(folder.path(), "next.yaml", "traffic.jsonl"), expect);
    }
}

#[test]
fn what_stands_in_the_log_as_it_was_sent_is_judged() {
    let schema = "type Query { product(slug: String): Product } \
                  type Product { reviews(first: Int): Int }";
    let folder = folder(schema, "");
    let folder = folder.path();
    let text = "query($s: String) { product(slug: $s) { reviews(first: 10) } }";
    record(folder, Details::Shapes, &[query(text, &json!({ "s": "secret" }))]);
    for (demand, expect) in [
        ("['Product.reviews(first:)'], range: 0..5", [1, 0, 0]),
        ("['Product.reviews(first:)'], range: 0..20", [0, 0, 1]),
        ("['Query.product(slug:)'], pattern: '[a-z]+'", [0, 1, 0]),
        ("['Query.product(slug:)'], length: ..6", [0, 0, 1]),
        ("['Query.product(slug:)'], length: ..5", [1, 0, 0]),
    ] {
        let next = format!("{HEAD}inputs: [{{ at: {demand} }}]\n");
        write(folder.join("next.yaml"), next).expect("write");
        assert_eq!(replayed(folder, "next.yaml", "traffic.jsonl"), expect, "{demand}");
    }
}

#[test]
fn a_log_without_its_policy_tells_nothing_of_callers() {
    let rules = "authorization: { default: allow, rules: [{ on: [Query.a], allow: staff }] }\n";
    let rules = format!("conditions: {{ staff: has(claims.staff) }}\n{rules}");
    let folder = folder("type Query { a: Int b: Int }", &format!("mode: report\n{rules}"));
    let folder = folder.path();
    record(folder, Details::Values, &[query("{ a }", &json!({})), query("{ b }", &json!({}))]);
    write(folder.join("next.yaml"), format!("{HEAD}{rules}")).expect("write");
    assert_eq!(replayed(folder, "next.yaml", "traffic.jsonl"), [1, 0, 1]);

    let log = read_to_string(folder.join("traffic.jsonl")).expect("the log");
    let (first, rest) = log.split_once('\n').expect("lines");
    assert!(first.contains("\"kind\":\"policy\""), "{first}");
    write(folder.join("headless.jsonl"), rest).expect("write");
    assert_eq!(replayed(folder, "next.yaml", "headless.jsonl"), [0, 1, 1]);

    let marked = [b"\xef\xbb\xbf", &*read(folder.join("traffic.jsonl")).expect("the log")].concat();
    write(folder.join("marked.jsonl"), marked).expect("write");
    assert_eq!(replayed(folder, "next.yaml", "marked.jsonl"), [1, 0, 1]);
}

#[test]
fn what_is_deprecated_is_listed_wherever_it_stands() {
    let schema = r#"
        interface P { price: Int @deprecated(reason: "sunset: 2026-10-01") }
        type A implements P { price: Int }
        input I { old: Int @deprecated(reason: "sunset: 2026-09-01") new: Int }
        enum E { X Y @deprecated(reason: "sunset: 2026-08-01") }
        type Query { p: P f(i: I, e: E): Int }"#;
    let by_variable = "query($e: E, $i: I) { f(e: $e, i: $i) }";
    let folder = folder(schema, "");
    let folder = folder.path();
    record(
        folder,
        Details::Shapes,
        &[
            query("{ p { price } }", &json!({})),
            query("{ f(i: { old: 1 }) }", &json!({})),
            query("{ f(i: { new: 1 }, e: X) }", &json!({})),
            query(by_variable, &json!({ "e": "Y", "i": { "old": 2 } })),
            query(by_variable, &json!({ "e": "X", "i": { "new": 2 } })),
        ],
    );
    let told = told(folder, ("inventory", "policy.yaml", "traffic.jsonl"));
    let rows = told["rows"].as_array().expect("rows").iter();
    let sunset = rows.filter(|it| !it["sunset"].is_null());
    let sunset = sunset.map(|it| json!([it["kind"], it["name"], it["count"], it["sunset"]]));
    let expect = json!([
        ["field", "P.price", 1, "2026-10-01"],
        ["input", "E.Y", 1, "2026-08-01"],
        ["input", "I.old", 2, "2026-09-01"],
    ]);
    assert_eq!(Value::from(sunset.collect::<Vec<_>>()), expect);
}

#[test]
fn a_trusted_document_in_another_layout_was_asked_for() {
    let listed = "documents: { require: true, manifests: [ops/] }\n";
    let folder = folder("type Query { a(n: Int): Int b: Int }", listed);
    let folder = folder.path();
    create_dir(folder.join("ops")).expect("a folder");
    let file = |name: &str, text: &str| write(folder.join("ops").join(name), text).expect("write");
    file("a.graphql", "query A {\n  a(n: 12345)\n}\n");
    file("b.graphql", "query B {\n  b\n}\n");
    file("c.graphql", "query C { b a(n: 2) }");
    let bodies = ["query A { # so\n a(n: 12345) }", "query B {\n  b\n}\n"];
    record(folder, Details::Shapes, &bodies.map(|it| query(it, &json!({}))));
    let told = told(folder, ("inventory", "policy.yaml", "traffic.jsonl"));
    let operations = told["rows"].as_array().expect("rows").iter();
    let operations = operations.filter(|it| it["kind"] == "operation");
    assert_eq!(operations.map(|it| &it["trusted"]).collect::<Vec<_>>(), [true, true]);
    let unused = told["unused_documents"].as_array().expect("a list").len();
    assert_eq!(unused, 1, "one of the two texts that say what C says");
    let log = read_to_string(folder.join("traffic.jsonl")).expect("the log");
    assert!(!log.contains("so"), "a comment is none of what is listed: {log}");
}

#[test]
fn a_batch_is_learned_as_it_is_limited() {
    let folder = folder("type Query { a: Int b: Int c: Int }", "limits: { fields: 40 }\n");
    let folder = folder.path();
    let one = query("{ a b c }", &json!({}));
    let batch = Value::from(vec![one.clone(); 5]);
    record(folder, Details::Shapes, &[one, batch.clone(), batch]);
    let told = told(folder, ("learn", "policy.yaml", "traffic.jsonl"));
    let limits = told["limits"].as_array().expect("limits").iter();
    let fields = limits.filter(|it| it["setting"] == "limits.fields").collect::<Vec<_>>();
    let [fields] = *fields else { panic!("{told}") };
    let candidate =
        |n: usize| (&fields["candidates"][n]["limit"], &fields["candidates"][n]["refused"]);
    let (p50, largest) = (candidate(0), candidate(2));
    assert_eq!((p50, largest), ((&15.into(), &0.into()), (&15.into(), &0.into())));
    assert_eq!((&fields["requests"], &told["operations"]), (&3.into(), &11.into()));
}

#[test]
fn no_limit_is_learned_that_a_trusted_document_exceeds() {
    let folder =
        folder("type Query { a: Int b: Int c: Int }", "documents: { manifests: [ops/] }\n");
    let folder = folder.path();
    create_dir(folder.join("ops")).expect("a folder");
    let long = "query Long { a b c x: a y: b z: c u: a v: b w: c }";
    write(folder.join("ops/long.graphql"), long).expect("write");
    record(folder, Details::Shapes, &vec![query("{ a }", &json!({})); 3]);
    let told = told(folder, ("learn", "policy.yaml", "traffic.jsonl"));
    let limits = told["limits"].as_array().expect("limits").iter();
    let proposed = limits.map(|it| (it["setting"].as_str(), it["candidates"][3]["limit"].as_u64()));
    let proposed: Vec<_> = proposed.collect();
    for expect in [("limits.fields", 9), ("limits.aliases", 6), ("limits.tokens", 25)] {
        let found = proposed.iter().find(|(setting, _)| *setting == Some(expect.0));
        assert_eq!(found, Some(&(Some(expect.0), Some(expect.1))), "{proposed:?}");
    }
}

#[test]
fn what_cannot_be_measured_is_told() {
    let policy = "conditions: { staff: has(claims.staff) }\n\
                  profiles: [{ name: staff, when: staff, limits: { depth: 3 } }]\n";
    let folder = folder("type Query { a: Int }", policy);
    let folder = folder.path();
    record(folder, Details::Shapes, &[query("{ a }", &json!({}))]);
    let log = read_to_string(folder.join("traffic.jsonl")).expect("the log");
    let (_policy, rest) = log.split_once('\n').expect("lines");
    write(folder.join("headless.jsonl"), rest).expect("write");
    let output = run(folder, &["learn", "--policy=policy.yaml", "headless.jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 of 1 admitted operations could not be measured"), "{said}");
}

/// An item that refuses in a file that only watches: every verb says so, or that nobody knows.
#[test]
fn what_insists_is_told_by_every_verb() {
    let item = "inputs: [{ at: ['Query.f(a:)'], range: 2..3, mode: enforce }]\n";
    let policy = format!("mode: report\n{item}documents: {{ manifests: [m.json] }}\n");
    let folder = folder("type Query { f(a: Int): Int }", "");
    let folder = folder.path();
    let bodies = [123_456, 2].map(|it| query("query($a: Int) { f(a: $a) }", &json!({ "a": it })));
    record(folder, Details::Shapes, &bodies);
    write(folder.join("m.json"), r#"{"x-1":"{f(a:1)}","x-2":"{f(a:2)}"}"#).expect("write");
    write(folder.join("policy.yaml"), format!("{HEAD}{policy}")).expect("write");
    assert_eq!(replayed(folder, "policy.yaml", "traffic.jsonl"), [0, 1, 1]);
    let said = |arguments: &[&str]| {
        let output = run(folder, arguments);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    };
    write(folder.join("d.graphql"), "{ f(a: 1) }").expect("write");
    let (code, text) = said(&["explain", "--policy=policy.yaml", "d.graphql"]);
    assert!(code == Some(1) && text.starts_with("refused: INPUT_NOT_ALLOWED"), "{text}");
    let (_, text) = said(&["check", "policy.yaml"]);
    assert!(!text.contains("only-watches"), "{text}");
    let (code, text) = said(&["manifest", "verify", "policy.yaml"]);
    assert!(code == Some(1) && text.contains("1 of 2 trusted documents"), "{text}");
}
