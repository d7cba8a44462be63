//! What passes, and what does not, whatever the pieces.

mod missing;
mod parts;

use super::*;
use crate::{
    diagnostic::Source,
    document, json,
    operation::{self, AnswerShape, Skipped, coerce},
    policy,
    telemetry::RequestIds,
};

const SCHEMA: &str = "
    directive @defer(if: Boolean, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT | FIELD
    type Query { pair: Pair me: User node: Node nodes: [[Node!]]! search: [Found!]! json: JSON a: Int
        list: [JSON]
        f: Float b: Boolean! }
    scalar JSON
    enum Role { ADMIN STAFF }
    interface Node { id: ID! }
    type User implements Node { id: ID! name: String email: String role: Role age: Int!
        nick: String! tags: [String] peers: [User] }
    type Shop implements Node { id: ID! name: String email: String }
    union Found = User | Shop
    union Pair = Left | Right
    type Left { peer: User! }
    type Right { peer: User! }
    type Mutation { a: Int }
";

struct Bench {
    policy: Arc<Policy>,
    expected: Vec<Expected>,
    framing: Framing,
    course: Course,
}

impl Bench {
    fn new(response: &str, documents: &[&str]) -> Self {
        let text = format!(
            "version: 1\nname: t\nschema: {{ file: s.graphql }}\nresponse: {{ {response} }}\n"
        );
        let source = |text: &str| Arc::new(Source { name: "t".into(), text: text.into() });
        let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(SCHEMA)));
        let policy = Arc::new(policy.unwrap_or_else(|| panic!("{found:?}")));
        let expected = documents.iter().map(|it| expected(&policy, it)).collect();
        let framing = if documents.len() == 1 { Framing::Single } else { Framing::Array };
        Self { policy, expected, framing, course: Course::Once }
    }

    fn guard(&self, must_be: MustBe) -> Guard {
        let about = About {
            id: RequestIds::random().next(),
            framing: self.framing,
            expected: Some(self.expected.clone()),
            course: self.course,
            must_be,
        };
        Guard::new(&self.policy, about)
    }

    fn run(&self, answer: &str, size: usize, must_be: MustBe) -> Result<String, Wrong> {
        let mut guard = self.guard(must_be);
        let mut out = Vec::new();
        answer.as_bytes().chunks(size).try_for_each(|it| guard.push(it, &mut out))?;
        guard.finish()?;
        let out = String::from_utf8(out).unwrap();
        Ok(out.replace(&guard.about.id.to_string(), "ID"))
    }

    #[track_caller]
    fn check(&self, answer: &str, expect: &str) {
        for size in [1, 2, 7, 10_000] {
            let got = match self.run(answer, size, MustBe::Json) {
                Ok(text) => text,
                Err(Wrong::Contract(it)) => it.to_string(),
                Err(wrong) => format!("{wrong:?}"),
            };
            assert_eq!(got, expect, "{answer} by {size}");
        }
    }

    #[track_caller]
    fn passes(&self, answer: &str) {
        self.check(answer, answer);
    }
}

