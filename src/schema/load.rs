//! A text becomes a schema, or a list of everything that is wrong with it.
//!
//! Does not read files and does not print schemas.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostics, Source},
    schema::{
        Definitions, Schema,
        check::check,
        print,
        sdl::{Document, Report, definitions, merge},
        tables,
    },
};

impl Schema {
    /// Reads a schema; with it come the warnings, or instead of it everything that is wrong.
    ///
    /// # Errors
    /// When the text is no schema that a server would start with. Every mistake of a stage is
    /// reported at once; a text that cannot be read in full is not looked at further.
    pub fn load(source: Arc<Source>) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut report = Report::new(Arc::clone(&source));
        let read = definitions(&source.text, &mut report);
        if report.has_errors() {
            return Err(report.into_diagnostics());
        }
        let document = merge(read, &mut report);
        check(&document, &mut report);
        match validation(&document, &mut report) {
            Some(definitions) => Ok((
                tables::schema(Arc::clone(&source), document, definitions),
                report.into_diagnostics(),
            )),
            None => Err(report.into_diagnostics()),
        }
    }
}

fn validation(document: &Document<'_>, report: &mut Report) -> Option<Definitions> {
    if report.has_errors() {
        return None;
    }
    let refused = match Definitions::read(print::text(document)) {
        Ok(definitions) => return Some(definitions),
        Err(refused) => refused,
    };
    for it in refused {
        let help = "this is a limit of ours; please report it with the schema".to_owned();
        let message = format!("validation cannot read the schema: {it}");
        report.error_of_whole("unsupported-schema", (message, Some(help)));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::schema::{Const, FieldId, Kind, OperationKind, Type};

    use super::*;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "schema.graphql".into(), text: text.into() })
    }

    fn load(text: &str) -> Schema {
        Schema::load(source(text)).unwrap_or_else(|it| panic!("{text}: {it:?}")).0
    }

    /// Each diagnostic as `code: the text it is about`, with its help.
    fn check(text: &str, expect: &[&str]) {
        let found = Schema::load(source(text)).map_or_else(|it| it, |(_, warnings)| warnings);
        let found: Vec<String> = found
            .iter()
            .map(|it| {
                let place = it
                    .place
                    .as_ref()
                    .map_or("", |(source, at)| source.text.get(at.clone()).unwrap());
                let help = it.help.as_ref().map_or(String::new(), |it| format!(" ({it})"));
                format!("{}: {place}{help}", it.code)
            })
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    fn ty<'a>(schema: &'a Schema, name: &str) -> &'a Type {
        schema.ty(schema.type_named(name).unwrap())
    }

    fn fields(schema: &Schema, name: &str) -> Vec<String> {
        let fields = schema.fields(schema.type_named(name).unwrap());
        fields.map(|it| schema.field(it).name.to_string()).collect()
    }

    fn possible(schema: &Schema, name: &str) -> Vec<String> {
        let possible = ty(schema, name).possible.iter();
        possible.map(|it| schema.ty(schema.object(it)).name.to_string()).collect()
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        check(
            "type Query { a: Strng b(c: Query, d: Int, d: ID): In a: Int }
             input In { x: [Query!]! }
             type Query { z: Int }
             enum E { A }
             union U = Query | E
             type T implements E & N { t: Int }",
            &[
                "duplicate-type: Query (to add to it, write `extend type …`)",
                "duplicate-name: a",
                "unknown-type: Strng (did you mean `String`?)",
                "not-an-output-type: In",
                "duplicate-name: d",
                "not-an-input-type: Query",
                "not-an-input-type: Query",
                "not-an-object-type: E",
                "not-an-interface: E",
                "unknown-type: N",
            ],
        );
    }

    #[test]
    fn reading_goes_on_at_the_next_definition() {
        check(
            "type Query { a Int }\ntpye X { b: Int }\nextend enum E { true }\nscalar 1\n",
            &[
                "syntax: Int",
                "syntax: tpye (did you mean `type`?)",
                "reserved-enum-value: true",
                "syntax: 1",
            ],
        );
        check("type Query { a: Int", &["syntax: "]);
    }

    #[test]
    fn what_is_repeated_in_the_same_words_counts_once() {
        let text = "type Query { a(b: Int = 1): [E!] c: U a(b: Int = 1): [E!] }
             enum E { A A } union U = Query | Query input I { a: Int a: Int }";
        check(
            text,
            &["repeated-name: a", "repeated-name: A", "repeated-name: Query", "repeated-name: a"],
        );
        assert_eq!(fields(&load(text), "Query"), ["a", "c", "__schema", "__type"]);
        for other in ["a(b: Int = 2): [E!]", "a(b: Int = 1): [E]", "a: [E!]"] {
            let text = format!("enum E {{ A }} type Query {{ a(b: Int = 1): [E!] {other} }}");
            check(&text, &["duplicate-name: a"]);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let default = |depth| {
            format!(
                "type Query {{ a(b: X = {}{}): X }} scalar X",
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        check(&default(64), &[]);
        check(&default(65), &["nested-too-deep: ]"]);
        let list = |depth| {
            format!("type Query {{ a: {}X{} }} scalar X", "[".repeat(depth), "]".repeat(depth))
        };
        check(&list(64), &[]);
        check(&list(65), &["nested-too-deep: X"]);
    }

    #[test]
    fn a_query_root_is_needed() {
        let missing = "no-query-root:  (write `schema { query: … }`, or name the type `Query`)";
        check("type Mutation { a: Int }", &[missing]);
        check("schema { mutation: M } type M { a: Int } type Query { a: Int }", &[missing]);
        check("", &[missing]);
        check("schema { query: A query: A } type A { a: Int }", &["duplicate-root: A"]);
        check(
            "schema { qury: A } type A { a: Int }",
            &["unknown-operation-kind: qury (did you mean `query`?)"],
        );
    }

    #[test]
    fn roots_can_have_any_name() {
        let schema = load("schema { query: R } type R { a: Int } type Mutation { b: Int }");
        assert_eq!(schema.root(OperationKind::Query), schema.type_named("R"));
        assert_eq!(schema.root(OperationKind::Mutation), None);
        assert_eq!(fields(&schema, "R"), ["a", "__schema", "__type"]);
    }

    #[test]
    fn extensions_are_merged_before_and_after_their_base() {
        let schema = load(
            "extend type Query implements N @a { \"d\" b: Int }
             type Query @b
             extend type Query { c(x: Int = 1): E }
             interface N { b: Int }
             extend interface N { c(x: Int): E }
             enum E { A } extend enum E { trueOnly nullable }
             union U extend union U = Query | T type T { a: Int }
             input I { a: Int } extend input I @oneOf { b: Int }
             scalar S extend scalar S @specifiedBy(url: \"u\")
             directive @a on OBJECT directive @b on OBJECT",
        );
        assert_eq!(fields(&schema, "Query"), ["b", "c", "__schema", "__type"]);
        let directives: Vec<&str> =
            ty(&schema, "Query").directives.iter().map(|it| &*it.name).collect();
        assert_eq!(directives, ["b", "a"]);
        assert_eq!(fields(&schema, "N"), ["b", "c"]);
        assert_eq!(ty(&schema, "E").values.len(), 3);
        assert_eq!(possible(&schema, "U"), ["Query", "T"]);
        assert_eq!(ty(&schema, "I").kind, Kind::InputObject { one_of: true });
        assert_eq!(&*ty(&schema, "S").directives[0].name, "specifiedBy");
    }

    #[test]
    fn an_extension_must_be_of_the_same_kind() {
        check("type Query { a: Int } extend interface Query { b: Int }", &["kind-mismatch: Query"]);
        check(
            "type Query { o: Order } type Order { a: Int } extend type Ordr { b: Int }",
            &["undefined-base: Ordr (did you mean `Order`?)"],
        );
    }

    #[test]
    fn directives_can_stand_on_directives() {
        let on = "DIRECTIVE_DEFINITION";
        check(
            &format!("type Query {{ a: Int }} directive @x on {on} directive @y on FIELD|{on}"),
            &[],
        );
    }

    #[test]
    fn subgraphs_load_without_definitions_of_federation() {
        let text = "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\"])
            extend type Query { me: User _entities(representations: [_Any!]!): [_Entity]! }
            extend type User @key(fields: \"id\") { id: ID! @external name: String @shareable @tag(name: \"x\") }
            type Review @extends @key(fields: \"id\") { id: ID! @join__field(graph: A) @federation__x }
            union _Entity = User | Review";
        check(text, &[]);
        let schema = load(text);
        assert_eq!(fields(&schema, "Query"), ["me", "_entities", "__schema", "__type"]);
        assert!(schema.type_named("_Any").is_some());
        assert!(schema.type_named("_FieldSet").is_none());
    }

    #[test]
    fn undefined_directives_are_kept_and_named_once() {
        let text = "type Query { a: Int @dprecated b: Int @mine(x: 1.50) c: Int @mine }";
        check(
            text,
            &[
                "undefined-directive: dprecated (did you mean `deprecated`?)",
                "undefined-directive: mine",
            ],
        );
        let schema = load(text);
        let b = schema.field_named(schema.type_named("Query").unwrap(), "b").unwrap();
        let applied = &schema.field(b).directives[0];
        assert_eq!(applied.argument("x"), Some(&Const::Float("1.50".into())));
    }

    #[test]
    fn interfaces_can_be_every_type_below_them() {
        let text = "type Query { a: A }
             interface A { x: Int } interface B implements & A { x: Int }
             type T implements A & B { x: Int } type U implements B { x: Int } type V { x: Int }";
        let schema = load(text);
        assert_eq!(possible(&schema, "A"), ["T", "U"]);
        assert_eq!(possible(&schema, "B"), ["T", "U"]);
        assert_eq!(possible(&schema, "V"), ["V"]);
        check(text, &["interface-not-implemented: U"]);
        check(
            "type Query implements A & B { a: Int } interface A implements B { a: Int }
             interface B implements A { a: Int b: Int }",
            &["interface-not-implemented: Query", "interface-not-implemented: A"],
        );
    }

    #[test]
    fn values_and_deprecations_are_read() {
        let schema = load(
            r#"type Query { a(i: I = {s: "x", l: [1, E], n: null} @deprecated): Int @deprecated(reason: """ no """) }
               input I { s: String l: [X] n: Int @deprecated(reason: "n") } scalar X
               enum E { A B @deprecated }"#,
        );
        let query = schema.type_named("Query").unwrap();
        let a = schema.field_named(query, "a").unwrap();
        assert_eq!(schema.field(a).deprecated.as_deref(), Some(" no "));
        let i = schema.input(schema.argument_named(a, "i").unwrap());
        assert_eq!(i.deprecated.as_deref(), Some("No longer supported"));
        let list = Const::List([Const::Int("1".into()), Const::Enum("E".into())].into());
        let default = [
            ("s".into(), Const::String("x".into())),
            ("l".into(), list),
            ("n".into(), Const::Null),
        ];
        assert_eq!(i.default, Some(Const::Object(default.into())));
        let n = schema.input_field_named(schema.type_named("I").unwrap(), "n").unwrap();
        assert_eq!(schema.input(n).deprecated.as_deref(), Some("n"));
        assert!(ty(&schema, "E").values[1].deprecated.is_some());
    }

    #[test]
    fn the_language_adds_its_own() {
        let schema = load(
            "type Query { a: Int __typename: String! __type(name: String!): __Type }
             scalar ID type __Type { kind: String }
             directive @skip(if: Boolean!) repeatable on FIELD
             directive @stream(if: Boolean! = true, initialCount: Int = 0) on | FIELD",
        );
        let query = schema.type_named("Query").unwrap();
        assert_eq!(schema.field_named(query, "__typename"), Some(FieldId::TYPENAME));
        assert_eq!(schema.coordinate(FieldId::TYPENAME), "Query.__typename");
        assert_eq!(fields(&schema, "Query"), ["a", "__schema", "__type"]);
        assert!(fields(&schema, "__Type").contains(&"isOneOf".to_owned()));
        let named = |name: &str| schema.directives().iter().find(|it| &*it.name == name).unwrap();
        assert!(named("skip").is_repeatable);
        assert_eq!(schema.directive_arguments(named("stream")).count(), 2);
        check("type Query { a: Int } type String { b: Int }", &["kind-mismatch: String"]);
    }

    #[test]
    fn empty_types_are_errors_only_where_nothing_can_be_read() {
        check("type Query { t: T } type T", &["empty-type: T"]);
        assert!(load("type Query { t: T } type T {}").type_named("T").is_some());
        check("type Query { t: Int } input T", &["empty-type: T"]);
        assert!(Schema::load(source("type Query { t: Int } enum T {}")).is_err());
    }

    #[test]
    fn validation_reads_the_same_roots() {
        use bluejay_core::definition::{ObjectTypeDefinition, SchemaDefinition};
        let schema =
            load("schema { query: R subscription: S } type R { a: Int } type S { a: Int }");
        let definition = schema.definitions().schema_definition();
        assert_eq!(definition.query().name(), "R");
        assert!(definition.mutation().is_none());
        assert_eq!(definition.subscription().map(|it| it.name()), Some("S"));
    }

    #[test]
    fn a_text_cut_anywhere_is_an_answer() {
        let text = r#""""d\""" é""" extend schema @a(b: {c: [1.5, "\u{41}é"]}) { query: Q }
            type Q implements I & J @d { f(a: [I!]! = [-1]): T! } union U = | A directive @d repeatable on FIELD"#;
        for (at, _) in text.char_indices() {
            let (head, tail) = text.split_at(at);
            let _ = Schema::load(source(head));
            let _ = Schema::load(source(tail));
        }
    }

    #[test]
    fn schemas_can_be_shared_between_threads() {
        const fn is_shared<T: Send + Sync>() {}
        is_shared::<Schema>();
    }
}
