//! Whole policies with manifests.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    digest::Digest,
    policy::{
        Apq, Get, Policy, ProfileIdx, load::load_with, manifest::DocumentId, testing::registry,
    },
    rules::Trusted,
    verdict::Mode,
};

/// Compiles a policy whose files are given; `s.graphql` is there.
fn compile(rest: &str, files: &[(&str, &str)]) -> (Option<Policy>, Diagnostics) {
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let text = format!("version: 1\nname: t\nschema: {{ file: s.graphql }}\n{rest}");
    let mut resolve = |name: &str| match files.iter().find(|(it, _)| *it == name) {
        Some((name, text)) => Ok(source(name, text)),
        None if name == "s.graphql" => {
            Ok(source(name, "type Query { a: Int b(c: E): Int } enum E { trueish X }"))
        }
        None => Err("no such file".into()),
    };
    load_with(registry(), &source("policy.yaml", &text), &mut resolve, None)
}

#[track_caller]
fn check(rest: &str, files: &[(&str, &str)], expect: &[&str]) -> Option<Policy> {
    let (policy, found) = compile(rest, files);
    let codes: Vec<_> = found.iter().map(|it| it.code).collect();
    assert_eq!(codes, expect, "{found:?}");
    policy
}

const ONE: &str = "documents: { manifests: [m.json] }";

#[track_caller]
fn check_manifest(manifest: &str, expect: &[&str]) {
    check(ONE, &[("m.json", manifest)], expect);
}

