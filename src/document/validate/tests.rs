//! What the specification decides, and what a refusal says.

use std::sync::Arc;

use super::{Invalid, is_proven, objections, validate};
use crate::{
    diagnostic::Source,
    document::{Ceilings, ReadLimits, count, read},
    schema::Schema,
};

const SCHEMA: &str = "
    directive @rep(a: Int) repeatable on FIELD
    directive @need(a: Int!) on FIELD | VARIABLE_DEFINITION
    directive @grid(a: [[Int]]) on FIELD
    schema { query: Query mutation: Mutation subscription: Subscription }
    type Query { a: Int b(i: Int, f: Float, id: ID, s: String, e: E, o: In, l: [Int!], n: Int!, j: JSON, bool: Boolean, one: One, d: Int! = 1, ls: [In!], ll: [[Int!]], lo: [[In]], lone: [[One]]): Int t: T u: U n: N ns: [N!]! q: Query }
    type Mutation { m: Int }
    type Subscription { s: Int t: T }
    interface N { id: ID! name: String }
    type T implements N { id: ID! name: String t: T x(i: Int): Int y: String! z: Int }
    type V implements N { id: ID! name: String v: Int x(i: Int): Int y: String z: String }
    type W { w: Int }
    union U = T | V
    enum E { ONE TWO }
    input In { a: Int, b: Int!, in: In, l: [Int] }
    input One @oneOf { a: Int b: String }
    scalar JSON";

fn schema() -> Schema {
    let source = Source { name: "test".into(), text: SCHEMA.into() };
    Schema::load(Arc::new(source)).unwrap().0
}

fn found(text: &str) -> Vec<Invalid> {
    let read = read(text, &ReadLimits::CEILINGS).unwrap();
    validate(&schema(), &read).err().unwrap_or_default()
}

#[test]
fn a_value_that_does_not_fit_is_told_with_its_place_in_the_detail_alone() {
    let check = |text: &str, expect: &str| {
        let found = found(text);
        let told: Vec<_> = found.iter().map(|it| (&*it.public, &*it.detail)).collect();
        assert_eq!(told, [("a value does not fit where it stands", expect)], "{text}");
    };
    let unknown = "No field with name zz on input type In, at `in.in.zz` in the value, 1:31";
    check("{b(n:1 o:{b:1,in:{b:1,in:{b:1,zz:1}}})}", unknown);
    let null = "Got null when non-null value of type Int! was expected, at `b` in the value, 1:13";
    check("{b(n:1 o:{b:null})}", null);
    let wrong = "No implicit conversion of string to Int, at `l.1` in the value, 1:20";
    check("{b(n:1 o:{b:1,l:[1,\"2\"]})}", wrong);
    check("{b(n:1 e:THREE)}", "No such member on enum E, 1:10");
}

/// The validator does not know the field.
#[test]
fn a_newer_field_of_introspection_is_not_told_beside_what_is_wrong() {
    for (text, expect) in [
        ("{__schema{types{isOneOf zzz}}}", "unknown field `zzz`"),
        ("{zzz __schema{types{isOneOf}}}", "unknown field `zzz`"),
    ] {
        let told: Vec<_> = found(text).into_iter().map(|it| it.public).collect();
        assert_eq!(told, [expect], "{text}");
    }
}

