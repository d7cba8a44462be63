//! What a caller may not have is not there for it: in refusals with `conceal`, and in the schema that
//! introspection shows.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use portcullis::{admission::Gate, identity::Caller, verdict::Verdict};
use serde_json::{Value, json};
use support::judge;

const POLICY: &str = "
introspection: allow
conditions: { staff: 'has(claims.roles) && \"STAFF\" in claims.roles' }
authorization:
  default: allow
  conceal: true
  rules:
    - { on: [User.email], allow: staff }
    - { on: [User.phone], allow: 'staff || parent.field == \"Query.me\"' }
    - { on: [Query.audit], allow: staff }
";

fn gate() -> Gate {
    judge::gate("authorization.graphql", POLICY, "tests/rules")
}

fn staff() -> Caller {
    judge::caller(Some(&json!({ "roles": ["STAFF"] })))
}

/// What the client is told: code, rule and text.
fn told(document: &str) -> Option<(&'static str, &'static str, String)> {
    let body = json!({ "query": document }).to_string();
    match judge::judge(&gate(), body.as_bytes()) {
        Verdict::Reject(rejected) => {
            let it = &rejected.items[0];
            Some((it.code.as_str(), it.rule, it.public.to_string()))
        }
        Verdict::Admit(_) | Verdict::Answer(_) => None,
    }
}

#[test]
fn a_concealed_field_is_told_of_like_one_that_is_not_there() {
    let denied = told("{ me { email } }").unwrap();
    let unknown = told("{ me { emial } }").unwrap();
    assert_eq!((denied.0, denied.1), (unknown.0, unknown.1));
    assert_eq!(denied.2, unknown.2.replace("emial", "email"));
    assert_eq!(told("{ me { phone } }"), None);
}

fn answered(caller: &Caller, document: &str) -> Value {
    let body = json!({ "query": document }).to_string();
    let verdict = judge::judge_as(&gate(), caller, body.as_bytes());
    let Verdict::Answer(answered) = verdict else { return Value::Null };
    serde_json::from_slice(&answered.body).unwrap()
}

fn fields(caller: &Caller, ty: &str) -> Vec<String> {
    let told = answered(caller, &format!("{{ __type(name: \"{ty}\") {{ fields {{ name }} }} }}"));
    let fields = told["data"]["__type"]["fields"].as_array().cloned().unwrap_or_default();
    fields.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_schema_is_shown_as_far_as_the_caller_may_ask() {
    let all = ["id", "email", "phone", "friend", "passwordHash"];
    assert_eq!(fields(&staff(), "User"), all);
    // Where a condition looks around, the field may be had somewhere.
    assert_eq!(fields(&Caller::default(), "User"), ["id", "phone", "friend", "passwordHash"]);
}

#[test]
fn a_type_that_nothing_leads_to_is_not_shown() {
    assert_eq!(fields(&staff(), "Audit"), ["entries"]);
    assert!(fields(&Caller::default(), "Audit").is_empty());
    let types = answered(&Caller::default(), "{ __schema { types { name } } }").to_string();
    assert!(!types.contains("Audit") && types.contains("\"User\"") && types.contains("\"Int\""));
}
