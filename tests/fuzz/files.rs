//! Files of operators: policies and manifests never panic, and complain about places that exist.

use std::{fs, path::Path, sync::Arc};

use portcullis::{
    diagnostic::{Colour, Diagnostics, Source, render},
    policy::{Policy, load, manifest},
};

use crate::{ROOT, mutate::Target};

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap()
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.into(), text: text.into() })
}

/// Every place is inside its file, and can be shown.
fn shown(found: &Diagnostics) -> String {
    for (source, span) in found.iter().filter_map(|it| it.place.as_ref()) {
        assert!(source.text.get(span.clone()).is_some(), "{span:?}");
    }
    render(found, Colour::Plain)
}

/// Compiles a policy: it, and everything there is to say of it.
fn compiled(text: &str) -> (Option<Policy>, String) {
    let mut resolve = |name: &str| match name {
        "missing" => Err("no such file".to_owned()),
        name if name.ends_with(".json") => Ok(source(name, r#"{"1": "{ a(first: 1) { b } }"}"#)),
        name if name.ends_with(".graphql") => Ok(source(name, SMALL)),
        name => Ok(source(name, "{}")),
    };
    let (policy, found) = load(source("policy.yaml", text), &mut resolve);
    assert_eq!(policy.is_none(), found.has_errors());
    (policy, shown(&found))
}

const SMALL: &str = "type Query { a(first: Int, t: String): T } type T { b: T } input I { c: Int }";

#[test]
fn policy() {
    policy_target().fuzz(300);
}

#[test]
fn manifests() {
    manifest_target().fuzz(3000);
}

/// A policy is compiled or complained about, and the second time like the first.
pub(crate) fn policy_target() -> Target {
    let names = ["baseline", "demo", "internal", "shop", "strict"];
    let mut seeds: Vec<_> =
        names.iter().map(|it| text(&format!("policies/{it}.yaml")).into_bytes()).collect();
    seeds.push(text("tests/corpus/bazaar/policy.yaml").into_bytes());
    seeds.extend(BLOCKS.map(|it| [HEAD, it].concat().into_bytes()));
    Target::new("policy", seeds, |input| {
        let text = String::from_utf8_lossy(input);
        let (policy, found) = compiled(&text);
        let (again, found_again) = compiled(&text);
        assert_eq!(found, found_again);
        assert_eq!(policy.as_ref().map(said), again.as_ref().map(said));
        policy.is_some()
    })
}

/// What can be told of a policy.
fn said(it: &Policy) -> impl PartialEq + std::fmt::Debug {
    let (http, response) = (format!("{:?}", it.http), format!("{:?}", it.response));
    let limits = format!("{:?} {:?} {:?} {:?}", it.body, it.reading, it.ceilings, it.rates);
    (it.digest, it.blocks.clone(), http, response, limits)
}

const HEAD: &str = "version: 1\nname: t\nschema: { file: t.graphql }\n";

/// One block each, so that more changed ones compile.
const BLOCKS: [&str; 9] = [
    "limits: { body: 10KiB, depth: 5, variables: { count: 3, list: 10 } }\n",
    "cost: { max: 50, mode: report, weights: { Query.a: 3 }, lists: { Query.a: { slicing: [first], max: 9 } } }\n",
    "conditions: { staff: 'has(claims.roles) && \"STAFF\" in claims.roles' }\nprofiles: [{ name: s, when: staff, limits: { depth: 9 } }]\n",
    "authorization:\n  default: deny\n  rules:\n    - { on: [Query.a], allow: always }\n    - { on: [T.b], allow: 'args.size() == 0' }\n",
    "inputs:\n  - { at: ['Query.a(first:)'], range: 0..10 }\n  - { at: ['*(t:)'], pattern: '[a-z]{1,3}', length: 1..3 }\n",
    "rates: [{ name: r, key: client.ip, limit: 20/s, burst: 40 }]\nonce_per_request: [Query.a]\n",
    "response: { max: 1MiB, timeout: 3s, contract: enforce, errors: { mask: true, keep_codes: [A] }, extensions: [cost] }\n",
    "http: { path: /g, get: on, batch: 3, origins: ['https://a.example'], forward_headers: [accept], unknown_keys: reject }\n",
    "documents: { require: true, manifests: [m.json] }\nexceptions: []\nintrospection: allow\n",
];

pub(crate) fn manifest_target() -> Target {
    let seeds = [
        br#"{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38","body":"query A { a }","name":"A","type":"query","clientName":"web"}]}"#.to_vec(),
        br#"{"sha256:ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38":"{ a }","b":"query B { b }"}"#.to_vec(),
        text("tests/corpus/bazaar/persisted.json").into_bytes(),
    ];
    Target::new("manifest", seeds.to_vec(), |input| {
        let text = String::from_utf8_lossy(input);
        let mut found = Diagnostics::default();
        let read = manifest::read_file(&source("m.json", &text), &mut found);
        let _shown = shown(&found);
        for it in &read.listed {
            assert!(it.place.0.text.get(it.place.1.clone()).is_some());
        }
        !read.listed.is_empty()
    })
}
