//! Trusted documents without a socket: what the judge says, and how many there may be.

use std::{fmt::Write as _, num::NonZeroUsize, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate, Request, explain},
    diagnostic::{Colour, Source, render},
    identity::Caller,
    json, policy,
    transport::decode,
    verdict::Verdict,
};
use serde_json::{Value, json};

use crate::{A, MANIFEST, SCHEMA, hash, manifest, support::judge};

/// A gate over the manifest.
fn gate(rest: &str) -> Gate {
    gate_with(rest, CacheLimits::default())
}

fn gate_with(rest: &str, cache: CacheLimits) -> Gate {
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}\n");
    let (policy, found) = policy::load(source("p.yaml", &text), &mut |name| {
        Ok(if name == "s.graphql" { source(name, SCHEMA) } else { source(name, &manifest()) })
    });
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    Gate::new(Arc::new(policy), cache)
}

/// The codes that are reported of an admitted request, or the code that refuses it.
fn verdict(gate: &Gate, body: &Value) -> Result<Vec<String>, String> {
    match judge::judge(gate, body.to_string().as_bytes()) {
        Verdict::Admit(admitted) => {
            let reported = admitted.items().iter().flat_map(|it| &it.reported);
            Ok(reported.map(|it| format!("{}: {}", it.code, it.detail)).collect())
        }
        Verdict::Answer(_) => panic!("nothing is answered here"),
        Verdict::Reject(rejected) => Err(rejected.items[0].code.to_string()),
    }
}

#[test]
fn report_says_what_would_have_been_refused() {
    let gate = gate("documents: { manifests: [m.json], require: { mode: report } }");
    assert_eq!(verdict(&gate, &json!({ "query": A })), Ok(Vec::new()));
    assert_eq!(verdict(&gate, &json!({ "documentId": hash(A) })), Ok(Vec::new()));
    let unknown = "PERSISTED_QUERY_NOT_IN_LIST: would have been refused: unknown document";
    assert_eq!(verdict(&gate, &json!({ "query": "{a}" })), Ok(vec![unknown.to_owned()]));
}

