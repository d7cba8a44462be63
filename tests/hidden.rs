//! What a caller may not have is not there for it: in refusals with `conceal`, and in the schema that
//! introspection shows.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::sync::Arc;

use portcullis::{
    admission::Gate,
    diagnostic::Source,
    identity::Caller,
    schema::{INTROSPECTION_QUERY, Schema, sdl_of_answer},
    verdict::Verdict,
};
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

const CONCEALING: &str = "
conditions: { staff: 'has(claims.roles) && \"STAFF\" in claims.roles' }
authorization:
  default: allow
  conceal: true
  rules:
    - { on: [User.passwordHash, Query.metrics, Audit.entries, Mutation.erase], allow: never }
    - { on: [User.email, Query.audit], allow: staff }
";

/// What a caller is told by a gate: nothing when the request is admitted.
fn told_to(gate: &Gate, caller: &Caller, body: &Value) -> Option<(String, String, String)> {
    match judge::judge_as(gate, caller, body.to_string().as_bytes()) {
        Verdict::Reject(rejected) => {
            let it = &rejected.items[0];
            Some((it.code.as_str().into(), it.rule.into(), it.public.to_string()))
        }
        Verdict::Admit(_) | Verdict::Answer(_) => None,
    }
}

/// Where `@` stands, a field is named; around it, everything that tells of a field that is there.
const FORMS: [&str; 27] = [
    "@",
    "x: @",
    "@(zz: 1)",
    "@ { a }",
    "@ { __typename }",
    "@(a: 1, a: 1)",
    "@(id: $x)",
    "@(id: {a: 1, a: 2})",
    "@ @foo",
    "@ @skip(if: true)",
    "@ @include(if: false)",
    "@ @skip(if: 1)",
    "... @skip(if: true) { @ }",
    "... @include(if: false) { x: @ }",
    "x: @ x: __typename",
    "@: __typename @",
    "@: __typename @(zz: 1)",
    "@ @(zz: 1)",
    "@ zzz",
    "zzz @",
    "zzz(a: 1) @(zz: 1)",
    "__typename(a: 1) @",
    "... on Zip { a } @",
    "...F @",
    "@ ...F",
    "@ # \" @\n",
    "a: @ b: @ c: @ d: @ e: @ f: @ g: @ h: @ i: @ j: @ k: @ l: @ m: @ n: @ o: @ p: @ q: @",
];

/// A field where it is written, and what must be told of it as of one that is not there.
#[track_caller]
fn unlike_none(gate: &Gate, caller: &Caller, field: &str, around: &str) {
    for form in FORMS {
        // The first and the second time: what was found is kept.
        for _ in 0..2 {
            let ask = |name: &str| {
                let form =
                    form.replace("@ ", &format!("{name} ")).replace("@(", &format!("{name}("));
                let form = form.replace("@:", &format!("{name}:"));
                let form = form.strip_suffix('@').map_or(form.clone(), |it| format!("{it}{name}"));
                let query = around.replace("%", &form);
                told_to(gate, caller, &json!({ "query": query }))
            };
            let concealed = ask(field).unwrap_or_else(|| panic!("{field}: {form} in {around}"));
            let unknown = ask("qqqqq").unwrap();
            assert_eq!(concealed.2, unknown.2.replace("qqqqq", field), "{form} in {around}");
            assert_eq!((concealed.0, concealed.1), (unknown.0, unknown.1), "{form} in {around}");
        }
    }
}

const IN_USER: [&str; 7] = [
    "{ me { % } }",
    "{ user(id: 1) { friend { % } } }",
    "{ me { ...G } } fragment G on User { % }",
    "{ node(id: 1) { ... on User { % } } }",
    "query A { __typename } query B { me { % } }",
    "query($x: ID) { me { % } }",
    "mutation { login { % } }",
];

#[test]
fn whatever_is_around_a_concealed_field_does_not_tell_that_it_is_there() {
    let gate = judge::gate("authorization.graphql", CONCEALING, "tests/rules");
    for caller in [&Caller::default(), &staff()] {
        for around in IN_USER {
            unlike_none(&gate, caller, "passwordHash", around);
        }
        unlike_none(&gate, caller, "metrics", "{ % }");
        unlike_none(&gate, caller, "erase", "mutation { % }");
    }
    for around in IN_USER {
        unlike_none(&gate, &Caller::default(), "email", around);
    }
    unlike_none(&gate, &Caller::default(), "audit", "{ % }");
}

