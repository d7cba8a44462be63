//! The validation rules of the specification, by `bluejay-validator` and by our own hand.
//!
//! Comes after `count`: the validator follows every spread, so what it may be given is bounded by
//! `Ceilings`. Judges no policy and reads no variables.

use bluejay_core::executable::Field;
use bluejay_parser::ast::{Parse, definition::SchemaDefinition, executable::ExecutableDocument};
use bluejay_validator::executable::{
    Cache,
    document::{
        Error, Orchestrator,
        rules::{
            AllVariableUsagesAllowed, AllVariableUsesDefined, AllVariablesUsed, ArgumentNames,
            ArgumentUniqueness, DirectivesAreDefined, DirectivesAreInValidLocations,
            DirectivesAreUniquePerLocation, FieldSelectionMerging, FieldSelections,
            FragmentNameUniqueness, FragmentSpreadIsPossible, FragmentSpreadTargetDefined,
            FragmentSpreadTypeExists, FragmentsMustBeUsed, FragmentsOnCompositeTypes,
            LeafFieldSelections, LoneAnonymousOperation, NamedOperationNameUniqueness,
            OperationTypeIsDefined, RequiredArguments, ValueIsValid, VariableUniqueness,
            VariablesAreInputTypes,
        },
    },
};

use crate::{
    document::{Invalid, Read, beyond_validator::beyond_validator, print},
    schema::Schema,
};

/// Validates a document against a schema.
///
/// # Errors
/// What is wrong, the first ten.
pub fn validate(schema: &Schema, read: &Read) -> Result<(), Vec<Invalid>> {
    let document = &read.document;
    let mut found = beyond_validator(document);
    match ExecutableDocument::parse(document.text()).result {
        Ok(tree) => found.extend(found_in(schema, &tree, document.text())),
        // Two legal things are beyond that parser: a blank behind `$`, and a pair of surrogates
        // behind one other escape. The printed text has neither; its places are not the client's.
        Err(_) => {
            let printed = print(document);
            let Ok(tree) = ExecutableDocument::parse(&printed).result else {
                return Err(vec![unreadable()]);
            };
            let there = found_in(schema, &tree, &printed);
            found.extend(there.into_iter().map(|it| Invalid { at: None, ..it }));
        }
    }
    found.truncate(MAX_FOUND);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

fn found_in(schema: &Schema, tree: &ExecutableDocument<'_>, text: &str) -> Vec<Invalid> {
    let definitions = schema.definitions().schema_definition();
    let cache = Cache::new(tree, definitions);
    let errors = Validator::validate(tree, definitions, &cache);
    let errors = errors.filter(|it| !is_late_introspection(schema, it));
    errors.take(MAX_FOUND).map(|it| Invalid::new(text, it)).collect()
}

fn unreadable() -> Invalid {
    Invalid {
        public: "the document cannot be validated".into(),
        detail: "the validator cannot read the document".to_owned(),
        at: None,
    }
}

/// The validator's introspection types lack fields that the language has gained since. It does not
/// look at a field that it does not know; so only a leaf that is written as its bare name is
/// excused, where nothing but the name can be wrong.
fn is_late_introspection<'a>(
    schema: &Schema,
    error: &Error<'a, ExecutableDocument<'a>, SchemaDefinition<'a>>,
) -> bool {
    let Error::FieldDoesNotExistOnType { field, r#type } = error else { return false };
    let parent = schema.type_named(r#type.name()).filter(|_| r#type.name().starts_with("__"));
    let id = parent.and_then(|it| schema.field_named(it, field.name().as_str()));
    id.is_some_and(|it| is_bare(*field) && !schema.ty(schema.field(it).ty.named).is_composite())
}

fn is_bare(field: &impl Field) -> bool {
    field.alias().is_none()
        && field.arguments().is_none()
        && field.directives().is_none()
        && field.selection_set().is_none()
}

type Validator<'a> = Orchestrator<
    'a,
    ExecutableDocument<'a>,
    SchemaDefinition<'a>,
    Rules<'a, ExecutableDocument<'a>, SchemaDefinition<'a>>,
>;

/// All that the validator brings, but for two rules. Its search for cycles takes a step for every
/// way through the fragments from every fragment, and `count` has found them already; it counts the
/// root fields of a subscription without merging them, and `beyond_validator` has done it better.
type Rules<'a, E, S> = (
    (
        LoneAnonymousOperation<'a, E>,
        NamedOperationNameUniqueness<'a, E>,
        OperationTypeIsDefined<'a, E, S>,
    ),
    (
        ArgumentNames<'a, E, S>,
        ArgumentUniqueness<'a, E, S>,
        FieldSelectionMerging<'a, E, S>,
        FieldSelections<'a, E, S>,
        LeafFieldSelections<'a, E, S>,
        RequiredArguments<'a, E, S>,
    ),
    (
        FragmentNameUniqueness<'a, E>,
        FragmentSpreadIsPossible<'a, E, S>,
        FragmentSpreadTargetDefined<'a, E, S>,
        FragmentSpreadTypeExists<'a, E, S>,
        FragmentsMustBeUsed<'a, E>,
        FragmentsOnCompositeTypes<'a, E, S>,
    ),
    (
        DirectivesAreDefined<'a, E, S>,
        DirectivesAreInValidLocations<'a, E, S>,
        DirectivesAreUniquePerLocation<'a, E, S>,
        ValueIsValid<'a, E, S>,
    ),
    (
        AllVariableUsagesAllowed<'a, E, S>,
        AllVariableUsesDefined<'a, E, S>,
        AllVariablesUsed<'a, E, S>,
        VariableUniqueness<'a, E, S>,
        VariablesAreInputTypes<'a, E, S>,
    ),
);

/// Enough to mend a document by; every one costs a look through the text.
const MAX_FOUND: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::document::{ReadLimits, read};
    use std::sync::Arc;

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
        for line in CASES.lines().filter(|it| !it.is_empty()) {
            let (verdict, text) = line.split_once('|').unwrap();
            let found = found(text);
            assert_eq!(verdict == "ok", found.is_empty(), "{text}: {found:?}");
        }
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

    #[test]
    fn at_most_ten_are_told() {
        assert_eq!(found("{a1 a2 a3 a4 a5 a6 a7 a8 a9}").len(), 9);
        assert_eq!(found("{a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11}").len(), 10);
    }

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
"#;
}