#[test]
fn the_limit_that_is_told_is_the_one_that_was_compared() {
    let own = format!("[{{ document: 'sha256:{}', cost: 100 }}]", hash(A));
    let gate = gate(&format!(
        "cost: {{ max: 7, answers: {{ in_extensions: true }} }}\n\
         documents: {{ manifests: [m.json], settings: {own} }}"
    ));
    let told = |query: &str| {
        let body = json!({ "query": query }).to_string();
        let tree = json::read(body.as_bytes(), json::Limits::default()).unwrap();
        let requests = decode(&tree, &gate.policy().http).unwrap();
        let (_, follow) = gate.admit_and_follow(&requests, &Caller::default(), judge::NOW);
        follow.watched.unwrap().tell(r#"{"data":{}}"#).unwrap()
    };
    assert!(told(A).contains("\"limit\":100"), "{}", told(A));
    assert!(told("{__typename}").contains("\"limit\":7"), "{}", told("{__typename}"));
    let explained = |query: &str| {
        let request = Request { query: Some(json::Literal::of(query)), ..Request::default() };
        let whom = (&Caller::default(), judge::NOW);
        explain(gate.policy(), policy::ProfileIdx::BASE, &request, whom).cost.unwrap().limit
    };
    assert_eq!((explained(A), explained("{__typename}")), (Some(100), Some(7)));
}

#[test]
fn rules_apply_to_trusted_documents() {
    let strict = gate("limits: { fields: 0 }\nexceptions: []");
    assert_eq!(verdict(&strict, &json!({ "query": A })), Err("MAX_FIELDS_LIMIT".to_owned()));
    let costly = format!(
        "cost: {{ max: 0, mode: enforce, defaults: {{ field: {{ leaf: 1 }} }} }}\n{MANIFEST}"
    );
    let refused = Err("COST_ESTIMATED_TOO_EXPENSIVE".to_owned());
    assert_eq!(verdict(&gate(&costly), &json!({ "documentId": hash(A) })), refused);
    let own = format!("[{{ document: 'sha256:{}', cost: 100 }}]", hash(A));
    let lifted = costly.replace("[m.json]", &format!("[m.json], settings: {own}"));
    assert_eq!(verdict(&gate(&lifted), &json!({ "documentId": hash(A) })), Ok(Vec::new()));
    assert_eq!(verdict(&gate(&lifted), &json!({ "query": "query A{a}" })), Ok(Vec::new()));
    assert_eq!(verdict(&gate(&lifted), &json!({ "documentId": "x-b:1" })), refused);
    let nobody = format!("[{{ document: 'sha256:{}', when: 'has(claims.sub)' }}]", hash(A));
    let nobody = MANIFEST.replace("[m.json]", &format!("[m.json], settings: {nobody}"));
    let refused = Err("FORBIDDEN".to_owned());
    assert_eq!(verdict(&gate(&nobody), &json!({ "documentId": hash(A) })), refused);
    assert_eq!(verdict(&gate(&nobody), &json!({ "documentId": "x-b:1" })), Ok(Vec::new()));
}

#[test]
fn the_order_of_a_batch_decides_nothing() {
    let own = format!("[{{ document: 'sha256:{}', cost: 2 }}]", hash(A));
    let gate = gate(&format!(
        "http: {{ batch: 5 }}\ncost: {{ max: 3, mode: enforce, defaults: {{ field: {{ leaf: 2 }} }} }}\n\
         documents: {{ manifests: [m.json], settings: {own} }}"
    ));
    let (own, other) = (json!({ "query": A }), json!({ "query": "{a}" }));
    // Each is within its own limit, and what shares one adds up.
    for admitted in [json!([own, other]), json!([other, own])] {
        assert_eq!(verdict(&gate, &admitted), Ok(Vec::new()));
    }
    for refused in [json!([other, own, other]), json!([own, other, own]), json!([own, own])] {
        assert!(verdict(&gate, &refused).is_err(), "{refused}");
    }
}

#[test]
fn expressions_see_whether_a_document_is_trusted() {
    let gate = gate(&format!(
        "{MANIFEST}\nauthorization: {{ rules: [{{ on: [Query.a], allow: operation.trusted }}] }}"
    ));
    assert_eq!(verdict(&gate, &json!({ "query": "query A {a}" })), Ok(Vec::new()));
    assert_eq!(verdict(&gate, &json!({ "query": "{a}" })), Err("FORBIDDEN".to_owned()));
}

#[test]
fn a_flood_of_documents_leaves_the_trusted_ones_alone() {
    let documents = NonZeroUsize::MIN;
    let gate = gate_with(MANIFEST, CacheLimits { documents, ..CacheLimits::default() });
    let mut text = String::new();
    for n in 0..1_000 {
        text.clear();
        let _ = write!(text, "query Q{n} {{ a }}");
        assert!(verdict(&gate, &json!({ "query": text })).is_ok());
    }
    for body in [json!({ "documentId": hash(A) }), json!({ "query": A })] {
        assert_eq!(verdict(&gate, &body), Ok(Vec::new()));
    }
}

#[test]
fn many_documents_load() {
    let mut listed = serde_json::Map::new();
    for n in 0..2_000 {
        let text = format!("query Q{n}($x: Int) {{ a b(x: $x) c: b(x: {n}) }}");
        listed.insert(hash(&text), text.into());
    }
    let manifest = Value::Object(listed).to_string();
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{MANIFEST}\n");
    let (policy, found) = policy::load(source("p.yaml", &text), &mut |name| {
        Ok(if name == "s.graphql" { source(name, SCHEMA) } else { source(name, &manifest) })
    });
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    let gate = Gate::new(Arc::new(policy), CacheLimits::default());
    let last = format!("query Q{0}($x: Int) {{ a b(x: $x) c: b(x: {0}) }}", 1_999);
    assert!(verdict(&gate, &json!({ "documentId": hash(&last) })).is_ok());
}
