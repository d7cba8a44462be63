//! Files of operators: policies and manifests never panic, and complain about places that exist.

use std::{fs, path::Path, sync::Arc};

use portcullis::{
    diagnostic::{Colour, Diagnostics, Source, render},
    policy::{load, manifest},
};

use crate::mutate::fuzz;

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.into(), text: text.into() })
}

/// Every place is inside its file, and can be shown.
fn check(found: &Diagnostics) {
    for (source, span) in found.iter().filter_map(|it| it.place.as_ref()) {
        assert!(source.text.get(span.clone()).is_some(), "{span:?}");
    }
    let _shown = render(found, Colour::Plain);
}

#[test]
fn policy() {
    let names = ["baseline", "demo", "internal", "shop", "strict"];
    let mut seeds: Vec<_> =
        names.iter().map(|it| text(&format!("policies/{it}.yaml")).into_bytes()).collect();
    seeds.push(text("tests/corpus/bazaar/policy.yaml").into_bytes());
    let small = "type Query { a(first: Int, t: String): T } type T { b: T } input I { c: Int }";
    fuzz("policy", 300, &seeds, |input| {
        let text = String::from_utf8_lossy(input);
        let mut resolve = |name: &str| match name {
            "missing" => Err("no such file".to_owned()),
            name => Ok(source(name, small)),
        };
        let (policy, found) = load(source("policy.yaml", &text), &mut resolve);
        check(&found);
        assert_eq!(policy.is_none(), found.has_errors());
        true
    });
}

#[test]
fn manifests() {
    let seeds = [
        br#"{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38","body":"query A { a }","name":"A","type":"query","clientName":"web"}]}"#.to_vec(),
        br#"{"sha256:ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38":"{ a }","b":"query B { b }"}"#.to_vec(),
        text("tests/corpus/bazaar/persisted.json").into_bytes(),
    ];
    fuzz("manifest", 3000, &seeds, |input| {
        let text = String::from_utf8_lossy(input);
        let mut found = Diagnostics::default();
        let read = manifest::read_file(&source("m.json", &text), &mut found);
        check(&found);
        for it in &read.listed {
            assert!(it.place.0.text.get(it.place.1.clone()).is_some());
        }
        !read.listed.is_empty()
    });
}
