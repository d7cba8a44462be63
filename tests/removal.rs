//! `on_deny: remove`: what goes on is what the caller may have, and it still validates.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{fs, path::Path, process::Command};

use portcullis::{
    admission::{Gate, Outcome, Request, explain},
    identity::Caller,
    json::Literal,
    policy::ProfileIdx,
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

/// What is taken out is not called: it is counted nowhere.
const COUNTED: &str = "
once_per_request: [Query.audit, Query.user]
cost: { max: 6 }
rates:
  - { name: audits, on: Query.audit, key: client.ip, limit: 9/1h }
  - { name: users, on: Query.user, key: client.ip, limit: 9/1h }
  - { name: cost, key: client.ip, spend: cost, limit: 900/1h }
  - { name: documents, key: document, limit: 9/1h }
";

/// The code, and what is paid: the cost, and of every rate.
fn paid(query: &str, claims: &Value) -> (Option<&'static str>, Option<u64>, Vec<(usize, u64)>) {
    let gate = judge::gate("authorization.graphql", &[POLICY, COUNTED].concat(), "tests/rules");
    let (caller, body) = (judge::caller(Some(claims)), json!({ "query": query }).to_string());
    let verdict = judge::judge_as(&gate, &caller, body.as_bytes());
    let Verdict::Admit(admitted) = &verdict else {
        return (judge::code(&verdict), None, Vec::new());
    };
    let item = &admitted.items()[0];
    (None, item.cost, item.spent.iter().map(|it| (it.rate, it.amount)).collect())
}

#[test]
fn what_is_taken_out_costs_nothing() {
    let anyone = json!({});
    let (code, cost, spent) = paid("{ me { id } }", &anyone);
    assert!(code.is_none() && cost.is_some_and(|it| it <= 6), "{cost:?}");
    assert_eq!(spent, [(2, cost.unwrap()), (3, 1)]);
    for query in [
        "{ me { id } audit { entries } }",
        "{ me { id } a: audit { entries } b: audit { entries } }",
        "{ me { id } a: audit { entries } b: audit { entries } c: audit { entries } }",
        "{ me { id email } ...f } fragment f on Query { a: audit { entries } }",
        "{ me { id } a: user(id: 1) { email } b: user(id: 2) { email } }",
    ] {
        assert_eq!(paid(query, &anyone), (None, cost, spent.clone()), "{query}");
    }
}

#[test]
fn what_is_left_is_paid() {
    let staff = json!({ "roles": ["STAFF"] });
    let twice = "{ a: audit { entries } b: audit { entries } }";
    assert_eq!(paid(twice, &staff).0, Some("ONCE_PER_REQUEST"));
    let twice = "{ a: user(id: 1) { id email } b: user(id: 2) { id email } }";
    assert_eq!(paid(twice, &json!({})).0, Some("ONCE_PER_REQUEST"));
    let much = "{ me { friend { friend { friend { friend { friend { id email } } } } } } }";
    assert_eq!(paid(much, &json!({})).0, Some("COST_ESTIMATED_TOO_EXPENSIVE"));
    let (code, _cost, spent) = paid("{ me { email } user(id: 1) { id email } }", &json!({}));
    assert!(code.is_none() && spent.contains(&(1, 1)) && spent.contains(&(3, 1)), "{spent:?}");
}

#[test]
fn variables_of_what_is_left_are_found() {
    let gate = judge::gate("authorization.graphql", &[POLICY, COUNTED].concat(), "tests/rules");
    let text = "query ($a: Boolean!, $id: ID!, $b: Boolean!) \
                { audit @skip(if: $a) { entries } user(id: $id) @include(if: $b) { id email } }";
    let check = |b: bool, expect: &[usize]| {
        let variables = json!({ "a": false, "id": "1", "b": b });
        let body = json!({ "query": text, "variables": variables }).to_string();
        let verdict = judge::judge(&gate, body.as_bytes());
        let Verdict::Admit(admitted) = &verdict else { unreachable!("{verdict:?}") };
        let spent = admitted.items()[0].spent.iter();
        let spent: Vec<_> = spent.filter(|it| it.amount > 0).map(|it| it.rate).collect();
        assert_eq!(spent, expect, "{b}");
    };
    check(true, &[1, 2, 3]);
    // A query that asks for nothing costs nothing.
    check(false, &[3]);
}

/// What the client reads when the upstream answers so, however little it was asked for.
fn answered(rest: &str, answer: &'static str, query: &str) -> (u16, String) {
    let upstream = Upstream::answering(answer);
    let policy = text("test.graphql", &[POLICY, rest].concat());
    let proxy = Proxy::with(&policy, &schema(), upstream.address(), |_config| {});
    let body = json!({ "query": query }).to_string();
    let answered = exchange(proxy.address(), &post(&body)).unwrap();
    (answered.status(), String::from_utf8_lossy(&answered.body).into_owned())
}

#[track_caller]
fn check_answered(response: &str, answer: &'static str, expect: (u16, &str)) {
    let response = format!("response: {{ {response} }}\n");
    let query = "{ me { id email } actor { x: id y: email } }";
    let (status, body) = answered(&response, answer, query);
    assert!(status == expect.0 && body.contains(expect.1), "{response}: {status} {body}");
}

#[test]
fn the_cost_that_is_told_is_that_of_what_went_on() {
    let told = |query: &str| {
        let rest = "cost: { answers: { count_one_in: 1, in_extensions: true } }\n";
        answered(rest, r#"{"data":{"me":{"id":"1"}}}"#, query)
    };
    let (status, less) = told("{ me { id } }");
    assert!(status == 200 && less.contains(r#""cost":{"#), "{less}");
    assert_eq!(told("{ me { id email } audit { entries } }"), (200, less));
}

#[test]
fn an_answer_holds_what_went_on_and_no_more() {
    const LESS: &str = r#"{"data":{"me":{"id":"1"},"actor":{"x":"1"}}}"#;
    const MORE: &str = r#"{"data":{"me":{"id":"1","email":"secret"},"actor":{"x":"1"}}}"#;
    const OTHER: &str = r#"{"data":{"me":{"id":"1"},"actor":{"x":"1","y":"secret"}}}"#;
    const NONE: &str = r#"{"data":{"me":{},"actor":{"x":"1"}}}"#;
    let enforce = "contract: enforce";
    check_answered(enforce, LESS, (200, r#""me":{"id":"1"}"#));
    for it in [MORE, OTHER, NONE] {
        check_answered(enforce, it, (502, "UPSTREAM_ANSWER_INVALID"));
    }
    check_answered("contract: report", MORE, (200, "secret"));
    let redact = "redact: [User.email, Shop.email]";
    check_answered(redact, LESS, (200, r#""me":{"id":"1"}"#));
    check_answered(redact, MORE, (200, r#""email":null"#));
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

#[test]
fn a_batch_of_documents_costs_what_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("test.graphql"), schema()).unwrap();
    fs::write(folder.path().join("policy.yaml"), text("test.graphql", POLICY)).unwrap();
    let claims = json!({ "roles": ["STAFF"] });
    let whole = "query ($a: Boolean = false) { me { id } audit @skip(if: $a) { entries } }";
    let lines = [
        json!({ "document": whole }),
        json!({ "document": "{ me { id } }" }),
        json!({ "document": whole, "claims": claims }),
    ];
    fs::write(folder.path().join("lines"), lines.map(|it| format!("{it}\n")).concat()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(["explain", "--batch", "lines", "--policy", "policy.yaml"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(told[0], told[1], "{text}");
    assert_eq!(told[0]["verdict"], "admit");
    let costs = [0, 2].map(|it| told[it]["cost"]["combined"].as_u64().unwrap());
    assert!(costs[0] < costs[1], "{text}");
}
