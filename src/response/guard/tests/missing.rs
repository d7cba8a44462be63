//! What an answer must have, and what excuses it.

use super::*;

#[track_caller]
fn lacks(rules: &str, document: &str, answer: &str, expect: Option<&str>) {
    let bench = Bench::new(rules, &[document]);
    match expect {
        Some(at) => bench.check(answer, &format!("`{at}`: a key that was asked for is not there")),
        None => bench.passes(answer),
    }
}

#[test]
fn what_was_asked_for_and_is_never_null_is_there() {
    let check = |document: &str, data: &str, expect: Option<&str>| {
        lacks(ENFORCE, document, &format!(r#"{{"data":{data}}}"#), expect);
    };
    check("{ b }", "{}", Some("Query.b"));
    check("{ b }", r#"{"b":true}"#, None);
    check("{ a me { id } }", "{}", None);
    check("{ me { id name } }", r#"{"me":{"name":"x"}}"#, Some("User.id"));
    check("{ me { id name } }", r#"{"me":{"id":1}}"#, None);
    check("{ me { id } }", r#"{"me":null}"#, None);
    check("{ me { x: id } }", r#"{"me":{"x":1}}"#, None);
    check("{ me { name __typename } }", r#"{"me":{"name":"x"}}"#, Some("__typename"));
    check("{ nodes { id } }", r#"{"nodes":[[{"id":1}],[{}]]}"#, Some("Node.id"));
    check("{ nodes { ...f } } fragment f on Node { id }", r#"{"nodes":[[{}]]}"#, Some("Node.id"));
}

#[test]
fn what_a_directive_decides_may_be_missing() {
    let check = |selection: &str, data: &str, expect: Option<&str>| {
        let document = format!("query ($no: Boolean!) {{ a {selection} }}");
        let answer = format!(r#"{{"data":{{"a":1{data}}}}}"#);
        lacks(ENFORCE, &document.replace("$no: Boolean!", "$no: Boolean = false"), &answer, expect);
    };
    check("b @include(if: $no)", "", None);
    check("b @skip(if: $no)", "", None);
    check("... @include(if: $no) { b }", "", None);
    check("b ... @include(if: $no) { b }", "", Some("Query.b"));
    check("me @skip(if: $no) { id }", r#","me":{}"#, Some("User.id"));
    check("me @skip(if: $no) { id } me { name }", r#","me":{}"#, None);
    check("me @skip(if: $no) { name } me { id }", r#","me":{}"#, Some("User.id"));
    check("b @include(if: $no)", "", None);
}

#[test]
fn what_a_type_decides_is_there_on_that_type() {
    let found = "{ search { __typename ... on User { id age } ... on Shop { name } } }";
    let check = |document: &str, data: &str, expect: Option<&str>| {
        lacks(ENFORCE, document, &format!(r#"{{"data":{data}}}"#), expect);
    };
    let of = |it: &str| format!(r#"{{"search":[{{"__typename":{it}}}]}}"#);
    check(found, &of(r#""User","id":1,"age":1"#), None);
    check(found, &of(r#""User","id":1"#), Some("User.age"));
    check(found, &of(r#""Shop""#), None);
    // Without a type nobody knows.
    check("{ search { ... on User { id } } }", r#"{"search":[{}]}"#, None);
    let pair = "{ pair { __typename ... on Left { peer { id } } ... on Right { peer { age } } } }";
    let of = |it: &str, peer: &str| format!(r#"{{"pair":{{"__typename":"{it}","peer":{peer}}}}}"#);
    check(pair, &of("Left", r#"{"id":1}"#), None);
    check(pair, &of("Right", r#"{"age":1}"#), None);
    check(pair, &of("Left", r#"{"age":1}"#), Some("User.id"));
    let pair = pair.replace("__typename ", "");
    check(&pair, r#"{"pair":{"peer":{"id":1}}}"#, None);
    let both = pair.replace("{ age }", "{ id age }");
    check(&both, r#"{"pair":{"peer":{"age":1}}}"#, Some("User.id"));
}

#[test]
fn errors_excuse_what_is_missing_below_them() {
    let check = |data: &str, errors: &str, expect: Option<&str>| {
        let document = "{ b me { id } lists: nodes { id } }";
        let lists = if data.contains("lists") { "" } else { r#""lists":[],"# };
        let data = format!(r#""data":{{"b":true,{lists}{data}}}"#);
        for answer in
            [format!(r#"{{{data},"errors":{errors}}}"#), format!(r#"{{"errors":{errors},{data}}}"#)]
        {
            lacks(ENFORCE, document, &answer, expect);
        }
    };
    let me = r#""me":{}"#;
    check(me, r#"[{"message":"m","path":["me","id"]}]"#, None);
    check(me, r#"[{"path":["me"],"message":"m"}]"#, None);
    check(me, r#"[{"path":["b"]},{"path":["\u006de"]}]"#, None);
    check(me, r#"[{"path":["b"]}]"#, Some("User.id"));
    check(me, r#"[{"path":["me","id","x"]}]"#, Some("User.id"));
    check(me, r#"[{"extensions":{"path":["me"]},"path":["b"]}]"#, Some("User.id"));
    check(me, "[]", Some("User.id"));
    check(me, "null", Some("User.id"));
    for it in [r#"[{"message":"m"}]"#, r#"["m"]"#, r#"[{"path":null}]"#, r#"[{"path":[{}]}]"#] {
        check(me, it, None);
    }
    let nodes = r#""lists":[[{"id":1},{}]]"#;
    check(nodes, r#"[{"path":["lists",0,1]}]"#, None);
    check(nodes, r#"[{"path":["lists",0,0]}]"#, Some("Node.id"));
    check(nodes, r#"[{"path":["lists",1]}]"#, Some("Node.id"));
    let masked = "contract: enforce, errors: mask";
    let answer = r#"{"data":{"me":{}},"errors":[{"message":"m","path":["me"]}]}"#;
    let bench = Bench::new(masked, &["{ me { id } }"]);
    assert!(bench.run(answer, 3, MustBe::Json).is_ok());
    lacks(masked, "{ me { id } }", &answer.replace("\"me\"]", "\"a\"]"), Some("User.id"));
}

#[test]
fn what_comes_later_is_not_missing() {
    let check = |document: &str, answer: &str, passes: bool| {
        let bench = Bench { course: Course::Parts, ..Bench::new(ENFORCE, &[document]) };
        assert_eq!(bench.run(answer, 5, MustBe::Json).is_ok(), passes, "{answer}");
    };
    let document = "{ b me { id ... @defer { age } } ... @defer { search { __typename } } }";
    check(document, r#"{"data":{"b":true,"me":{"id":1}},"hasNext":true}"#, true);
    check(document, r#"{"data":{"me":{"id":1}},"hasNext":true}"#, false);
    check(document, r#"{"data":{"b":true,"me":{}},"hasNext":true}"#, false);
    check(document, r#"{"path":["me"],"data":{},"hasNext":false}"#, true);
    check(document, r#"{"data":{},"path":["me"],"hasNext":false}"#, true);
    check(document, r#"{"incremental":[{"path":["me"],"data":{}}],"hasNext":false}"#, true);
    check("{ b }", r#"{"payload":{"data":{}}}"#, false);
    check("{ b }", r#"{"payload":{"data":{"b":true}}}"#, true);
}

#[test]
fn each_of_a_batch_has_errors_of_its_own() {
    let bench = Bench::new(ENFORCE, &["{ b }", "{ b }"]);
    let gap = "`Query.b`: a key that was asked for is not there";
    bench.check(r#"[{"data":{"b":true},"errors":[{}]},{"data":{}}]"#, gap);
    bench.passes(r#"[{"data":{"b":true}},{"data":{},"errors":[{}]}]"#);
}

const SILENT: &str = "`data`: neither data nor an error";

#[test]
fn who_has_no_data_has_an_error() {
    let bench = Bench::new(ENFORCE, &["{ b }"]);
    for it in [
        "{}",
        r#"{"data":null}"#,
        r#"{"errors":[]}"#,
        r#"{"errors":null}"#,
        r#"{"extensions":{}}"#,
        r#"{"errors":[],"data":null}"#,
        r#"{"data":null,"errors":null}"#,
    ] {
        bench.check(it, SILENT);
        Bench::new("contract: report", &["{ b }"]).passes(it);
    }
    for it in [
        r#"{"errors":[{"message":"m"}]}"#,
        r#"{"data":null,"errors":["m"]}"#,
        r#"{"errors":[{"message":"m"}],"data":null}"#,
    ] {
        bench.passes(it);
        let masks = Bench::new("contract: enforce, errors: mask", &["{ b }"]);
        assert!(masks.run(it, 2, MustBe::Json).is_ok(), "{it}");
    }
    let batch = Bench::new(ENFORCE, &["{ b }", "{ b }"]);
    batch.check("[{},{}]", "`0`: neither data nor an error");
    batch.check(r#"[{"data":{"b":true}},{"errors":[]}]"#, "`1`: neither data nor an error");
    batch.passes(r#"[{"data":{"b":true}},{"errors":[{}]}]"#);
}

#[test]
fn parts_need_no_data() {
    let with = |course: Course| Bench { course, ..Bench::new(ENFORCE, &["{ b }"]) };
    let (events, parts) = (with(Course::Events), with(Course::Parts));
    for it in ["{}", r#"{"payload":{}}"#, r#"{"data":null,"hasNext":true}"#] {
        events.check(it, SILENT);
        parts.check(it, SILENT);
    }
    for it in [
        r#"{"hasNext":false}"#,
        r#"{"incremental":[],"hasNext":true}"#,
        r#"{"incremental":[{"data":null,"path":[]}],"hasNext":false}"#,
        r#"{"data":null,"path":["me"]}"#,
        r#"{"payload":null}"#,
    ] {
        parts.passes(it);
    }
    events.passes(r#"{"payload":null,"errors":[{"message":"m"}]}"#);
}
