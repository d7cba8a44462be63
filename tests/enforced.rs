//! From `mode: report` to a policy that refuses: what a replay says is what the next proxy does, or
//! that nobody can tell.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{fs, io::BufReader, path::Path, process::Command, sync::Arc};

use portcullis::{
    admission::Ruling,
    config::Config,
    sources::load_policy,
    traffic::{Details, Replay, Replayed},
};
use serde_json::{Value, json};
use support::{
    proxy::{Proxy, traffic},
    upstream::Upstream,
    wire::{exchange, post},
};

const SCHEMA: &str = "
type Query {
  me: User
  user(id: ID): User
  orders(customerId: ID): [Order]
  products(first: Int): [Product]
}
type User { id: ID email: String }
type Order { id: ID }
type Product { id: ID }
";

const INPUTS: &str = "inputs:
  - { at: ['Query.orders(customerId:)'], require: 'has(claims.sub) && value == claims.sub' }
  - { at: ['Query.user(id:)'], pattern: '[0-9]+' }
  - { at: ['Query.products(first:)'], range: 0..100 }
";

const AUTHORIZATION: &str = "
  default: allow
  rules: [{ on: [User.email], allow: 'has(claims.sub)' }]
";

/// Writes a policy and its schema.
fn write(folder: &Path, name: &str, rest: &str) {
    let text = format!("version: 1\nname: test\nschema: {{ file: test.graphql }}\n{rest}");
    fs::write(folder.join("test.graphql"), SCHEMA).unwrap();
    fs::write(folder.join(name), text).unwrap();
}

/// Sends the documents to a proxy with a policy; its log is beside that.
fn serve(folder: &Path, name: &str, details: Details, documents: &[&str]) {
    let upstream = Upstream::start();
    let path = folder.join(format!("{name}.jsonl"));
    let change = |config: &mut Config| config.traffic = Some(traffic(path, details));
    let proxy = Proxy::start_with(&folder.join(name), upstream.address(), change);
    for document in documents {
        let body = json!({ "query": document }).to_string();
        exchange(proxy.address(), &post(&body)).unwrap();
    }
    let _cut_off = proxy.stop();
}

/// What became of each operation of a log, and what becomes of it under a policy.
fn replayed(folder: &Path, log: &str, policy: &str) -> Vec<(String, String)> {
    let word = |it: &Ruling| match it {
        Ruling::Admitted => "admitted".to_owned(),
        Ruling::Refused { code, .. } => code.to_string(),
        Ruling::Unknown(_) => "unknown".to_owned(),
    };
    let policy = load_policy(&folder.join(policy)).0.unwrap();
    let lines = BufReader::new(fs::File::open(folder.join(format!("{log}.jsonl"))).unwrap());
    let mut found = Vec::new();
    let each = |it: &Replayed<'_>| found.push((word(&it.then), word(&it.now[0].ruling)));
    Replay::new([Arc::new(policy)]).run(lines, |_| {}, each).unwrap();
    found
}

/// What a replay says of documents that were sent under the first policy: each `unknown`, or as the
/// second decides.
#[track_caller]
fn check(details: Details, before: &str, after: &str, expect: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "before", before);
    write(folder, "after", after);
    let documents: Vec<_> = expect.iter().map(|(it, _)| *it).collect();
    serve(folder, "before", details, &documents);
    serve(folder, "after", details, &documents);
    let truth = replayed(folder, "after", "after");
    let said = replayed(folder, "before", "after");
    assert_eq!((truth.len(), said.len()), (expect.len(), expect.len()));
    for (((document, expect), (truth, _)), (_, said)) in expect.iter().zip(&truth).zip(&said) {
        assert_eq!(said, expect, "{details:?} {document}");
        assert!(said == truth || said == "unknown", "{details:?} {document}: {truth}");
    }
}

