//! `on_deny: remove`: what goes on is what the caller may have, and it still validates.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{fs, io::BufReader, path::Path, process::Command, sync::Arc};

use portcullis::{
    admission::{Gate, Outcome, Request, Ruling, explain},
    config::{Config, Sample, TrafficFile},
    identity::Caller,
    json::Literal,
    policy::ProfileIdx,
    traffic::{Bounds, Details, Replay, Replayed, Writing},
    verdict::Verdict,
};
use serde_json::{Value, json};
use support::{
    judge,
    proxy::Proxy,
    upstream::Upstream,
    wire::{exchange, post},
};

const POLICY: &str = "
conditions: { staff: 'has(claims.roles) && \"STAFF\" in claims.roles' }
authorization:
  default: allow
  on_deny: remove
  rules:
    - { on: [User.email], allow: staff }
    - { on: [Query.audit], allow: staff }
";

fn gate() -> Gate {
    judge::gate("authorization.graphql", POLICY, "tests/rules")
}

/// What is forwarded for an anonymous caller, or the code of the refusal.
#[track_caller]
fn check(body: &Value, expect: &Value) {
    let verdict = judge::judge(&gate(), body.to_string().as_bytes());
    let found = match &verdict {
        Verdict::Reject(_) => json!(judge::code(&verdict)),
        Verdict::Admit(_) | Verdict::Answer(_) => judge::forwarded(&verdict).unwrap_or_default(),
    };
    assert_eq!(found, *expect, "{body}");
}

#[test]
fn what_is_denied_goes_and_the_rest_stays() {
    let query = |it: &str| json!({ "query": it });
    check(&query("{ me { id email } }"), &query("{me{id}}"));
    check(&query("{ me { id ...f } } fragment f on User { x: email }"), &query("{me{id}}"));
    check(&query("{ actor { id email } }"), &query("{actor{id}}"));
    check(
        &query("{ search { ... on User { email } ... on Shop { id email } } }"),
        &query("{search{... on Shop{id email}}}"),
    );
}

#[test]
fn what_is_emptied_goes_too() {
    let query = |it: &str| json!({ "query": it });
    check(&query("{ me { email } user(id: 1) { id } }"), &query("{user(id:1){id}}"));
    check(&query("{ me { email } }"), &json!("FORBIDDEN"));
    check(&query("{ audit { entries } }"), &json!("FORBIDDEN"));
}

#[test]
fn variables_that_nothing_uses_are_not_forwarded() {
    let text =
        "query ($id: ID!, $other: ID!) { user(id: $id) { email } b: user(id: $other) { id } }";
    let body = json!({ "query": text, "variables": { "id": "1", "other": "2" } });
    let expect = json!({
        "query": "query($other:ID!){b:user(id:$other){id}}",
        "variables": { "other": "2" },
    });
    check(&body, &expect);
}

#[test]
fn who_may_have_it_gets_it() {
    let body = json!({ "query": "{ me { id email } }" });
    let staff = judge::caller(Some(&json!({ "roles": ["STAFF"] })));
    let verdict = judge::judge_as(&gate(), &staff, body.to_string().as_bytes());
    assert_eq!(judge::forwarded(&verdict), Some(json!({ "query": "{me{id email}}" })));
    // The same document, known by now, of somebody else.
    check(&body, &json!({ "query": "{me{id}}" }));
}

#[test]
fn what_was_taken_out_is_on_record() {
    let verdict = judge::judge(&gate(), br#"{"query": "{ me { id email } }"}"#);
    let Verdict::Admit(admitted) = verdict else { unreachable!("it is forwarded") };
    let rules: Vec<_> = admitted.items()[0].reported.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["authorization"]);
}

#[test]
fn only_the_selected_operation_is_looked_at() {
    let body = json!({
        "query": "query A { me { id } } query B { me { email } }",
        "operationName": "A",
    });
    let expect = json!({ "query": "query A{me{id}}", "operationName": "A" });
    check(&body, &expect);
}

/// The verdict of `explain`, what it says is taken out, and what would go on.
#[track_caller]
fn check_told(query: &str, expect: (Option<&str>, &[&str], &str)) {
    let (gate, caller) = (gate(), Caller::default());
    let request = Request { query: Some(Literal::of(query)), ..Request::default() };
    let told = explain(gate.policy(), ProfileIdx::BASE, &request, (&caller, judge::NOW));
    let taken = told.lines.iter().flat_map(|it| match &it.outcome {
        Outcome::TakesOut(taken) => taken.as_slice(),
        _ => &[],
    });
    let taken: Vec<_> = taken.filter_map(|it| it.at.as_deref()).collect();
    let code = told.deciding.as_ref().map(|it| it.code.as_str());
    let canonical = told.canonical.as_deref().unwrap_or_default();
    assert_eq!((code, &*taken, canonical), expect, "{query}");
}

#[test]
fn explain_says_what_the_gate_does() {
    check_told("{ me { id email } }", (None, &["User.email"], r#""{me{id}}""#));
    check_told("{ me { id } }", (None, &[], r#""{me{id}}""#));
    check_told("{ me { email } }", (Some("FORBIDDEN"), &["User.email"], r#""{me{email}}""#));
}

#[test]
fn explain_shows_a_person_what_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("test.graphql"), schema()).unwrap();
    fs::write(folder.path().join("policy.yaml"), text("test.graphql", POLICY)).unwrap();
    let told = |query: &str, format: &str| {
        fs::write(folder.path().join("q.graphql"), query).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["explain", "q.graphql", "--policy", "policy.yaml", "--format", format]);
        let output = command.current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, some) = told("{ me { id email } }", "text");
    assert_eq!(code, Some(0), "{some}");
    assert!(some.contains("taken out: `User.email`: the rule on"), "{some}");
    assert!(some.contains("\n  goes on as \"{me{id}}\"\n"), "{some}");
    let some: Value = serde_json::from_str(&told("{ me { id email } }", "json").1).unwrap();
    assert_eq!((&some["verdict"], &some["forwarded"]), (&json!("admit"), &json!("{me{id}}")));
    let (code, none) = told("{ me { email } }", "text");
    assert_eq!(code, Some(1), "{none}");
    assert!(none.starts_with("refused: FORBIDDEN") && !none.contains("goes on"), "{none}");
}

fn schema() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/authorization.graphql");
    fs::read_to_string(path).unwrap()
}

fn text(schema: &str, rest: &str) -> String {
    format!("version: 1\nname: test\nschema: {{ file: {schema} }}\n{rest}")
}

/// What the second policy says of requests that were made under the first: the codes.
#[track_caller]
fn check_replayed(before: &str, after: &str, expect: &[(&str, Option<&str>)]) {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Upstream::start());
    let path = folder.path().join("traffic.jsonl");
    let writing =
        Writing { path: path.clone(), bounds: Bounds::default(), details: Details::Values };
    let file = TrafficFile { writing, sample: Sample::ALL };
    let before = text("test.graphql", before);
    let change = |config: &mut Config| config.traffic = Some(file);
    let proxy = Proxy::with(&before, &schema(), upstream.address(), change);
    for (query, _code) in expect {
        let body = json!({ "query": query }).to_string();
        exchange(proxy.address(), &post(&body)).unwrap();
    }
    let _cut_off = proxy.stop();
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
}
