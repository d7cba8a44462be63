//! `on_deny: remove` in the traffic log: what it says, and what a replay of it says, is of what went
//! on.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    fs,
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::{
    admission::Ruling,
    config::Config,
    traffic::{Details, Replay, Replayed},
};
use serde_json::{Value, json};
use support::{
    judge,
    proxy::{Proxy, traffic},
    upstream::Upstream,
    wire::{exchange, post},
};
use tempfile::TempDir;

const POLICY: &str = "
conditions: { staff: 'has(claims.roles) && \"STAFF\" in claims.roles' }
authorization:
  default: allow
  on_deny: remove
  rules:
    - { on: [User.email], allow: staff }
    - { on: [Query.audit], allow: staff }
";

fn schema() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/authorization.graphql");
    fs::read_to_string(path).unwrap()
}

fn text(schema: &str, rest: &str) -> String {
    format!("version: 1\nname: test\nschema: {{ file: {schema} }}\n{rest}")
}

/// The traffic log of requests, and the folder that it is in.
fn recorded(policy: &str, queries: &[&str]) -> (TempDir, PathBuf) {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Upstream::start());
    let path = folder.path().join("traffic.jsonl");
    let file = traffic(path.clone(), Details::Values);
    let change = |config: &mut Config| config.traffic = Some(file);
    let policy = text("test.graphql", policy);
    let proxy = Proxy::with(&policy, &schema(), upstream.address(), change);
    for query in queries {
        let body = json!({ "query": query }).to_string();
        exchange(proxy.address(), &post(&body)).unwrap();
    }
    let _cut_off = proxy.stop();
    (folder, path)
}

/// What the second policy says of requests that were made under the first: the codes.
#[track_caller]
fn check_replayed(before: &str, after: &str, expect: &[(&str, Option<&str>)]) {
    let queries: Vec<_> = expect.iter().map(|(it, _)| *it).collect();
    let (_folder, path) = recorded(before, &queries);
    let policy = judge::policy(&text("authorization.graphql", after), "tests/rules");
    let lines = BufReader::new(fs::File::open(&path).unwrap());
    let mut found = Vec::new();
    let each = |it: &Replayed<'_>| found.push(it.now[0].ruling.clone());
    Replay::new([Arc::new(policy)]).run(lines, |_| {}, each).unwrap();
    let found = found.iter().map(|it| match it {
        Ruling::Admitted => None,
        Ruling::Refused { code, .. } => Some(&**code),
        Ruling::Unknown(why) => Some(&**why),
    });
    assert_eq!(found.collect::<Vec<_>>(), expect.iter().map(|(_, it)| *it).collect::<Vec<_>>());
}

#[test]
fn a_replay_says_what_the_gate_would() {
    let expect = [("{ me { id email } }", None), ("{ me { email } }", Some("FORBIDDEN"))];
    let never = "authorization: { default: allow, on_deny: remove, rules: [{ on: [User.email], \
                 allow: never }] }\n";
    check_replayed("authorization: { default: allow }\n", never, &expect);
    check_replayed(POLICY, POLICY, &expect);
    // What the log does not hold of the caller is taken from what was found then.
    let claims = never.replace("never", "'has(claims.roles)'");
    check_replayed(&claims, &claims, &expect);
    // What is taken out is not called.
    let once = [POLICY, "once_per_request: [Query.audit, Query.user]\n"].concat();
    let expect = [
        ("{ me { id } a: audit { entries } b: audit { entries } }", None),
        ("{ a: user(id: 1) { id } b: user(id: 2) { id } }", Some("ONCE_PER_REQUEST")),
    ];
    check_replayed(&once, &once, &expect);
}

#[test]
fn a_replay_does_not_count_what_was_taken_out_by_claims() {
    let rules = "authorization: { default: allow, on_deny: remove, rules: [{ on: [Query.audit], \
                 allow: has(claims.sub) }] }\nonce_per_request: [Query.audit, Query.user]\n";
    let before = [rules, "cost: { max: 5 }\n"].concat();
    let twice = "{ a: audit { entries } b: audit { entries } me { id } }";
    let left = "{ a: user(id: 1) { id } b: user(id: 2) { id } audit { entries } }";
    let dear = "{ me { friend { friend { friend { id } } } } audit { entries } }";
    check_replayed(
        &before,
        &before,
        &[
            (twice, None),
            (left, Some("ONCE_PER_REQUEST")),
            (dear, Some("COST_ESTIMATED_TOO_EXPENSIVE")),
            ("{ me { id } }", None),
        ],
    );
    // Of another limit the log does not tell, unless even the whole is below.
    let why = "`cost` asks for what goes on, which depends on what the log does not hold";
    let lower = [rules, "cost: { max: 2 }\n"].concat();
    check_replayed(&before, &lower, &[(twice, Some(why)), ("{ me { id } }", None)]);
    let higher = [rules, "cost: { max: 900 }\n"].concat();
    check_replayed(&before, &higher, &[(twice, None)]);
}

#[test]
fn nothing_is_learned_from_what_was_taken_out() {
    let policy = "authorization: { default: allow, on_deny: remove, rules: [{ on: [Query.audit], \
                  allow: has(claims.sub) }] }\ncost: { max: 900 }\n";
    let (_folder, path) = recorded(policy, &["{ me { id } audit { entries } }", "{ me { id } }"]);
    let policy = judge::policy(&text("authorization.graphql", policy), "tests/rules");
    let lines = BufReader::new(fs::File::open(&path).unwrap());
    let mut found = Vec::new();
    let each = |it: &Replayed<'_>| {
        let has_cost = it.now[0].measures.iter().any(|(rule, _)| *rule == "cost");
        found.push((has_cost, it.now[0].unmeasured.is_some()));
    };
    Replay::new([Arc::new(policy)]).run(lines, |_| {}, each).unwrap();
    assert_eq!(found, [(false, true), (true, false)]);
}

/// The static cost of each operation of a log.
fn logged_costs(policy: &str, queries: &[&str]) -> Vec<Value> {
    let (_folder, path) = recorded(policy, queries);
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let operations = lines.filter(|it| it["kind"] == "operation");
    operations.map(|it| it["cost"]["static"].clone()).collect()
}

#[test]
fn the_cost_that_is_logged_is_that_of_what_went_on() {
    let queries = ["{ me { id } audit { entries } }", "{ me { id } }"];
    let costs = logged_costs(&[POLICY, "cost: { max: 900 }\n"].concat(), &queries);
    assert!(costs[0].is_u64() && costs[0] == costs[1], "{costs:?}");
    // What was not priced then is priced where it went on whole.
    let costs = logged_costs(&[POLICY, "cost: { max: off }\n"].concat(), &queries);
    assert!(costs[0].is_null() && costs[1].is_u64(), "{costs:?}");
    let costs = logged_costs("authorization: { default: allow }\n", &queries);
    assert!(costs[0].as_u64() > costs[1].as_u64(), "{costs:?}");
}
