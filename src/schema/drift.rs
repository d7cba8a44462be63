//! How the upstream's schema differs from the one that the policy was compiled with.
//!
//! Descriptions, deprecations and directives of the schema itself make no difference: they change no
//! answer. Those that a request may carry do.

use ahash::HashSet;

use crate::schema::{
    DirectiveDefinition, EnumValue, FieldId, Input, InputId, Kind, OperationKind, Schema, Type,
    TypeId, TypeRef, Wrapper,
    literal::{literal, type_text},
    same_default::is_same,
};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Enum.VALUE`, `@directive`,
    /// `@directive(argument:)`.
    pub at: String,
    /// What is different.
    pub detail: String,
    /// How bad it is.
    pub gravity: Gravity,
}

/// How bad a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// The upstream has more; no operation that fits the file can reach it.
    Added,
    /// An operation that fits the file does not mean the same to the upstream.
    Changed,
}

/// Every difference, in the order of the file's schema, then what only the upstream has.
#[must_use]
pub fn drift(file: &Schema, upstream: &Schema) -> Vec<Difference> {
    let mut found = Found { file, upstream, all: Vec::new() };
    found.roots();
    for (id, ty) in file.types().filter(|(_, it)| !it.name.starts_with("__")) {
        match upstream.type_named(&ty.name) {
            Some(other) => found.ty((id, ty), other),
            None => {
                found.push(ty.name.to_string(), Gravity::Changed, "the upstream has no such type")
            }
        }
    }
    for (_, ty) in upstream.types().filter(|(_, it)| file.type_named(&it.name).is_none()) {
        found.push(ty.name.to_string(), Gravity::Added, "only the upstream has this type");
    }
    found.directives();
    found.all
}

struct Found<'s> {
    file: &'s Schema,
    upstream: &'s Schema,
    all: Vec<Difference>,
}

impl Found<'_> {
    fn push(&mut self, at: String, gravity: Gravity, detail: impl Into<String>) {
        self.all.push(Difference { at, detail: detail.into(), gravity });
    }

    fn roots(&mut self) {
        for kind in [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription] {
            let name = |schema: &Schema| schema.root(kind).map(|it| schema.ty(it).name.to_string());
            let (file, upstream) = (name(self.file), name(self.upstream));
            let gravity = if file.is_none() { Gravity::Added } else { Gravity::Changed };
            if file != upstream {
                let words = |it: Option<String>| it.map_or("none".into(), |it| format!("`{it}`"));
                let detail =
                    format!("the root is {}, the upstream's is {}", words(file), words(upstream));
                self.push(kind.keyword().to_owned(), gravity, detail);
            }
        }
    }

    fn ty(&mut self, (id, ty): (TypeId, &Type), other: TypeId) {
        let (file, upstream) = (self.file, self.upstream);
        let theirs = upstream.ty(other);
        if word(ty.kind) != word(theirs.kind) {
            let detail = format!("is {}, the upstream's is {}", word(ty.kind), word(theirs.kind));
            self.push(ty.name.to_string(), Gravity::Changed, detail);
            return;
        }
        self.possible(ty, theirs);
        for field in file.fields(id).filter(|it| !is_meta(&file.field(*it).name)) {
            match upstream.field_named(other, &file.field(field).name) {
                Some(it) => self.field(field, it),
                None => self.missing(file.coordinate(field)),
            }
        }
        for field in upstream.fields(other) {
            if file.field_named(id, &upstream.field(field).name).is_none() {
                self.added(upstream.coordinate(field));
            }
        }
        let inputs = |schema: &Schema, id| schema.input_fields(id).collect::<Vec<_>>();
        let place = |name: &str| format!("{}.{name}", ty.name);
        self.inputs((&inputs(file, id), &inputs(upstream, other)), &place);
        self.values(ty, theirs);
    }

    /// The objects that an interface or union can be: rules on types count on them.
    fn possible(&mut self, ty: &Type, theirs: &Type) {
        if matches!(ty.kind, Kind::Object { .. }) {
            return;
        }
        let names = |schema: &Schema, ty: &Type| -> HashSet<Box<str>> {
            ty.possible.iter().map(|it| schema.ty(schema.object(it)).name.clone()).collect()
        };
        let (file, upstream) = (names(self.file, ty), names(self.upstream, theirs));
        let mut different: Vec<_> = file.symmetric_difference(&upstream).collect();
        different.sort_unstable();
        for name in different {
            let verb = if file.contains(name) { "cannot" } else { "can" };
            let detail = format!("at the upstream it {verb} be a `{name}`");
            self.push(ty.name.to_string(), Gravity::Changed, detail);
        }
    }

    fn field(&mut self, ours: FieldId, theirs: FieldId) {
        let (file, upstream) = (self.file, self.upstream);
        let at = file.coordinate(ours);
        self.type_reference(&at, &file.field(ours).ty, &upstream.field(theirs).ty);
        let arguments = |schema: &Schema, id| schema.arguments(id).collect::<Vec<_>>();
        let place = |name: &str| format!("{at}({name}:)");
        self.inputs((&arguments(file, ours), &arguments(upstream, theirs)), &place);
    }

    fn inputs(&mut self, (ours, theirs): (&[InputId], &[InputId]), place: &dyn Fn(&str) -> String) {
        let (file, upstream) = (self.file, self.upstream);
        let named = |schema: &Schema, ids: &[InputId], name: &str| {
            ids.iter().copied().find(|it| *schema.input(*it).name == *name)
        };
        for our in ours.iter().map(|it| file.input(*it)) {
            let at = place(&our.name);
            let Some(their) = named(upstream, theirs, &our.name) else {
                self.missing(at);
                continue;
            };
            let their = upstream.input(their);
            self.type_reference(&at, &our.ty, &their.ty);
            if !is_same((file, our), (upstream, their)) {
                let detail = format!(
                    "the default is {}, the upstream's is {}",
                    default(our),
                    default(their)
                );
                self.push(at, Gravity::Changed, detail);
            }
        }
        for their in theirs.iter().map(|it| upstream.input(*it)) {
            if named(file, ours, &their.name).is_some() {
                continue;
            }
            if their.default.is_none() && their.ty.wrappers.first() == Some(&Wrapper::NonNull) {
                let detail = "the upstream demands it, and the file has it not";
                self.push(place(&their.name), Gravity::Changed, detail);
            } else {
                self.added(place(&their.name));
            }
        }
    }

    fn values(&mut self, ty: &Type, theirs: &Type) {
        let has = |values: &[EnumValue], name: &str| values.iter().any(|it| *it.name == *name);
        for value in ty.values.iter().filter(|it| !has(&theirs.values, &it.name)) {
            self.missing(format!("{}.{}", ty.name, value.name));
        }
        for value in theirs.values.iter().filter(|it| !has(&ty.values, &it.name)) {
            self.added(format!("{}.{}", ty.name, value.name));
        }
    }

    fn directives(&mut self) {
        let (file, upstream) = (self.file, self.upstream);
        for ours in file.directives().iter().filter(|it| is_compared(it)) {
            match directive(upstream, &ours.name) {
                Some(theirs) => self.directive(ours, theirs),
                None => self.missing(format!("@{}", ours.name)),
            }
        }
        for theirs in upstream.directives().iter().filter(|it| is_compared(it)) {
            if directive(file, &theirs.name).is_none_or(|it| !is_compared(it)) {
                self.added(format!("@{}", theirs.name));
            }
        }
    }

    fn directive(&mut self, ours: &DirectiveDefinition, theirs: &DirectiveDefinition) {
        let at = format!("@{}", ours.name);
        let places = |it: &DirectiveDefinition| -> Vec<Box<str>> {
            it.locations.iter().filter(|it| is_executable(it)).cloned().collect()
        };
        let (here, there) = (places(ours), places(theirs));
        for place in here.iter().filter(|it| !there.contains(it)) {
            let detail = format!("the upstream does not take it at {place}");
            self.push(at.clone(), Gravity::Changed, detail);
        }
        for place in there.iter().filter(|it| !here.contains(it)) {
            let detail = format!("only the upstream takes it at {place}");
            self.push(at.clone(), Gravity::Added, detail);
        }
        match (ours.is_repeatable, theirs.is_repeatable) {
            (true, false) => {
                self.push(at.clone(), Gravity::Changed, "the upstream takes it once in a place");
            }
            (false, true) => {
                self.push(at.clone(), Gravity::Added, "the upstream takes it repeatedly");
            }
            (true, true) | (false, false) => {}
        }
        let arguments = |schema: &Schema, it| schema.directive_arguments(it).collect::<Vec<_>>();
        let place = |name: &str| format!("{at}({name}:)");
        let (file, upstream) = (self.file, self.upstream);
        self.inputs((&arguments(file, ours), &arguments(upstream, theirs)), &place);
    }

    fn type_reference(&mut self, at: &str, ours: &TypeRef, theirs: &TypeRef) {
        let (ours, theirs) = (type_text(self.file, ours), type_text(self.upstream, theirs));
        if ours != theirs {
            let detail = format!("the type is `{ours}`, the upstream's is `{theirs}`");
            self.push(at.to_owned(), Gravity::Changed, detail);
        }
    }

    fn missing(&mut self, at: String) {
        self.push(at, Gravity::Changed, "the upstream does not have it");
    }

    fn added(&mut self, at: String) {
        self.push(at, Gravity::Added, "only the upstream has it");
    }
}

fn is_meta(name: &str) -> bool {
    name.starts_with("__")
}

fn directive<'s>(schema: &'s Schema, name: &str) -> Option<&'s DirectiveDefinition> {
    schema.directives().iter().find(|it| *it.name == *name)
}

/// True for directives that a request may carry, but for those that every server has and need not
/// tell of.
fn is_compared(directive: &DirectiveDefinition) -> bool {
    let is_standard = STANDARD.contains(&&*directive.name);
    !is_standard && directive.locations.iter().any(|it| is_executable(it))
}

/// GraphQL §3.13.
const STANDARD: [&str; 5] = ["deprecated", "include", "oneOf", "skip", "specifiedBy"];

/// GraphQL §3.13: the places of a directive that are in a document of a client.
fn is_executable(location: &str) -> bool {
    EXECUTABLE.contains(&location)
}

const EXECUTABLE: [&str; 8] = [
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "MUTATION",
    "QUERY",
    "SUBSCRIPTION",
    "VARIABLE_DEFINITION",
];

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Enum => "an enum",
        Kind::InputObject { one_of: false } => "an input object",
        Kind::InputObject { one_of: true } => "an input object of which one field is given",
        Kind::Interface => "an interface",
        Kind::Object { .. } => "an object",
        Kind::Scalar => "a scalar",
        Kind::Union => "a union",
    }
}

fn default(input: &Input) -> String {
    input.default.as_ref().map_or("none".into(), |it| format!("`{}`", literal(it)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    fn schema(text: &str) -> Schema {
        let source = Source { name: "s.graphql".into(), text: text.into() };
        Schema::load(Arc::new(source)).unwrap_or_else(|it| panic!("{text}: {it:?}")).0
    }

    /// `coordinate: gravity` of each difference.
    fn check(file: &str, upstream: &str, expect: &[&str]) {
        let found = drift(&schema(file), &schema(upstream));
        let found: Vec<_> = found.iter().map(|it| format!("{}: {:?}", it.at, it.gravity)).collect();
        assert_eq!(found, expect, "{file} / {upstream}");
    }

    #[test]
    fn the_same_schema_does_not_drift() {
        let text =
            "\"a\" type Query { a(x: Int = 1, y: [Float] = [1.0]): E! @deprecated } enum E { A }";
        let other = "enum E { A } type Query { a(x: Int = 1, y: [Float] = 1): E! }";
        check(text, other, &[]);
    }

    #[test]
    fn what_only_the_upstream_has_is_added() {
        let file = "type Query { a: Int } enum E { A } input I { a: Int }";
        let upstream = "type Query { a(x: Int, y: Int! = 1): Int b: Int } enum E { A B }
            input I { a: Int b: Int } type T { a: Int } type Mutation { a: Int }";
        let added =
            ["mutation", "Query.a(x:)", "Query.a(y:)", "Query.b", "E.B", "I.b", "T", "Mutation"];
        check(file, upstream, &added.map(|it| format!("{it}: Added")).each_ref().map(|it| &**it));
    }

    #[test]
    fn directives_of_requests_drift() {
        let query = "type Query { a: Int }";
        let check = |file: &str, upstream: &str, expect: &[&str]| {
            check(&format!("{query} {file}"), &format!("{query} {upstream}"), expect);
        };
        let d = "directive @d(x: Int = 1) repeatable on FIELD | QUERY";
        check(d, "\"other\" directive @d(x: Int = 1) repeatable on QUERY | FIELD | OBJECT", &[]);
        check(d, "", &["@d: Changed"]);
        check(d, "directive @e on FIELD", &["@d: Changed", "@e: Added"]);
        check(d, "directive @d(x: Int = 1) on FIELD | QUERY", &["@d: Changed"]);
        check(d, "directive @d(x: Int = 1) repeatable on QUERY", &["@d: Changed"]);
        check(d, "directive @d(x: Int = 2) repeatable on FIELD | QUERY", &["@d(x:): Changed"]);
        check(d, "directive @d(x: Int! = 1) repeatable on FIELD | QUERY", &["@d(x:): Changed"]);
        check(d, "directive @d repeatable on FIELD | QUERY", &["@d(x:): Changed"]);
        let one = "directive @d on FIELD";
        check(one, "directive @d(x: Int) on FIELD", &["@d(x:): Added"]);
        check(one, "directive @d(x: Int!) on FIELD", &["@d(x:): Changed"]);
        check(one, "directive @d repeatable on FIELD | QUERY", &["@d: Added", "@d: Added"]);
        check(one, "directive @d on OBJECT", &["@d: Changed"]);
        check("directive @d on OBJECT", one, &["@d: Added"]);
        // What stands in the schema alone, and what servers need not tell of.
        check("directive @d on OBJECT", "directive @e on SCALAR", &[]);
        check("directive @include(if: Boolean!) on FIELD", "", &[]);
    }

    #[test]
    fn what_means_something_else_is_changed() {
        let query = |it: &str| format!("type Query {{ {it} }}");
        let changed = |file: &str, upstream: &str, at: &str| {
            check(&query(file), &query(upstream), &[&format!("{at}: Changed")]);
        };
        changed("a: Int b: Int", "a: Int", "Query.b");
        changed("a: Int", "a: Int!", "Query.a");
        changed("a: Int", "a: [Int]", "Query.a");
        changed("a(x: Int): Int", "a: Int", "Query.a(x:)");
        changed("a: Int", "a(x: Int!): Int", "Query.a(x:)");
        changed("a(x: Int = 1): Int", "a(x: Int = 2): Int", "Query.a(x:)");
        changed("a(x: Int = 1): Int", "a(x: Int): Int", "Query.a(x:)");
        changed("a: E } enum E { A B", "a: E } enum E { A", "E.B");
        changed(
            "a: U } union U = T type T { a: Int",
            "a: U } union U = T | Query type T { a: Int",
            "U",
        );
        check("type Query { a: E } enum E { A }", "type Query { a: E } scalar E", &["E: Changed"]);
    }
}