#[test]
fn the_specification_decides() {
    let schema = schema();
    let mut wrong = Vec::new();
    for line in CASES.lines().filter(|it| !it.is_empty()) {
        let (verdict, text) = line.split_once('|').unwrap();
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let is_valid = validate(&schema, &read).is_ok();
        let has_objections = !objections(&schema, &read.document).is_empty();
        let is_proven = is_proven(&schema, &read.document);
        let is_ok = verdict == "ok";
        if (is_valid, has_objections, is_proven)
            != (is_ok, !is_ok, is_ok && !LEFT_OPEN.contains(&text))
        {
            wrong.push(format!("{line}: {is_valid} {has_objections} {is_proven}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_public_text_names_only_what_the_client_wrote() {
    let all = CASES.lines().filter_map(|it| it.split_once('|')).flat_map(|(_, text)| {
        found(text).into_iter().map(|it| (text.to_owned(), it)).collect::<Vec<_>>()
    });
    for (text, it) in all {
        for word in it.public.split('`').skip(1).step_by(2) {
            assert!(text.contains(word.trim_start_matches('@')), "{text}: {}", it.public);
        }
        assert!(it.at.is_some_and(|at| (at as usize) < text.len()), "{text}: {it:?}");
    }
    let one = &found("{t{idd}}")[0];
    assert_eq!(one.public, "unknown field `idd`");
    assert_eq!(one.detail, "Field `idd` does not exist on type `T`");
    assert_eq!(one.at, Some(3));
}

/// A password is a name, where the quotes are forgotten.
#[test]
fn values_are_not_told() {
    for text in ["{b(n:1 e:hunter2)}", "query($v:E=hunter2){b(n:1 e:$v)}", "{b(n:1 s:hunter2)}"] {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text}");
        let told = format!("{} {}", found[0].public, found[0].detail);
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert_eq!(found("{b(n:1 e:hunter2)}")[0].detail, "No such member on enum E, 1:10");
}

/// A gap of the validator: a union's `__typename` is not compared with its members' fields.
/// Both stay in the operation and are judged there.
#[test]
fn typename_of_a_union_merges_with_anything() {
    assert_eq!(found("{u{x:__typename ...on T{x:y}}}"), []);
}

/// graphql-js takes it for infinity.
#[test]
fn a_float_is_finite() {
    assert_eq!(found("{b(n:1 f:1e308)}"), []);
    assert_eq!(found("{b(n:1 f:1e309)}").len(), 1);
}

/// graphql-js 16 takes it: it does not see that the object stands for a list of it.
#[test]
fn what_a_one_of_is_given_is_never_null_in_lists_of_lists() {
    assert_eq!(found("query($v:Int!){b(n:1 lone:[{a:$v}])}"), []);
    assert!(!found("query($v:Int){b(n:1 lone:[{a:$v}])}").is_empty());
}

/// A mistake of the validator: it looks at a fragment as if it stood on the type around the spread,
/// where `a` can be null. The proof says nothing where types differ like that.
#[test]
fn a_fragment_on_another_interface_is_left_to_the_validator() {
    let text = "type Query { p: P } interface P { a: Int b: Int } interface O { a: Int! b: Int }
        type B implements P & O { a: Int! b: Int }";
    let source = Source { name: "test".into(), text: text.into() };
    let schema = Schema::load(Arc::new(source)).unwrap().0;
    let check = |text: &str, expect: (bool, bool)| {
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let proven = is_proven(&schema, &read.document);
        assert_eq!((proven, validate(&schema, &read).is_ok()), expect, "{text}");
    };
    check("{p{...F}} fragment F on O{a ...on B{a}}", (false, false));
    check("{p{...G}} fragment G on O{...{...F}} fragment F on O{a ...on O{a}}", (false, false));
    check("{p{...on O{a ...on B{a}}}}", (true, true));
    check("{p{...F}} fragment F on O{a}", (true, true));
    check("{p{...F}} fragment F on O{b ...on B{b}}", (true, true));
}

/// The budgets of the proof hold what `count` admits.
#[test]
fn large_documents_are_proven() {
    let numbered = |text: &str| (0..1_000).map(|it| text.replace('#', &it.to_string())).collect();
    let inner: [String; 5] = [
        numbered("a#:a "),
        numbered("a "),
        numbered("t{id t{name name}} "),
        numbered("n{id ...on T{id x:name t{id}} ...on V{id x:z}} "),
        numbered("r#:q{...F} "),
    ];
    let schema = schema();
    for text in inner {
        let text = format!("{{{text} ...F}} fragment F on Query{{a b:a c:a}}");
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        count(&read.document, &Ceilings::default()).unwrap();
        assert!(is_proven(&schema, &read.document), "{text:.80}");
    }
}

#[test]
fn at_most_ten_are_told() {
    assert_eq!(found("{a1 a2 a3 a4 a5 a6 a7 a8 a9}").len(), 9);
    assert_eq!(found("{a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11}").len(), 10);
}

/// Valid, and found so by the slow way alone.
const LEFT_OPEN: [&str; 3] = [
    "{b(n:1 o:{a:1 b:1}) b(n:1 o:{b:1 a:1})}",
    "{b(n:1 ll:[1] o:{a:1 b:1}) b(n:1 ll:[1] o:{b:1 a:1})}",
    "{b(n:1 o:{a:1 b:1}) b(n:1 o:{b:1 a:1}) __schema{types{x:isOneOf}}}",
];

/// `ok` or `no` as graphql-js has it.
const CASES: &str = include_str!("cases.txt");
