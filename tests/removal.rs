//! `on_deny: remove`: what goes on is what the caller may have, and it still validates.

mod support;

use portcullis::{admission::Gate, verdict::Verdict};
use serde_json::{Value, json};
use support::judge;

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
