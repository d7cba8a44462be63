//! Answers that go on: events, and what @defer and @stream leave for later.

use super::*;

#[test]
fn parts_are_looked_for_everywhere() {
    let with = |rules: &str| {
        let bench = Bench::new(rules, &["{ me { id e: email } }"]);
        Bench { course: Course::Parts, ..bench }
    };
    let part = |data: &str, errors: &str| {
        format!(
            r#"{{"incremental":[{{"path":["me"],"data":{data},"errors":[{errors}]}}],"hasNext":false}}"#
        )
    };
    let secret = r#"{"message":"secret"}"#;
    with("errors: mask").check(&part("{}", secret), &part("{}", MASKED));
    let (open, shut) = (r#"{"id":1,"e":"x","email":"y"}"#, r#"{"id":1,"e":null,"email":null}"#);
    with("redact: [User.email]").check(&part(open, ""), &part(shut, ""));
    with(ENFORCE).check(&part(open, ""), "`email`: nobody asked for this key");
    with(ENFORCE).passes(r#"{"payload":{"data":{"me":null}}}"#);
    with(ENFORCE).passes(r#"{"hasNext":true,"completed":[{"id":"0","errors":[]}]}"#);
    let payload = |it: &str| format!(r#"{{"payload":{{"data":null,"errors":[{it}]}}}}"#);
    with("errors: mask").check(&payload(secret), &payload(MASKED));
}

#[test]
fn parts_come_only_where_they_were_asked_for() {
    let with = |rules: &str| Bench { course: Course::Events, ..Bench::new(rules, &["{ a }"]) };
    let secret = r#"{"data":{"a":1},"path":["secret"],"label":"secret","pending":[{"x":"secret"}],
        "incremental":[{"data":{"x":"secret"}}],"hasNext":true}"#;
    with("errors: mask").check(secret, r#"{"data":{"a":1},"hasNext":true}"#);
    with(ENFORCE).check(secret, "`path`: this is no answer of GraphQL");
    for member in ["completed", "incremental", "items", "label", "path", "pending", "subPath"] {
        let answer = format!(r#"{{"data":{{"a":1}},"{member}":[]}}"#);
        with("redact: [User.email]").check(&answer, "NotAnAnswer");
        with(ENFORCE).check(&answer, &format!("`{member}`: this is no answer of GraphQL"));
        with("depth: 9").passes(&answer);
    }
    for rules in [ENFORCE, "errors: mask", "redact: [User.email]"] {
        with(rules).passes(r#"{"payload":{"data":{"a":1}},"hasNext":true}"#);
    }
}

/// A key at the root may have the name that a redacted one has in a part.
#[test]
fn a_part_is_not_taken_for_the_root() {
    let bench = Bench::new("redact: [User.email]", &["{ x: a me { ... @defer { x: email } } }"]);
    let mut guard = Bench { course: Course::Parts, ..bench }.guard(MustBe::Json);
    let mut check = |answer: &str, expect: &str| {
        let got = guard.whole(answer.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(got).unwrap(), expect);
    };
    let first = r#"{"data":{"x":1,"me":{}},"hasNext":true}"#;
    check(first, first);
    for at in [r#""path":["me"]"#, r#""id":"0","subPath":["x"]"#] {
        let part = |it: &str| format!(r#"{{"data":{{"x":{it}}},{at},"hasNext":false}}"#);
        check(&part("\"secret\""), &part("null"));
        let part = |it: &str| format!(r#"{{"incremental":[{{{at},"data":{{"x":{it}}}}}]}}"#);
        check(&part("\"secret\""), &part("null"));
    }
}

#[test]
fn what_has_redacted_things_below_it_comes_at_once() {
    let check = |redact: &str, document: &str, expect: bool| {
        let bench = Bench::new(&format!("redact: [{redact}]"), &[document]);
        assert_eq!(bench.expected[0].shape.is_at_once(), expect, "{document}");
    };
    check("User.email", "{ me { id email ... @defer { e: email } } }", false);
    check("User.email", "{ me { id @defer email } }", true);
    check("Query.me", "{ me { id } }", true);
    check("Query.me", "{ m: me { id } a }", true);
    check("Query.me", "{ a }", false);
    check("Query.nodes", "{ nodes { id } }", true);
    check("Query.json", "{ json }", false);
    check("User.tags", "{ me { tags } }", true);
    check("User.tags", "{ node { ... on User { t: tags } } }", true);
    check("User.tags", "{ node { id } }", false);
}

/// A part may say behind its data where it belongs.
#[test]
fn a_custom_scalar_in_a_part_holds_anything() {
    let with = |rules: &str, document: &str| Bench {
        course: Course::Parts,
        ..Bench::new(rules, &[document])
    };
    let part =
        |data: &str| format!(r#"{{"incremental":[{{"data":{data},"path":[]}}],"hasNext":false}}"#);
    let (free, me) = ("{ me { id email } ... @defer { json } }", "{ me { id } json: node { id } }");
    let deep = part(r#"{"json":{"k":1,"email":["x"],"me":[{"k":{"id":{}}}]}}"#);
    for rules in [ENFORCE, "redact: [User.email]", "redact: [User.email], contract: enforce"] {
        with(rules, free).passes(&deep);
    }
    with(ENFORCE, free).check(&part(r#"{"k":1}"#), "`k`: nobody asked for this key");
    with(ENFORCE, me).check(&part(r#"{"json":{"k":1}}"#), "`k`: nobody asked for this key");
    // The name of a scalar at one place, and of something else at another.
    let both = "{ json me { json: peers { id email } } }";
    let known = part(r#"{"json":{"k":[{"me":{"l":1}}],"id":1}}"#);
    with(ENFORCE, both).passes(&known);
    let redacts = with("redact: [User.email], contract: enforce", both);
    redacts.passes(&known);
    redacts.check(&part(r#"{"json":[{"email":"x"}]}"#), &part(r#"{"json":[{"email":null}]}"#));
    let items = r#"{"incremental":[{"items":[{"k":1}],"path":["list",1]}],"hasNext":false}"#;
    with(ENFORCE, "{ list }").passes(items);
    with(ENFORCE, "{ nodes { id } }").check(items, "`k`: nobody asked for this key");
}