fn expected(policy: &Policy, text: &str) -> Expected {
    let read = document::read(text, &policy.reading).unwrap();
    document::validate(&policy.schema, &read).unwrap();
    let (schema, id) = (&policy.schema, document::OperationId(0));
    let operation = operation::spread(schema, &read.document, id, Skipped::Ignore).unwrap();
    let operation = Arc::new(operation);
    let tree = json::read(br#"{"no":false}"#, json::Limits::default()).unwrap();
    let has_variables = !operation.variables().is_empty();
    let given = has_variables.then(|| tree.root());
    let variables = coerce(schema, operation.variables(), given).unwrap();
    Expected::new(&Arc::new(AnswerShape::new(&operation, &policy.response.redact)), &variables)
}

const ENFORCE: &str = "contract: enforce";
const MASKED: &str = r#"{"message":"the request could not be served","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"ID"}}"#;

#[test]
fn what_was_asked_for_passes_byte_for_byte() {
    let document = "query ($no: Boolean!) { me { id n: name role age ... on Node { id } }
        nodes { __typename id ... on User { email } } search { ... on Shop { name } }
        json a f b me @include(if: $no) { email } }";
    for rules in [ENFORCE, "errors: mask", "extensions: [a]", "redact: [User.name]", "depth: 20"] {
        let bench = Bench::new(rules, &[document]);
        bench.passes(
            r#" { "data" : {"me": {"id":1, "n":null,"role":"ADMIN","age":-2147483648},
            "nodes":[[{"__typename":"Shop","id":"x"}],[]],"search":[{},{"name":"\u00e9"}],
            "json":{"any":[1e400,{"errors":1,"errors":2}]},"a":1.0,"f":0.10e1,"b":true} ,
            "extensions" : {"a" : 1.50} }
"#,
        );
        bench.passes(r#"{"data":{"me":null,"a":null,"search":[],"nodes":[],"b":false}}"#);
        if rules != ENFORCE {
            bench.passes(r#"{"data":null}"#);
            bench.passes(r#"{}"#);
        }
    }
}

#[test]
fn everything_else_is_a_breach() {
    let check = |answer: &str, expect: &str| {
        let bench = Bench::new(
            ENFORCE,
            &["query ($no: Boolean!) { me { id role age name @include(if: $no) }
                nodes { __typename ... on User { email } } search { __typename } a b f }"],
        );
        bench.check(&format!(r#"{{"data":{{{answer}}}}}"#), expect);
    };
    let me = |answer: &str, expect: &str| check(&format!(r#""me":{{{answer}}}"#), expect);
    check(r#""c":1"#, "`c`: nobody asked for this key");
    check(r#""a":1,"a":1"#, "`Query.a`: the key is there twice");
    check(r#""a":1,"\u0061":1"#, "`Query.a`: the key is there twice");
    check(r#""a":2147483648"#, "`Query.a`: a value of another type");
    check(r#""a":1.5"#, "`Query.a`: a value of another type");
    check(r#""a":"1""#, "`Query.a`: a value of another type");
    check(r#""a":[1]"#, "`Query.a`: a value of another type");
    check(r#""a":{}"#, "`Query.a`: a value of another type");
    check(r#""b":1"#, "`Query.b`: a value of another type");
    check(r#""b":null"#, "`Query.b`: null, though it is never null");
    check(r#""f":"1""#, "`Query.f`: a value of another type");
    check(r#""nodes":[{}]"#, "`Query.nodes`: a value of another type");
    check(r#""nodes":{}"#, "`Query.nodes`: a value of another type");
    check(r#""nodes":[[null]]"#, "`Query.nodes`: null, though it is never null");
    check(r#""nodes":null"#, "`Query.nodes`: null, though it is never null");
    check(r#""search":[null]"#, "`Query.search`: null, though it is never null");
    check(r#""search":[{"__typename":"Query"}]"#, "`__typename`: no object type that can be here");
    me(r#""password":"x""#, "`password`: nobody asked for this key");
    me(r#""name":"x""#, "`name`: nobody asked for this key");
    me(r#""id":1.5"#, "`User.id`: a value of another type");
    me(r#""id":true"#, "`User.id`: a value of another type");
    me(r#""role":"admin""#, "`User.role`: no value of the enum");
    me(r#""role":1"#, "`User.role`: a value of another type");
}

#[test]
fn what_is_asked_of_one_type_is_a_breach_on_another() {
    let query = "{ nodes { __typename ... on User { email } } search { __typename } b }";
    let check = |answer: &str, expect: &str| {
        Bench::new(ENFORCE, &[query]).check(&format!(r#"{{"data":{{{answer}}}}}"#), expect);
    };
    let shop = r#""search":[],"b":true,"nodes":[[{"__typename":"Shop","email":"x"}]]"#;
    check(shop, "`email`: nobody asked for this key");
    check(
        &shop.replace("Shop", "User"),
        &format!(r#"{{"data":{{{}}}}}"#, shop.replace("Shop", "User")),
    );
}

#[test]
fn what_is_no_answer_is_a_breach() {
    let bench = Bench::new(ENFORCE, &["{ a }"]);
    bench.check(r#"{"data":[]}"#, "`data`: this is no answer of GraphQL");
    bench.check(r#"{"data":{},"data":{}}"#, "`data`: the key is there twice");
    bench.check(r#"{"debug":{}}"#, "`debug`: this is no answer of GraphQL");
    bench.check(r#"{"errors":{}}"#, "`errors`: this is no answer of GraphQL");
    bench.check("[]", "``: this is no answer of GraphQL");
}

#[test]
fn a_contract_that_is_reported_changes_nothing() {
    let bench = Bench::new("contract: report", &["{ me { id } a }"]);
    bench.passes(r#"{"data":{"me":{"id":[],"x":{"y":[1]}},"a":"1","z":{}},"debug":1}"#);
}

#[test]
fn redacted_fields_are_null_under_any_name() {
    let bench = Bench::new("redact: [User.email]", &["{ me { e: email id } }"]);
    bench.check(
        r#"{"data":{"me":{"e" : {"a":["b"]} ,"id":1}}}"#,
        r#"{"data":{"me":{"e" : null ,"id":1}}}"#,
    );
    bench.check(r#"{"data":{"me":{"email":"x"}}}"#, r#"{"data":{"me":{"email":null}}}"#);
    let found = "{ search { __typename ... on User { email } ... on Shop { email } } }";
    let bench = Bench::new("redact: [User.email]", &[found]);
    let answer = |it: &str| format!(r#"{{"data":{{"search":[{{{it}}}]}}}}"#);
    bench.passes(&answer(r#""__typename":"Shop","email":"x""#));
    let null = |it: &str| answer(&it.replace("\"x\"", "null"));
    for it in [r#""__typename":"User","email":"x""#, r#""email":"x","__typename":"Shop""#] {
        bench.check(&answer(it), &null(it));
    }
    let bench = Bench::new("redact: [Node.id]", &["{ node { i: id } nodes { id } }"]);
    bench.check(
        r#"{"data":{"node":{"i":"1"},"nodes":[[{"id":"2"}]]}}"#,
        r#"{"data":{"node":{"i":null},"nodes":[[{"id":null}]]}}"#,
    );
}

#[test]
fn no_alias_is_too_long_to_be_redacted() {
    for n in [1, 1_024, 1_025, 5_000] {
        let rest = "a".repeat(n - 1);
        let document = format!("{{ me {{ a{rest}: email id }} }}");
        let escaped = |it: &str| format!(r#"{{"me":{{"\u0061{rest}":{it},"id":"1"}}}}"#);
        let data = |it: &str| escaped(it).replace(r"\u0061", "a");
        let with =
            |rules: &str, documents: &[&str], answer: &dyn Fn(&str) -> String, came: &str| {
                let bench = Bench::new(rules, documents);
                bench.check(&answer("\"x\""), &answer(came));
            };
        let (redact, null) = ("redact: [User.email]", "null");
        let one = |it: &str| format!(r#"{{"data":{}}}"#, data(it));
        with(redact, &[&document], &one, null);
        with(redact, &[&document], &|it| format!(r#"{{"data":{}}}"#, escaped(it)), null);
        with(redact, &["{ a }", &document], &|it| format!("[{{}},{}]", one(it)), null);
        with(ENFORCE, &[&document], &one, "\"x\"");
        let parts = Bench { course: Course::Parts, ..Bench::new(redact, &[&document]) };
        let part = |it: &str| format!(r#"{{"incremental":[{{"data":{}}}]}}"#, data(it));
        parts.check(&part("\"x\""), &part(null));
    }
    let answer = format!(r#"{{"data":{{"{}":1}}}}"#, "a".repeat(5_000));
    Bench::new(ENFORCE, &["{ a }"]).check(&answer, "``: nobody asked for this key");
}

#[test]
fn a_name_that_clients_choose_is_no_type() {
    let check = |found: &str| {
        let bench = Bench::new("redact: [User.email]", &[&format!("{{ search {{ {found} }} }}")]);
        bench.check(
            r#"{"data":{"search":[{"t":"Shop","x":"secret"}]}}"#,
            r#"{"data":{"search":[{"t":"Shop","x":null}]}}"#,
        );
    };
    let (shop, user) =
        ("... on Shop { t: __typename x: name }", "... on User { t: nick x: email }");
    check(&format!("{shop} {user}"));
    check(&format!("{user} {shop}"));
    check(&format!("... on Shop {{ t: __typename }} {user}"));
}

#[test]
fn what_is_redacted_is_so_in_any_shape() {
    for rules in ["redact: [User.email]", "redact: [User.email], contract: report"] {
        let bench = Bench::new(rules, &["{ me { e: email id name } nodes { id } json a }"]);
        let check = |answer: &str| {
            let expect = answer.replace("\"secret\"", "null").replace("[\"deep\"]", "null");
            bench.check(answer, &expect);
        };
        let data = |it: &str| check(&format!(r#"{{"data":{{{it}}}}}"#));
        data(r#""me":[{"e":"secret","id":1}]"#);
        data(r#""me":[[{"email":["deep"],"id":1}],"x"]"#);
        data(r#""me":{"id":{"e":"secret"},"name":[{"email":"secret"}]}"#);
        data(r#""nodes":{"email":"secret"},"a":{"x":[{"e":"secret"}]}"#);
        data(r#""nodes":[{"email":"secret"},[{"e":"secret","id":{"e":"secret"}}]]"#);
        data(r#""viewer":{"me":{"e":"secret","x":{"email":"secret","id":1}}}"#);
        data(r#""e":"secret","json":{"email":"its own"}"#);
        bench.check(r#"{"me":{"e":"secret"},"email":"secret","data":null}"#, r#"{"data":null}"#);
    }
}

#[test]
fn where_something_is_taken_out_nothing_else_passes() {
    for rules in ["redact: [User.email]", "errors: mask", "suggestions: strip", "extensions: []"] {
        for bench in [&["{ me { email } }"] as &[_], &["{ a }", "{ b }"]] {
            let bench = Bench::new(rules, bench);
            for it in [r#""secret""#, "1", "null", "true"] {
                bench.check(it, "NotAnAnswer");
            }
            if bench.framing == Framing::Single {
                bench.check(r#"[{"data":{"me":{"email":"secret"}}}]"#, "NotAnAnswer");
                bench.check(r#"[{"errors":[{"message":"secret"}]}]"#, "NotAnAnswer");
            }
            bench.check("[\"secret\"]", "NotAnAnswer");
        }
    }
}

#[test]
fn errors_are_masked_wherever_they_stand() {
    let bench = Bench::new("errors: mask", &["{ a }"]);
    let secret = r#"{"message":"SELECT * FROM users","stack":["at x"]}"#;
    bench.check(
        &format!(r#"{{"errors":[ {secret} , {secret}],"data":null,"trace":"at y"}}"#),
        &format!(r#"{{"errors":[ {MASKED} , {MASKED}],"data":null}}"#),
    );
    bench.check(&format!(r#"{{"errors":{secret}}}"#), &format!(r#"{{"errors":[{MASKED}]}}"#));
    bench.check(r#"{"errors":["x",[1]]}"#, &format!(r#"{{"errors":[{MASKED},{MASKED}]}}"#));
    bench.check(
        &format!(r#"{{"\u0065rrors":[{secret}]}}"#),
        &format!(r#"{{"\u0065rrors":[{MASKED}]}}"#),
    );
    bench.passes(r#"{"errors":[]}"#);
    bench.passes(r#"{"errors":null,"data":{"errors":["x"]}}"#);
    let long = format!(r#"{{"errors":[{{"message":"{}"}}],"data":1}}"#, "x".repeat(100_000));
    bench.check(&long, &format!(r#"{{"errors":[{MASKED}],"data":1}}"#));
    let batch = Bench::new("errors: mask", &["{ a }", "{ b }"]);
    batch.check(
        &format!(r#"[{{"errors":[{secret}]}},{{"data":1,"x":1}}]"#),
        &format!(r#"[{{"errors":[{MASKED}]}},{{"data":1}}]"#),
    );
}

#[test]
fn only_listed_extensions_pass() {
    let check = |kept: &str, answer: &str, expect: &str| {
        Bench::new(&format!("extensions: [{kept}]"), &["{ a }"]).check(answer, expect);
    };
    let answer = r#"{"extensions": {"x":{"a":1}, "cost" : {"b":2} ,"y":[{}],"z":3} ,"data":1}"#;
    check(
        "cost",
        answer,
        r#"{"extensions": { "cost" : {"b":2}  },"data":1}"#.replace("  }", "} ").as_str(),
    );
    check("x, z", answer, r#"{"extensions": {"x":{"a":1},"z":3} ,"data":1}"#);
    check("none", answer, r#"{"extensions": {} ,"data":1}"#);
    check("", answer, r#"{"data":1}"#);
    check("", r#"{"data":1, "extensions":{}}"#, r#"{"data":1}"#);
    check("cost", r#"{"extensions":["x"],"data":1}"#, r#"{"extensions":null,"data":1}"#);
}

#[test]
fn both_sides_of_every_limit() {
    let bench = Bench::new("depth: 4, list: 2", &["{ json }"]);
    bench.passes(r#"{"data":{"json":[[1,2],[]]}}"#);
    bench.check(r#"{"data":{"json":[[[]]]}}"#, "TooDeep");
    bench.check(r#"{"data":{"json":[1,2,3]}}"#, "TooLong { limit: 2 }");
    bench.check(r#"{"x":[1,2,3]}"#, "TooLong { limit: 2 }");
}

#[test]
fn a_batch_is_held_against_its_parts() {
    let bench = Bench::new(ENFORCE, &["{ a }", "{ b }"]);
    bench.passes(r#"[{"data":{"a":1}},{"data":{"b":true}}]"#);
    bench.check(r#"[{"data":{"b":true}}]"#, "`b`: nobody asked for this key");
    let third = r#"[{"errors":[1]},{"errors":[1]},{"data":{"a":1}}]"#;
    bench.check(third, "`data`: this is no answer of GraphQL");
    bench.check("[]", "`0`: this operation of the batch has no answer");
    bench.check(r#"[{"data":{"a":1}}]"#, "`1`: this operation of the batch has no answer");
    bench.check(r#"[{"data":{"a":1}},null]"#, "`1`: this operation of the batch has no answer");
    bench.passes(r#"{"errors":[{"message":"no batches"}]}"#);
    bench.check(r#"{"data":{"a":1}}"#, "`data`: this is no answer of GraphQL");
    let redacts = Bench::new("redact: [Query.a]", &["{ a }", "{ b }"]);
    redacts.check(r#"[{},{},{"data":{"x":1}}]"#, r#"[{},{},{"data":null}]"#);
}

#[test]
fn what_has_to_be_an_answer_is_one() {
    let bench = Bench::new("depth: 9", &["{ a }"]);
    let check = |answer: &str, expect: Result<(), Wrong>| {
        assert_eq!(bench.run(answer, 3, MustBe::Answer).map(|_| ()), expect, "{answer}");
    };
    check(r#"{"data":null}"#, Ok(()));
    check(r#"{"errors":[]}"#, Ok(()));
    for it in ["{}", "[]", r#"{"message":"no"}"#, r#"{"extensions":{}}"#, "[1"] {
        check(it, Err(Wrong::NotAnAnswer));
    }
    check("<html>", Err(Wrong::NotJson));
    check(r#"{"data":"#, Err(Wrong::Incomplete));
    check("", Err(Wrong::Incomplete));
}

#[test]
fn a_list_of_errors_by_itself() {
    let bench = Bench::new("errors: mask", &["{ a }"]);
    let mut guard = bench.guard(MustBe::Json);
    let got = guard.errors(br#"[{"message":"secret"}]"#).unwrap();
    let got = String::from_utf8(got).unwrap().replace(&guard.about.id.to_string(), "ID");
    assert_eq!(got, format!("[{MASKED}]"));
    assert_eq!(guard.whole(br#"{"data":1}"#).unwrap(), br#"{"data":1}"#);
    assert_eq!(guard.whole(br#"{"data":1"#), Err(Wrong::Incomplete));
}

#[test]
fn a_number_alone_is_no_broken_answer_and_no_list_of_errors() {
    let bench = Bench::new("depth: 9", &["{ a }"]);
    bench.passes("-1.5e3");
    assert_eq!(bench.guard(MustBe::Json).whole(b"1").unwrap(), b"1");
    let mut guard = Bench::new("errors: mask", &["{ a }"]).guard(MustBe::Json);
    assert_eq!(guard.errors(b"1"), Err(Wrong::Incomplete));
}
