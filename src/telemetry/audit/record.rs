//! One line of the audit log, with the names of the Elastic Common Schema.
//!
//! Codes, coordinates and our own details; never a token, a value, a header or a document.

use serde_json::{Map, Value, json};

use crate::{
    calendar::rfc3339,
    telemetry::{About, NotIdentified, Refused, enough::enough},
    verdict::{Code, Item, Violation},
};

pub(super) fn refusal(refused: &Refused<'_>, at: u64) -> Value {
    let Refused { about, code, found, subjects } = refused;
    let deciding = found.iter().find(|it| it.code == *code).or_else(|| found.first());
    let mut record = begun(about, "request-refused", at);
    let mut say = |key: &str, value: Value| record.insert(key.into(), value);
    say("event.type", json!(["denied"]));
    say("event.outcome", "failure".into());
    say("event.code", code.as_str().into());
    say("http.response.status_code", code.status().into());
    if let Some(deciding) = deciding {
        say("rule.id", deciding.rule.into());
        say("event.reason", enough(&deciding.detail).into());
    }
    let objections = found.iter().take(OBJECTIONS).map(|it| objection(refused, it));
    say("portcullis.objections", objections.collect());
    say("portcullis.objections_total", found.len().into());
    let subjects = subjects.iter().take(OBJECTIONS).map(|it| {
        json!({
            "hash": it.document.as_ref().map(|it| format!("sha256:{}", it.digest())),
            "kind": it.kind.map(|it| it.keyword()),
            "cost": it.cost,
        })
    });
    say("portcullis.documents", subjects.collect());
    Value::Object(record)
}

fn objection(refused: &Refused<'_>, violation: &Violation) -> Value {
    let Violation { rule, code, at, public: _, detail } = violation;
    let mut said = json!({ "rule": rule, "code": code.as_str(), "detail": enough(detail) });
    if let Some(said) = said.as_object_mut() {
        said.extend(at.as_ref().map(|at| ("at".to_owned(), enough(at).into())));
        said.extend(refused.exception(violation).map(|it| ("exception".to_owned(), it.into())));
    }
    said
}

pub(super) fn identity_failure(failure: &NotIdentified<'_>, at: u64) -> Value {
    let mut record = begun(failure.about, "identity-failed", at);
    record.insert("event.category".into(), json!(["authentication"]));
    record.insert("event.type".into(), json!(["denied"]));
    record.insert("event.outcome".into(), "failure".into());
    record.insert("event.code".into(), Code::UNAUTHENTICATED.as_str().into());
    record.insert("event.reason".into(), failure.reason.into());
    Value::Object(record)
}

pub(super) fn mutation(about: &About<'_>, (item, changes): (&Item, &[Box<str>]), at: u64) -> Value {
    let mut record = begun(about, "mutation-admitted", at);
    record.insert("event.type".into(), json!(["change", "allowed"]));
    record.insert("event.outcome".into(), "success".into());
    let changes =
        changes.iter().take(OBJECTIONS).map(|it| enough(it).into()).collect::<Vec<Value>>();
    record.insert("portcullis.mutations".into(), changes.into());
    let hash = format!("sha256:{}", item.document.digest());
    let document = json!([{ "hash": hash, "kind": item.kind.keyword(), "cost": item.cost }]);
    record.insert("portcullis.documents".into(), document);
    Value::Object(record)
}

/// What every line has.
fn begun(about: &About<'_>, action: &str, at: u64) -> Map<String, Value> {
    let record = json!({
        "@timestamp": rfc3339(at),
        "ecs.version": "8.11.0",
        "event.kind": "event",
        "event.module": "portcullis",
        "event.category": ["web", "api"],
        "event.action": action,
        "http.request.id": about.id.to_string(),
        "http.request.method": about.method(),
        "source.ip": about.address,
        "user.id": about.user(),
        "portcullis.transport": about.carrier.as_str(),
        "portcullis.policy": about.policy,
        "portcullis.graph": about.id.graph().name(),
    });
    let Value::Object(mut record) = record else { return Map::new() };
    record.retain(|_, it| !it.is_null());
    record
}

/// 32 objections of one request tell what it is.
const OBJECTIONS: usize = 32;
