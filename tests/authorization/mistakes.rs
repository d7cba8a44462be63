//! What is wrong or suspicious in the block, told at load.

use std::{fs, path::Path, sync::Arc};

use portcullis::{diagnostic::Source, policy};

const JWT: &str =
    "{ issuer: https://id.example, audience: api, keys: { url: https://id.example/keys } }";

/// The codes of what is told, each with the text that it points at.
#[track_caller]
fn check(rules: &str, expect: &[(&str, &str)]) {
    let text = format!(
        "version: 1\nname: t\nschema: {{ file: authorization.graphql }}\n\
         identity: {{ jwt: {JWT} }}\n\
         conditions: {{ staff: has(claims.staff) }}\nauthorization: {rules}\n"
    );
    let source = Arc::new(Source { name: "policy.yaml".into(), text: text.as_str().into() });
    let mut resolve = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(name);
        let text = fs::read_to_string(path).map_err(|it| it.to_string())?;
        Ok(Arc::new(Source { name: name.into(), text: text.into() }))
    };
    let (_, found) = policy::load(source, &mut resolve);
    let told = found.iter().map(|it| {
        let place = it.place.as_ref().and_then(|(source, at)| source.text.get(at.clone()));
        (it.code, place.unwrap_or_default())
    });
    assert_eq!(told.collect::<Vec<_>>(), expect, "{rules}");
}

#[test]
fn what_is_not_in_the_schema() {
    let on = |it: &str| format!("{{ rules: [{{ on: [{it}], allow: always }}] }}");
    check(&on("User.emial"), &[("unknown-coordinate", "User.emial")]);
    check(&on("Usr"), &[("unknown-coordinate", "Usr")]);
    check(&on("'*.nothing'"), &[("unknown-coordinate", "'*.nothing'")]);
    check(&on("'@nothing'"), &[("unknown-coordinate", "'@nothing'")]);
    check(&on("'@tag(name)'"), &[("not-a-coordinate", "'@tag(name)'")]);
    check(&on("'@tag(nmae: a)'"), &[("unknown-coordinate", "'@tag(nmae: a)'")]);
    check(&on("'@tag(name: [a])'"), &[("not-a-coordinate", "'@tag(name: [a])'")]);
    check(&on("a.b.c"), &[("not-a-coordinate", "a.b.c")]);
    check(&on("'Query.user(id:)'"), &[("wrong-place", "'Query.user(id:)'")]);
    check(&on("Result"), &[("wrong-place", "Result")]);
    check("{ rules: [{ on: [], allow: always }] }", &[("empty-list", "[]")]);
}

#[test]
fn conditions_that_say_nothing() {
    let allow = |it: &str| format!("{{ rules: [{{ on: [Query.me], allow: {it} }}] }}");
    check(&allow("stafff"), &[("wrong-expression", "stafff")]);
    check(&allow("value == 1"), &[("wrong-expression", "value == 1")]);
    check(&allow("staff"), &[]);
    check(&allow("true"), &[]);
    check("{ rules: [{ on: [Query.me] }] }", &[("missing-key", "{ on: [Query.me] }")]);
}

/// What the schema says of an argument tells, too.
#[test]
fn conditions_that_are_never_true_or_false() {
    let allow = |it: &str| format!("{{ rules: [{{ on: [Query.me, Query.user], allow: {it} }}] }}");
    for it in ["1 + 1", "\"'staff'\"", "field", "claims", "args", "'!claims'"] {
        check(&allow(it), &[("wrong-expression", it)]);
    }
    let on = |on: &str, it: &str| format!("{{ rules: [{{ on: [{on}], allow: {it} }}] }}");
    check(&on("Query.user", "args.id"), &[("wrong-expression", "args.id")]);
    check(&on("Query.user, Query.actor", "'!args.id'"), &[("wrong-expression", "'!args.id'")]);
    // Asked of a field without the argument it has no answer, and of many fields nobody knows.
    check(&allow("args.id"), &[]);
    check(&on("'*.user'", "args.id"), &[]);
    check(&allow("claims.admin"), &[]);
    check(&allow("operation.trusted"), &[]);
}

#[test]
fn rules_in_the_way_of_each_other() {
    let twice =
        "{ rules: [{ on: [Query.me], allow: always }, { on: ['Query.me'], allow: never }] }";
    check(twice, &[("duplicate-rule", "'Query.me'")]);
    let all_have_their_own =
        "{ rules: [{ on: [Audit.entries], allow: staff }, { on: [Audit], allow: never }] }";
    check(all_have_their_own, &[("shadowed-rule", "Audit")]);
}

/// A rule on one way to a type is none on the other ways.
#[test]
fn ways_around_a_rule() {
    let on_me = "{ default: allow, rules: [{ on: [Query.me], allow: staff }] }";
    check(on_me, &[("open-path", "Query.me")]);
    let on_the_type_too = "{ default: allow, rules: [{ on: [Query.me], allow: staff }, { on: [User.email], allow: staff }] }";
    check(on_the_type_too, &[]);
    let no_other_way = "{ rules: [{ on: [Query.me], allow: staff }] }";
    check(no_other_way, &[]);
}