#[test]
fn who_may_see_a_field_is_told_what_is_wrong_with_it() {
    let gate = judge::gate("authorization.graphql", CONCEALING, "tests/rules");
    let told = |caller: &Caller, query: &str| {
        told_to(&gate, caller, &json!({ "query": query })).map(|it| it.2)
    };
    // Another caller before and after: what was kept is not told to all.
    for _ in 0..2 {
        let nobody = &Caller::default();
        assert_eq!(told(nobody, "{ me { email(zz: 1) } }").unwrap(), "unknown field `email`");
        assert_eq!(told(&staff(), "{ me { email(zz: 1) } }").unwrap(), "unknown argument `zz`");
        assert_eq!(told(nobody, "{ me { email } }").unwrap(), "unknown field `email`");
        assert_eq!(told(&staff(), "{ me { email } }"), None);
        assert_eq!(told(&staff(), "{ me { email @skip(if: true) } }"), None);
        // Of two concealed fields one is there for staff.
        let both = "{ me { email passwordHash } }";
        assert_eq!(told(nobody, both).unwrap(), "unknown field `email`");
        assert_eq!(told(&staff(), both).unwrap(), "unknown field `passwordHash`");
        // What others have, under the same name, is there.
        assert_eq!(told(nobody, "{ search { ... on Shop { email } } }"), None);
        assert_eq!(told(nobody, "{ search { ... on Shop { ... on Actor { email } } } }"), None);
    }
}

#[test]
fn what_is_only_reported_or_taken_out_is_not_concealed() {
    for word in ["mode: report", "on_deny: remove"] {
        let policy = CONCEALING.replace("conceal: true", &format!("conceal: true\n  {word}"));
        let gate = judge::gate("authorization.graphql", &policy, "tests/rules");
        let told = |query| told_to(&gate, &Caller::default(), &json!({ "query": query }));
        assert_eq!(told("{ me { id passwordHash } }"), None, "{word}");
        assert_eq!(told("{ me { id passwordHash @skip(if: true) } }"), None, "{word}");
        let wrong = told("{ me { passwordHash(zz: 1) } }").unwrap();
        assert_eq!(wrong.2, "unknown argument `zz`", "{word}");
    }
}

const TOGETHER: &str = "{ __schema { queryType { fields { name } } } }";

/// The verdict on a query that asks for schema and data, and on a batch of one and the other.
fn beside(policy: &str, caller: &Caller) -> [Option<String>; 2] {
    let policy = format!("introspection: allow\nhttp: {{ batch: 2 }}\n{policy}");
    let gate = judge::gate("authorization.graphql", &policy, "tests/rules");
    let one = json!({ "query": "{ me { id } __schema { queryType { fields { name } } } }" });
    let batch = json!([{ "query": TOGETHER }, { "query": "{ me { id } }" }]);
    [one, batch].map(|it| told_to(&gate, caller, &it).map(|it| it.0))
}

#[test]
fn what_is_hidden_is_not_asked_for_beside_data() {
    let refused = || Some("INTROSPECTION_DISABLED".to_owned());
    let policy = |rest: &str| format!("authorization:\n  default: allow\n  {rest}");
    let hidden = policy("rules: [{ on: [Query.audit], allow: 'has(claims.roles)' }]");
    assert_eq!(beside(&hidden, &Caller::default()), [refused(), refused()]);
    // Nothing is hidden from these, or it is only reported.
    assert_eq!(beside(&hidden, &staff()), [None, None]);
    assert_eq!(beside("", &Caller::default()), [None, None]);
    let reported = hidden.replace("default: allow", "default: allow\n  mode: report");
    assert_eq!(beside(&reported, &Caller::default()), [None, None]);
    assert_eq!(beside(&format!("mode: report\n{hidden}"), &Caller::default()), [None, None]);
}