/// The same of a policy that is first in report mode.
#[track_caller]
fn check_enforced(details: Details, policy: &str, expect: &[(&str, &str)]) {
    check(details, &format!("mode: report\n{policy}"), policy, expect);
}

#[test]
fn what_input_rules_reported_is_newly_refused() {
    for details in BOTH {
        let expect = [
            ("{ orders(customerId: \"1\") { id } }", "FORBIDDEN"),
            ("{ user(id: \"abc\") { id } }", "INPUT_NOT_ALLOWED"),
            ("{ products(first: 1000) { id } }", "INPUT_NOT_ALLOWED"),
            ("{ user(id: \"123\") { id } }", "admitted"),
            ("{ products(first: 10) { id } }", "admitted"),
        ];
        check_enforced(details, INPUTS, &expect);
    }
}

#[test]
fn the_verb_counts_what_was_reported() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "before", &format!("mode: report\n{INPUTS}"));
    write(folder, "after", INPUTS);
    let documents = [
        "{ orders(customerId: \"1\") { id } }",
        "{ user(id: \"abc\") { id } }",
        "{ products(first: 1000) { id } }",
    ];
    serve(folder, "before", Details::Shapes, &documents);
    let told = |policy: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        program.args(["replay", "before.jsonl", "--format", "json", "--policy", policy]);
        let output = program.current_dir(folder).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let counts = ["same", "newly_refused"].map(|it| told[it].as_u64().unwrap());
        (output.status.code(), counts, told["unknown"].clone())
    };
    assert_eq!(told("after"), (Some(1), [0, 3], json!([])));
    assert_eq!(told("before"), (Some(0), [3, 0], json!([])));
}

#[test]
fn what_an_item_only_reports_goes_on() {
    let watching = "inputs: [{ at: ['Query.user(id:)'], pattern: '[0-9]+', mode: report }";
    let (user, orders) = ("{ user(id: \"abc\") { id } }", "{ orders(customerId: \"a\") { id } }");
    for details in BOTH {
        check_enforced(details, &format!("{watching}]\n"), &[(user, "admitted")]);
    }
    // The log names the rule, and not which of its items has objected.
    let beside = ", { at: ['Query.orders(customerId:)'], pattern: '[0-9]+' }]\n";
    let both = format!("{watching}{beside}");
    check_enforced(Details::Values, &both, &[(user, "admitted"), (orders, "INPUT_NOT_ALLOWED")]);
    check_enforced(Details::Shapes, &both, &[(user, "unknown"), (orders, "unknown")]);
    // Nothing but the item that reports can have let it go on.
    check(Details::Shapes, &both, &both, &[(user, "admitted")]);
}

#[test]
fn what_authorization_reported_is_newly_refused() {
    let expect = [("{ me { email } }", "FORBIDDEN"), ("{ me { id } }", "admitted")];
    for details in BOTH {
        check_enforced(details, &format!("authorization:{AUTHORIZATION}"), &expect);
    }
}

#[test]
fn what_is_concealed_is_newly_refused() {
    let policy = format!("authorization:{AUTHORIZATION}  conceal: true\n");
    let denied = "GRAPHQL_VALIDATION_FAILED";
    let expect = [("{ me { email } }", denied), ("{ me { id } }", "admitted")];
    check_enforced(Details::Values, &policy, &expect);
}

#[test]
fn what_is_taken_out_goes_on_when_something_is_left() {
    let policy = format!("authorization:{AUTHORIZATION}  on_deny: remove\n");
    let some = ("{ me { id email } }", "admitted");
    for details in BOTH {
        check_enforced(details, &policy, &[some, ("{ me { email } }", "unknown")]);
    }
    // Refused for another reason, it says nothing of what would have been taken out.
    let limits = "limits: { depth: 1 }\n";
    check(Details::Values, &format!("{policy}{limits}"), &policy, &[some]);
}

const BOTH: [Details; 2] = [Details::Shapes, Details::Values];
