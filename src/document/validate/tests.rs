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
    schema { query: Query mutation: Mutation subscription: Subscription }
    type Query { a: Int b(i: Int, f: Float, id: ID, s: String, e: E, o: In, l: [Int!], n: Int!, j: JSON, bool: Boolean, one: One, d: Int! = 1, ls: [In!]): Int t: T u: U n: N ns: [N!]! q: Query }
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
    "{__schema{types{x:name}}}",
    "{__schema{types{name @include(if:true)}}}",
];

/// `ok` or `no` as graphql-js has it.
const CASES: &str = r#"
ok|{a}
no|{zz}
no|{b(n:1 o:{b:1 b:2})}
no|{b(n:1 j:{b:1 b:2})}
no|{a @skip}
no|{a @include(iff:true)}
no|{a @include(if:true iff:true)}
no|{a @skip(if:true) @skip(if:false)}
ok|{a @rep @rep}
no|{a @need}
no|{a @nope}
no|query @skip(if:true) {a}
no|{a @include(if:"yes")}
no|{a @include(if:null)}
no|query($v:Boolean){a @include(if:$v)}
ok|query($v:Boolean!){a @include(if:$v)}
ok|query($v:Boolean=true){a @include(if:$v)}
no|query($v:Boolean=null){a @include(if:$v)}
no|query($v:String!){a @include(if:$v)}
no|{b(n:1 one:{})}
no|{b(n:1 one:{a:1 b:"x"})}
no|{b(n:1 one:{a:null})}
ok|{b(n:1 one:{a:1})}
no|query($v:Int){b(n:1 one:{a:$v})}
ok|query($v:Int!){b(n:1 one:{a:$v})}
no|query($v:Int!,$v:Int!){b(n:$v)}
no|{a} fragment F on T {id}
no|subscription {s t{id}}
ok|subscription {s s}
ok|subscription {t{id} ...F ...F} fragment F on Subscription {t{name}}
no|subscription {s x:s}
no|subscription {s s:t{id}}
no|subscription {...{s t{id}}}
no|subscription {...{...{s t{id}}}}
no|subscription {__typename}
no|subscription {...F} fragment F on Subscription {...G} fragment G on Subscription {s t{id}}
ok|subscription {...F} fragment F on Subscription {s}
ok|subscription {s}
ok|query($v:Int @need(a:1)){b(n:1 i:$v)}
no|query($v:Int @need){b(n:1 i:$v)}
no|query($v:Int @nope){b(n:1 i:$v)}
no|query($v:Int @skip(if:true)){b(n:1 i:$v)}
no|query A{a} query A{a}
no|query A{a} {a}
no|{a} {a}
no|query($v:Nope){b(n:1 i:$v)}
no|query($v:T){b(n:1 i:$v)}
no|{t{...on Nope{id}}}
no|{...F} fragment F on Nope {id}
no|{...on E{id}}
no|{t}
no|{a{b}}
no|{t{x:x(i:1) x:x(i:2)}}
no|{t{x:id x:name}}
no|{u{...on T{x:y} ...on V{x:y}}}
no|{u{...on T{x:z} ...on V{x:z}}}
ok|{u{...on T{x(i:1)} ...on V{x(i:2)}}}
no|{n{x:id ...on T{x:y}}}
no|{n{x:id ...on V{x:__typename}}}
no|{t{t{x:id} t{x:y}}}
no|{q{a} q{a:b(n:1)}}
no|{...F ...G} fragment F on Query{x:a} fragment G on Query{x:b(n:1)}
ok|{u{__typename}}
no|{u{id}}
no|{u{zz}}
no|{u{...on W{w}}}
no|{t{...on V{id}}}
ok|{n{...on T{id}}}
no|{b(n:null)}
no|{b}
ok|{b(n:1 d:2)}
no|{b(n:1 d:null)}
ok|query($v:Int){b(n:1 d:$v)}
no|query($v:Int){b(n:$v)}
ok|query($v:Int=1){b(n:$v)}
no|query($v:Int=null){b(n:$v)}
no|query($v:Int!=null){b(n:$v)}
no|query($v:Int="x"){b(n:1 i:$v)}
no|query($v:String){b(n:1 i:$v)}
no|query($v:String){b(n:1 o:{b:1 a:$v})}
no|query($v:String){b(n:1 o:{b:1 in:{b:1 a:$v}})}
no|query($v:String){b(n:1 l:[$v])}
no|query($v:Int){b(n:1 l:[$v])}
ok|query($v:Int!){b(n:1 l:[$v])}
no|query($v:Int){b(n:1 l:$v)}
no|query($v:String){b(n:1 ls:[{b:1 l:[$v]}])}
no|query($v:String){b(n:1 ls:{b:1 a:$v})}
ok|{b(n:1 ls:{b:1})}
no|{b(n:1 ls:{})}
no|{b(n:1 o:{b:1 zz:1})}
no|{b(n:$v)}
no|{b(n:1 j:{x:$v})}
no|{b(n:1 j:[$v])}
ok|query($v:Int){b(n:1 j:{x:[$v]})}
no|query($v:Int){a}
no|{b(n:1 i:2147483648)}
ok|{b(n:1 i:2147483647)}
ok|{b(n:1 f:2147483648)}
ok|{b(n:1 f:1)}
no|{b(n:1 i:1.0)}
no|{b(n:1 i:"1")}
ok|{b(n:1 id:1)}
ok|{b(n:1 id:99999999999999999999)}
no|{b(n:1 id:1.5)}
no|{b(n:1 id:E)}
no|{b(n:1 s:1)}
no|{b(n:1 s:ONE)}
no|{b(n:1 e:"ONE")}
ok|{b(n:1 e:ONE)}
no|{b(n:1 e:THREE)}
no|{b(n:1 bool:1)}
no|{b(n:1 l:[1 null])}
ok|{b(n:1 l:1)}
no|{b(n:1 l:[[1]])}
no|{b(n:1 n:2)}
no|{a @rep(a:1 a:2)}
no|{a(x:1)}
no|{a @rep(a:"x")}
no|{...F ...F} fragment F on Query{a} fragment F on Query{a}
no|{...Zip}
no|query Q{...F} query R($v:Int!){...F} fragment F on Query{b(n:$v)}
ok|query Q($v:Int!){...F} query R($v:Int!){...F} fragment F on Query{b(n:$v)}
no|query Q($v:String!){...F} fragment F on Query{b(n:$v)}
no|{t @skip(if:$v){id}}
no|query($v:Int){...F @include(if:$v)} fragment F on Query{a}
ok|{__schema{types{name}} __type(name:"T"){name} __typename}
ok|{__schema{description types{isOneOf inputFields(includeDeprecated:true){isDeprecated deprecationReason}}}}
ok|{__schema{directives{isRepeatable args(includeDeprecated:true){...I}}}} fragment I on __InputValue{isDeprecated}
no|{__schema{isOneOf}}
no|{__schema{types{isOneOf{a}}}}
no|{__schema{types{isOneOf(a:1)}}}
no|{__schema{types{isOneOf @nope}}}
no|{__schema{types{isOneOff}}}
no|{__schema{types{name:isOneOf name}}}
no|{t{__schema{types{name}}}}
no|{__type{name}}
no|{__typename{a}}
no|{__typename(a:1)}
no|mutation{a}
ok|{...on Query @include(if:true){a}}
ok|query($v:[Int!]!){b(n:1 l:$v)}
no|query($v:[Int]){b(n:1 l:$v)}
no|query($v:Int=99999999999){b(n:1 i:$v)}
no|query($v:In={}){b(n:1 o:$v)}
no|query($v:[Int]=[[1]]){b(n:1 j:$v)}
no|query($v:JSON={a:1,a:2}){b(n:1 j:$v)}
no|query($v:T={a:1}){b(n:1 j:$v)}
ok|{t{name t{name}} t{name t{name}}}
ok|{ns{...on T{x} ...on V{x}}}
ok|{b(n:1 o:{a:1 b:1}) b(n:1 o:{b:1 a:1})}
ok|{__schema{types{x:name}}}
ok|{__schema{types{name @include(if:true)}}}
ok|{b(n:1 one:{a:1})}
no|{b(n:1 one:{})}
no|{b(n:1 one:{a:null})}
no|{b(n:1 one:{a:1 b:"x"})}
no|{b(n:1 one:{a:1 b:null})}
ok|query($v:Int!){b(n:1 one:{a:$v})}
no|query($v:Int){b(n:1 one:{a:$v})}
no|query($v:Int=1){b(n:1 one:{a:$v})}
no|{b(n:1 one:{c:1})}
ok|{b(n:1 f:-1.5e3)}
ok|{b(n:-2147483648)}
no|{b(n:-2147483649)}
ok|{b(n:1 i:null)}
ok|{b(n:1 j:null)}
ok|{b(n:1 j:[1 {a:[ONE "x" 1.5 null true]}])}
ok|{b(n:1 id:"x")}
no|{b(n:1 n:1)}
no|{b(n:1 o:[{b:1}])}
no|{b(n:1 s:{b:1})}
ok|{b(n:1 ls:[{b:1} {b:2 l:[1 null] in:{b:3}}])}
ok|query($v:JSON){b(n:1 j:$v)}
no|query($v:Int){b(n:1 j:$v)}
no|query($v:Int $v:Int){b(n:1 i:$v)}
no|query($v:Zip){b(n:1 i:$v)}
no|query($v:Int @skip(if:true)){b(n:1 i:$v)}
ok|query($v:Int @need(a:1)){b(n:1 i:$v)}
no|query($v:Int @need(a:null)){b(n:1 i:$v)}
ok|query($v:Boolean!){a @include(if:$v)}
ok|query($v:Boolean=true){a @include(if:$v)}
no|query($v:Boolean){a @include(if:$v)}
no|query($v:[Int!]){b(n:1 ls:[{b:1 l:$v}]) b(n:2)}
ok|query($v:[Int!]){b(n:1 ls:[{b:1 l:$v}])}
no|query($v:[Int]!){b(n:1 l:$v)}
no|query($v:Int){b(n:1 d:$v i:$w)}
ok|query Q($v:Int!){...F} query R{...G} fragment F on Query{b(n:$v)} fragment G on Query{a}
no|query Q($v:Int!){...F ...G} query R($v:Int!){...G} fragment F on Query{b(n:$v)} fragment G on Query{a}
ok|query Q($v:Int!){...G} query R($v:Int!){...F} fragment G on Query{...F} fragment F on Query{b(n:$v)}
no|query Q{a} query Q{a}
no|query Q{a} {a}
no|{a} {a}
ok|query Q{a} mutation M{m} subscription S{s}
no|subscription{s t{id}}
no|subscription{__typename}
ok|subscription{t{__typename id}}
ok|{t{...F} t{...F}} fragment F on T{id t{name}}
ok|{...F ...G} fragment F on Query{t{id t{x(i:1)}}} fragment G on Query{t{name t{x(i:1)}}}
no|{...F ...G} fragment F on Query{t{id t{x(i:1)}}} fragment G on Query{t{name t{x(i:2)}}}
ok|{n{id ...on T{id x} ...on V{id v}}}
no|{u{...on T{x:y} ...on V{x(i:1)}}}
ok|{u{...on T{q:x} ...on V{q:v}}}
no|{u{...on T{q:t{id}} ...on V{q:v}}}
no|{u{...on T{q:t{a:y}} ...on V{q:name}}}
ok|{n{...on T{q:t{a:x}} ...on T{q:t{a:x b:id}}}}
no|{n{...on T{q:t{a:x}} ...on T{q:t{a:z}}}}
ok|{n{...on T{a:z} ...on V{a:v}}}
no|{n{a:name ...on T{a:id}}}
ok|{n{name ...on T{name} ...on V{name} ...{name}}}
ok|{a a a a a a a a a a a a a a}
no|{t{a1:id a2:id a3:id a4:id a5:id a6:id a7:id a8:id a9:id b1:id b2:id b3:id b4:id a1:name}}
ok|query($v:Int){t{x(i:$v)} t{x(i:$v)}}
no|query($v:Int $w:Int){t{x(i:$v)} t{x(i:$w)}}
no|{t{x(i:1)} t{x}}
ok|{b(n:1 i:2) b(i:2 n:1)}
ok|{b(n:1 s:"a") b(n:1 s:"\u0061")}
no|{b(n:1 s:"a") b(n:1 s:"b")}
ok|{b(n:1 j:{x:[1 2]}) b(n:1 j:{x:[1 2]})}
no|{b(n:1 j:{x:[1 2]}) b(n:1 j:{x:[1] y:2})}
no|{b(n:1 j:[[1] 2]) b(n:1 j:[[1 2]])}
no|{u{...on Query{a}}}
ok|{u{...on N{id ...on U{__typename}}}}
no|{...on Zip{a}}
no|{...F} fragment F on Int{a}
no|fragment F on T{id}
no|{t{...F}} fragment F on T @skip(if:true){id}
no|query @skip(if:true){a}
"#;
