//! What is enforced and was not tried is told, for nothing is known of it.

use serde_json::{Value, json};

use crate::{
    Case,
    owned::{AS_BOTH, keys},
    run,
};

const SCHEMA: &str = "
type Query { a: A }
type A { b: String }
type Mutation { rate(stars: Int!, text: String): String }
";
const POLICY: &str = "
identity: { api_keys: { header: x-api-key, file: keys.yaml } }
conditions: { signed_in: has(claims.sub) }
cost: { max: 100 }
authorization: { rules: [{ on: [Query.a], allow: always }, { on: [Mutation.rate], allow: signed_in }] }
inputs: [{ at: [\"Mutation.rate(stars:)\"], range: 1..5 }]
";

#[track_caller]
fn check(arguments: &[&str], expect: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys();
    let beside = &[("keys.yaml", keys.as_str())];
    let case = Case { schema: SCHEMA, beside, ..Case::new("untried", POLICY, "") };
    let (intended, _) = case.write(folder.path());
    let output = run(&[&[intended.as_str(), "--format", "json"], arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["untried"], json!(expect), "{arguments:?}");
    // Silence is no hole.
    assert_eq!(output.status.code(), Some(0));
    let text = run(&[&[intended.as_str()], arguments].concat()).stdout;
    let line = format!("\nnothing was tried for: {}\n", expect.join(", "));
    assert!(String::from_utf8_lossy(&text).contains(&line), "{line}");
}

#[test]
fn a_rule_that_nothing_was_tried_for_is_told() {
    let others = ["max-depth", "max-directives-per-place", "max-list-depth"];
    let input = "input-range at Mutation.rate(stars:)";
    check(&[], &[&["cost", input], &others[..]].concat());
    check(&AS_BOTH[..2], &[&["cost"], &others[..]].concat());
}

/// That what is allowed passes says nothing of what is not.
#[test]
fn a_rule_that_only_admitted_something_was_not_tried() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "inputs: [{ at: [\"Query.a(t:)\"], length: 0.. }]\n";
    let schema = "type Query { a(t: String): Int }";
    let (intended, _) = Case { schema, ..Case::new("within", policy, "") }.write(folder.path());
    let output = run(&[&intended, "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let untried = report["untried"].as_array().unwrap();
    assert!(untried.contains(&json!("input-length at Query.a(t:)")), "{report}");
    assert!(report["rules"]["input-length"]["admitted"].as_u64() > Some(0), "{report}");
}

/// Limits that only whoever is signed in has a way to are tried as them.
#[test]
fn what_nobody_else_can_try_is_tried_as_a_caller() {
    let schema = "type Query { ping: Int me: U } type U { id: ID! name: String best: U }";
    let policy = "
identity: { api_keys: { header: x-api-key, file: keys.yaml } }
authorization:
  rules: [{ on: [Query.ping], allow: always }, { on: [Query.me], allow: has(claims.sub) }]
limits: { depth: 3 }
";
    let running = policy.replace("depth: 3", "depth: 4");
    let keys = keys();
    let case = Case::new("called", policy, &running);
    let beside = &[("keys.yaml", keys.as_str())];
    let arguments = [AS_BOTH[0], AS_BOTH[1], AS_BOTH[2], "bob=key-of-bob-90ae77"];
    let case = Case { schema, beside, arguments: &arguments, ..case };
    case.check(&[("max-depth", "4")]);
    let folder = tempfile::tempdir().unwrap();
    let (intended, _) = case.write(folder.path());
    let output = run(&[&[intended.as_str(), "--format", "json"], case.arguments].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["untried"], json!(["max-directives-per-place", "max-list-depth"]));
    let ways = report["rules"]["max-depth"]["ways"].as_object().unwrap();
    assert!(ways.keys().all(|it| it.ends_with(" as alice")), "{report}");
}