#[test]
fn a_document_is_found_by_every_name_and_no_other() {
    let policy = check(ONE, &[("m.json", r#"{"x-1":"query A { a } query B { b }"}"#)], &[]);
    let policy = policy.unwrap();
    let library = &policy.documents.library;
    let idx = library.with_text("query A { a } query B { b }").unwrap();
    let by_id = |id: &str| library.with_id(&DocumentId::parse(id).unwrap());
    assert_eq!(by_id("x-1"), Some(idx));
    assert_eq!(by_id("x-2"), None);
    let digest = Digest::of(b"query A { a } query B { b }");
    assert_eq!(by_id(&digest.to_string()), Some(idx));
    assert_eq!(library.with_text("query A { a }"), None);
    for canonical in ["query A{a}", "query B{b}"] {
        assert_eq!(policy.documents.trusted(canonical), (Trusted::Yes, Some(idx)));
    }
    assert_eq!(policy.documents.trusted("query C{a}"), (Trusted::No, None));
}

#[test]
fn every_document_must_be_good() {
    check_manifest(r#"{"1":"{a}","2":"{b}"}"#, &[]);
    check_manifest(r#"{"1":"{a","2":"{x}","3":"type A { a: Int }"}"#, &["bad-document"; 3]);
    check_manifest(r#"{"1":"fragment F on Query { a }"}"#, &["bad-document"]);
    check_manifest(r#"{"1":"{...F} fragment F on Query {...F}"}"#, &["bad-document"]);
    // Another reader takes this value for `true` and more, unless it is told otherwise.
    check_manifest(r#"{"1":"{b(c: trueish)}"}"#, &[]);
    check("documents: { manifests: [none.json] }", &[], &["unreadable-file"]);
}

#[test]
fn only_what_could_be_a_folder_is_told_how_one_is_written() {
    let help = |name: &str| {
        let (_, found) = compile(&format!("documents: {{ manifests: [{name}] }}"), &[]);
        found.iter().next().and_then(|it| it.help.clone()).unwrap_or_default()
    };
    assert!(help("none").contains("a folder"));
    assert!(!help("none.json").contains("a folder"));
    assert!(!help("a.b/none.json").contains("a folder"));
    assert!(help("a.b/none").contains("a folder"));
}

#[test]
fn one_id_has_one_text() {
    let two = "documents: { manifests: [m.json, n.json] }";
    let n = |text| check(two, &[("m.json", r#"{"1":"{a}"}"#), ("n.json", text)], &[]).is_some();
    assert!(n(r#"{"1":"{a}"}"#));
    assert!(n(r#"{"2":"{a}"}"#));
    let twice = [("m.json", r#"{"1":"{a}"}"#), ("n.json", r#"{"1":"{a }"}"#)];
    check(two, &twice, &["duplicate-id"]);
}

#[test]
fn a_folder_is_a_manifest() {
    let files = [
        ("o/", "a.graphql\nf.graphql\n"),
        ("o/a.graphql", "query A { ...F }"),
        ("o/f.graphql", "fragment F on Query { a }"),
    ];
    let policy = check("documents: { manifests: [o/] }", &files, &[]).unwrap();
    assert_eq!(policy.documents.library.iter().count(), 1);
    let expect = Trusted::Yes;
    assert_eq!(policy.documents.trusted("query A{...F} fragment F on Query{a}").0, expect);
}

#[test]
fn the_other_settings() {
    let files = [("m.json", r#"{"1":"{a}"}"#)];
    let of = |rest: &str| {
        let policy = check(&format!("documents: {{ manifests: [m.json], {rest} }}"), &files, &[]);
        policy.unwrap().documents
    };
    assert_eq!(of("require: true").require, Some(Mode::Enforce));
    assert_eq!(of("require: false").require, None);
    assert_eq!(of("require: { mode: report }").require, Some(Mode::Report));
    assert_eq!(of("apq: on").apq, Apq::On);
    assert_eq!(of("apq: off").apq, Apq::Off);
    check("documents: { require: true }", &[], &["no-manifests"]);
    check("documents: { manifests: [m.json], require: true, apq: on }", &files, &["no-effect"]);
    check("documents: { manifest: [m.json] }", &files, &["unknown-key"]);
}

#[test]
fn get_needs_trusted_documents() {
    let files = [("m.json", r#"{"1":"{a}"}"#)];
    let get = |rest: &str| compile(rest, &files).0.unwrap().http.get;
    assert_eq!(get(ONE), Get::Trusted);
    assert_eq!(get(""), Get::Off);
    assert_eq!(get("http: { get: trusted }"), Get::Off);
    assert_eq!(get("http: { get: on }"), Get::On);
    check("http: { get: trusted }", &[], &["no-effect"]);
    assert_eq!(get(&format!("http: {{ get: off }}\n{ONE}")), Get::Off);
}

#[test]
fn settings_belong_to_what_a_document_says() {
    let files = [("m.json", r#"{"1":"{a}","2":"{ a }","3":"{b}"}"#)];
    let hash = |text: &str| format!("sha256:{}", Digest::of(text.as_bytes()));
    let settings =
        |items: &str| format!("documents: {{ manifests: [m.json], settings: [{items}] }}");
    let item = format!("{{ document: '{}', cost: 7, profile: base }}", hash("{a}"));
    let policy = check(&settings(&item), &files, &[]).unwrap();
    let library = &policy.documents.library;
    let of = |text: &str| {
        let document = library.document(library.with_text(text).unwrap()).unwrap();
        let found = library.settings(document.says[0]);
        found.map(|it| (it.cost, it.profile))
    };
    assert_eq!(of("{a}"), Some((Some(7), Some(ProfileIdx::BASE))));
    assert_eq!(of("{ a }"), Some((Some(7), Some(ProfileIdx::BASE))));
    assert_eq!(of("{b}"), None);
    let again = format!("{item}, {{ document: '{}', when: never }}", hash("{ a }"));
    check(&settings(&again), &files, &["duplicate-settings"]);
    let wrong = |rest: &str, expect| {
        check(&settings(&format!("{{ document: '{}'{rest} }}", hash("{a}"))), &files, &[expect]);
    };
    wrong("", "no-effect");
    wrong(", profile: bas", "unknown-profile");
    wrong(", when: nobody", "wrong-expression");
    let unlisted = format!("{{ document: '{}', when: never }}", hash("{c}"));
    check(&settings(&unlisted), &files, &["unlisted-document"]);
}

#[test]
fn settings_of_one_document_leave_the_other_operations_of_another_alone() {
    let both = "query X { b } query Y { a }";
    let manifest = format!(r#"{{"1":"{both}","2":"query Y {{ a }}"}}"#);
    let files = [("m.json", &*manifest)];
    let of = |document: &str| {
        let hash = Digest::of(document.as_bytes());
        let settings = format!("[{{ document: 'sha256:{hash}', when: never, cost: 7 }}]");
        let rest = format!("documents: {{ manifests: [m.json], settings: {settings} }}");
        let library = check(&rest, &files, &[]).unwrap().documents.library;
        ["query X{b}", "query Y{a}"].map(|it| {
            let listed = library.with_canonical(it).unwrap();
            library.settings(listed).and_then(|it| it.cost)
        })
    };
    assert_eq!(of("query Y { a }"), [None, Some(7)]);
    assert_eq!(of(both), [Some(7), Some(7)]);
    let hash = |text: &str| Digest::of(text.as_bytes());
    let (first, second) = (hash(both), hash("query Y { a }"));
    let twice = format!(
        "documents: {{ manifests: [m.json], settings: [{{ document: 'sha256:{second}', cost: 7 }}, \
         {{ document: 'sha256:{first}', when: never }}] }}"
    );
    check(&twice, &files, &["duplicate-settings"]);
}
