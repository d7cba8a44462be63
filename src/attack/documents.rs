//! Trusted documents: texts that are not listed, ids with another text, hashes of whatever a client
//! would like to have remembered.

use serde_json::{Value, json};

use crate::{
    attack::{Attempt, Request, Side, Transport, World, fields::everywhere, limits::ways_in},
    digest::Digest,
    expression::Asked,
    identity::Seen,
    policy::{Get, TrustedDocument},
    verdict::Mode,
};

/// Attempts against `documents`.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let documents = &world.policy.documents;
    let mut all = Vec::new();
    if documents.library.is_empty() && !documents.apq.is_on() {
        return all;
    }
    all.extend(mismatched());
    let listed: Vec<_> = documents.library.iter().take(MAX_DOCUMENTS).collect();
    for (_, document) in &listed {
        all.extend(misnamed(document));
    }
    if documents.require != Some(Mode::Enforce) {
        return all;
    }
    all.extend(unlisted(listed.first().map(|(_, it)| *it)));
    for (_, document) in listed {
        all.extend(as_listed(world, document));
        all.extend(changed(document));
    }
    all
}

/// A hash that is another text's.
fn mismatched() -> Vec<Attempt> {
    let request = hashed("{ a: __typename }", Request::new("{ b: __typename }"));
    everywhere(&beyond("INVALID_REQUEST", request).about("hash", "another text's"))
}

/// A listed id with a text that is not its own.
fn misnamed(document: &TrustedDocument) -> Vec<Attempt> {
    let mut all = Vec::new();
    for (way, text) in [
        ("another text", "{ attack: __typename }".to_owned()),
        ("the same in other letters", twin(&document.text)),
    ] {
        let named = Request::new(&*text).beside("documentId", (&*document.id).into());
        let hashed = Request::new(text).beside("extensions", persisted(document.digest));
        for (at, request) in [("listed id", named), ("listed hash", hashed)] {
            let request = selecting(document, request);
            all.extend(everywhere(&beyond("INVALID_REQUEST", request).about(at, way)));
        }
    }
    all
}

/// What nobody has listed: as a text, behind a listed one, by its hash, by an id.
fn unlisted(listed: Option<&TrustedDocument>) -> Vec<Attempt> {
    let text = "query Attack { attack: __typename }";
    let plain = Request::new(text);
    let code = "PERSISTED_QUERY_NOT_IN_LIST";
    let mut all = everywhere(&beyond(code, plain.clone()).about("unlisted", "text"));
    let with_hash = hashed(text, plain.clone());
    all.extend(everywhere(&beyond("", with_hash).about("unlisted", "registered by its hash")));
    // In a later round: after it would have been remembered.
    let alone = hashed(text, Request::default());
    all.extend(everywhere(&beyond("", alone).about("unlisted", "hash alone")));
    let named = Request::default().beside("documentId", "attack".into());
    all.extend(everywhere(&beyond("", named).about("unlisted", "id")));
    all.extend(listed.map(|it| {
        let first = selecting(it, Request::new(&*it.text));
        let attempt = beyond("", Request::default()).about("unlisted", "behind a listed one");
        let requests = vec![first, plain];
        Attempt { requests, transport: Transport::Batch, ..attempt }
    }));
    all
}

/// What is listed, as it is and in other letters: it says the same, and that is what counts.
fn as_listed(world: &World<'_>, document: &TrustedDocument) -> Vec<Attempt> {
    let library = &world.policy.documents.library;
    let settings = document.says.first().and_then(|it| library.settings(*it));
    let caller = world.caller();
    let seen = Seen::new(&caller);
    let asked = Asked::new(&world.policy.conditions, &seen);
    let may = settings.is_none_or(|it| it.when.evaluate(&asked, None).holds());
    let side = if may { Side::Within } else { Side::Beyond };
    let code = if may { "PERSISTED_QUERY_NOT_IN_LIST" } else { "FORBIDDEN" };
    let forms = [
        ("text", Request::new(&*document.text)),
        ("text in other letters", Request::new(twin(&document.text))),
        ("id", Request::default().beside("documentId", (&*document.id).into())),
        ("hash", Request::default().beside("extensions", persisted(document.digest))),
    ];
    let mut all = Vec::new();
    for (way, request) in forms {
        let attempt = beyond(code, selecting(document, request)).about(&*document.id, way);
        let attempt = attempt.on(side);
        let ways = ways_in(world, &attempt).into_iter();
        all.extend(ways.filter(|it| it.transport != Transport::Get || is_query(document)));
        let is_by_id = ["id", "hash"].contains(&way) && world.policy.http.get == Get::Trusted;
        if is_by_id && may && is_query(document) {
            all.push(attempt.by(Transport::Get));
        }
    }
    if is_mutation(document) {
        let named = Request::default().beside("documentId", (&*document.id).into());
        let attempt = Attempt::beyond("get", "", selecting(document, named));
        all.push(attempt.about(&*document.id, "id of a mutation").by(Transport::Get));
    }
    all
}

/// A listed text with something more.
fn changed(document: &TrustedDocument) -> Vec<Attempt> {
    let text = &*document.text;
    let forms = [
        ("one field more", text.replacen('{', "{ attack: __typename ", 1)),
        ("one operation more", format!("{text} query Attack {{ attack: __typename }}")),
    ];
    let mut all = Vec::new();
    for (way, text) in forms {
        let request = selecting(document, Request::new(text));
        let request = match way {
            "one operation more" => Request { operation: Some("Attack".to_owned()), ..request },
            _ => request,
        };
        all.extend(everywhere(&beyond("", request).about(&*document.id, way)));
    }
    all
}

fn beyond(code: &'static str, request: Request) -> Attempt {
    Attempt::beyond("documents", code, request)
}

/// The same with the hash of a text.
fn hashed(text: &str, request: Request) -> Request {
    request.beside("extensions", persisted(Digest::of(text.as_bytes())))
}

fn persisted(digest: Digest) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": digest.to_string() } })
}

/// The same with an operation chosen, where there are several.
fn selecting(document: &TrustedDocument, request: Request) -> Request {
    let operation = match document.operations.as_slice() {
        [] | [_] => None,
        [first, ..] => first.as_deref().map(String::from),
    };
    Request { operation, ..request }
}

/// The same text in other letters: white space and a comment that mean nothing.
fn twin(text: &str) -> String {
    format!("#\n ,{text}\n\n,# attack")
}

fn is_query(document: &TrustedDocument) -> bool {
    document.operations.len() == 1 && document.text.trim_start().starts_with(['{', 'q'])
}

fn is_mutation(document: &TrustedDocument) -> bool {
    document.operations.len() == 1 && document.text.trim_start().starts_with("mutation")
}

/// Documents that are tried.
const MAX_DOCUMENTS: usize = 20;