#[test]
fn introspection_that_is_answered_here_can_come_in_a_batch() {
    let policy = format!("introspection: allow\nhttp: {{ batch: 2 }}\n{CONCEALING}");
    let gate = judge::gate("authorization.graphql", &policy, "tests/rules");
    let batch = json!([{ "query": TOGETHER }, { "query": TOGETHER }]).to_string();
    assert!(matches!(judge::judge(&gate, batch.as_bytes()), Verdict::Answer(_)));
    // What is left out is not asked for.
    let query = "query($t: Boolean!) { me { id } __schema @skip(if: $t) { description } }";
    let told = |t: bool| {
        let body = json!({ "query": query, "variables": { "t": t } });
        told_to(&gate, &Caller::default(), &body).map(|it| it.0)
    };
    assert_eq!(told(true), None);
    assert_eq!(told(false), Some("INTROSPECTION_DISABLED".to_owned()));
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

/// The schema that a caller without a token is shown, read as a schema; the types it has of these.
#[track_caller]
fn shown(never: &str, types: &[&str]) -> Vec<String> {
    let policy = format!(
        "introspection: allow\nauthorization: {{ default: allow, rules: [{{ on: [{never}], \
         allow: never }}] }}"
    );
    let gate = judge::gate("authorization.graphql", &policy, "tests/rules");
    let body = json!({ "query": INTROSPECTION_QUERY }).to_string();
    let Verdict::Answer(answered) = judge::judge(&gate, body.as_bytes()) else { panic!("{never}") };
    let text = sdl_of_answer(&answered.body).unwrap();
    let source = Source { name: "s".into(), text: text.as_str().into() };
    let (schema, found) = Schema::load(Arc::new(source)).unwrap();
    assert_eq!(found.iter().count(), 0, "{never}: {found:?}");
    let told = types.iter().map(|it| {
        let fields = schema.type_named(it).map(|it| schema.fields(it));
        let names = fields.into_iter().flatten().map(|it| schema.field(it).name.to_string());
        let names: Vec<_> = names.filter(|it| !it.starts_with("__")).collect();
        format!("{it}: {}", names.join(" "))
    });
    told.collect()
}

/// What is denied of one object type is not to be had of its interfaces, in which it may answer.
#[test]
fn an_interface_is_shown_without_what_an_implementer_lacks() {
    let told = shown("User.id", &["Node", "Actor", "User", "Shop", "Query"]);
    let query = "Query: me user actor search audit metrics";
    let user = "User: email phone friend passwordHash";
    assert_eq!(
        told,
        ["Node: ", "Actor: email friend", user, "Shop: id email friend revenue", query]
    );
    let told = shown("Shop.friend, Actor.id", &["Actor", "User", "Shop"]);
    let user = "User: email phone friend passwordHash";
    assert_eq!(told, ["Actor: email", user, "Shop: email revenue"]);
    let policy = "authorization: { default: allow, rules: [{ on: [User.id], allow: never }] }";
    let gate = judge::gate("authorization.graphql", policy, "tests/rules");
    let asked = |query: &str| {
        let body = json!({ "query": query });
        told_to(&gate, &Caller::default(), &body).map(|it| it.0)
    };
    assert_eq!(asked("{ actor { id } }"), Some("FORBIDDEN".to_owned()));
    assert_eq!(asked("{ actor { email } }"), None);
}

#[test]
fn a_union_without_members_is_not_shown() {
    let query = "Query: me user actor node search audit metrics";
    assert_eq!(shown("User", &["User", "Query"]), ["User: ", &query.replace(" me user", "")]);
    let told = shown("User, Shop", &["Result", "User", "Shop", "Query"]);
    assert_eq!(told, ["Result: ", "User: ", "Shop: ", "Query: actor node audit metrics"]);
}

#[test]
fn the_upstream_tells_nothing_of_itself_below_the_root_either() {
    let judged = |caller: &Caller, document: &str| {
        let body = json!({ "query": document }).to_string();
        match judge::judge_as(&gate(), caller, body.as_bytes()) {
            Verdict::Admit(_) => "admitted",
            Verdict::Answer(_) => "answered",
            Verdict::Reject(rejected) => rejected.items[0].code.as_str(),
        }
    };
    let inner = "mutation { join { query { __schema { types { name } } } } }";
    assert_eq!(judged(&Caller::default(), inner), "INTROSPECTION_DISABLED");
    assert_eq!(judged(&staff(), inner), "admitted");
    let skipped = inner
        .replace("types", "types @skip(if: true)")
        .replace("__schema", "__schema @skip(if: true)");
    assert_eq!(judged(&Caller::default(), &skipped), "admitted");
    assert_eq!(judged(&Caller::default(), "mutation { join { ok } }"), "admitted");
}

#[test]
fn what_is_only_reported_is_shown() {
    let shown = |policy: &str| {
        let gate = judge::gate("authorization.graphql", policy, "tests/rules");
        let body = json!({ "query": "{ __schema { queryType { fields { name } } } }" }).to_string();
        match judge::judge(&gate, body.as_bytes()) {
            Verdict::Answer(answered) => {
                String::from_utf8(answered.body).unwrap().contains("\"me\"")
            }
            other => panic!("{other:?}"),
        }
    };
    let deny = "introspection: allow\nauthorization: { default: deny";
    assert!(!shown(&format!("{deny} }}")));
    assert!(shown(&format!("{deny}, mode: report }}")));
    assert!(shown(&format!("mode: report\n{deny} }}")));
}
