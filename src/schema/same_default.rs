//! Whether two default values are the same to a server.
//!
//! Whether they fit their types is nothing that is asked here.

use crate::schema::{Const, Input, Schema, TypeId};

/// A value, and the type that it is a value of.
#[derive(Clone, Copy)]
struct Typed<'s> {
    schema: &'s Schema,
    named: TypeId,
    value: &'s Const,
}

impl<'s> Typed<'s> {
    fn default_of(schema: &'s Schema, input: &'s Input) -> Self {
        Self {
            schema,
            named: input.ty.named,
            value: input.default.as_ref().unwrap_or(&Const::Null),
        }
    }

    fn inside(self, value: &'s Const) -> Self {
        Self { value, ..self }
    }

    // GraphQL §3.10: an input field that is left out has its default.
    fn member(self, name: &str) -> Option<Self> {
        let Const::Object(entries) = self.value else { return None };
        let written = entries.iter().find(|(it, _)| **it == *name).map(|(_, value)| value);
        let input = self.schema.input_field_named(self.named, name);
        let input = input.map(|it| self.schema.input(it));
        let named = input.map_or(self.named, |it| it.ty.named);
        let value = written.or_else(|| input?.default.as_ref())?;
        Some(Self { named, value, ..self })
    }
}

/// Whether two default values are the same to a server. Servers print them anew: `1.0` as `1`, a
/// value for a list as a list of one, an ID as a number or a string, none as `null`, and an object
/// with what is left out.
pub(super) fn is_same(a: (&Schema, &Input), b: (&Schema, &Input)) -> bool {
    let mut open = vec![(Typed::default_of(a.0, a.1), Typed::default_of(b.0, b.1))];
    let mut n_left = MOST_PAIRS;
    while let Some((a, b)) = open.pop() {
        let Some(left) = u32::checked_sub(n_left, 1) else { return false };
        n_left = left;
        let is_equal = match (a.value, b.value) {
            (Const::List(xs), Const::List(ys)) => {
                open.extend(xs.iter().zip(ys).map(|(x, y)| (a.inside(x), b.inside(y))));
                xs.len() == ys.len()
            }
            (Const::Object(xs), Const::Object(ys)) => {
                let is_new = |(name, _): &&(Box<str>, Const)| !xs.iter().any(|it| it.0 == *name);
                let names = xs.iter().chain(ys.iter().filter(is_new)).map(|(name, _)| name);
                let pairs = names.map(|it| Some((a.member(it)?, b.member(it)?)));
                let pairs: Option<Vec<_>> = pairs.collect();
                let is_complete = pairs.is_some();
                open.extend(pairs.unwrap_or_default());
                is_complete
            }
            (Const::List(items), _) => one(items).is_some_and(|it| {
                open.push((a.inside(it), b));
                true
            }),
            (_, Const::List(items)) => one(items).is_some_and(|it| {
                open.push((a, b.inside(it)));
                true
            }),
            (a, b) => a == b || (text(a).is_some() && text(a) == text(b)) || is_same_number(a, b),
        };
        if !is_equal {
            return false;
        }
    }
    true
}

fn one(items: &[Const]) -> Option<&Const> {
    match items {
        [item] => Some(item),
        _ => None,
    }
}

fn text(value: &Const) -> Option<&str> {
    match value {
        Const::Float(it) | Const::Int(it) | Const::String(it) => Some(it),
        Const::Boolean(_) | Const::Enum(_) | Const::List(_) | Const::Null | Const::Object(_) => {
            None
        }
    }
}

fn is_same_number(a: &Const, b: &Const) -> bool {
    let number = |it: &Const| match it {
        Const::Float(it) | Const::Int(it) => it.parse::<f64>().ok(),
        _ => None,
    };
    number(a).is_some_and(|it| number(b) == Some(it))
}

/// Pairs of values that are compared. Defaults that hold each other without end are no schema of a
/// server, and here they are not the same.
const MOST_PAIRS: u32 = 10_000;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::Source,
        schema::{Schema, drift},
    };

    fn schema(text: &str) -> Schema {
        let source = Source { name: "s.graphql".into(), text: text.into() };
        Schema::load(Arc::new(source)).unwrap_or_else(|it| panic!("{text}: {it:?}")).0
    }

    /// Where the two differ.
    fn check(file: &str, upstream: &str, expect: &[&str]) {
        let found = drift(&schema(file), &schema(upstream));
        let found: Vec<_> = found.iter().map(|it| &*it.at).collect();
        assert_eq!(found, expect, "{file} / {upstream}");
    }

    #[test]
    fn a_default_may_say_what_the_defaults_inside_say() {
        let rest = "input Page { first: Int = 10 after: String inner: Inner }
            input Inner { a: Int = 1 b: [D!] = {} all: [Page!] } input D { b: [Int] = [] c: Int }
            directive @d(page: Page = {}) on FIELD";
        let with = |default: &str, on_directive: &str| {
            let rest = rest.replace("page: Page = {}", &format!("page: Page = {on_directive}"));
            format!("type Query {{ posts(page: Page = {default}): Int }} {rest}")
        };
        let cases = [
            ("{}", "{ first: 10 }"),
            ("{ inner: {} }", "{ inner: { b: [{ b: [] }], a: 1 }, first: 10 }"),
            ("{ inner: { b: { c: 1 } } }", "{ first: 10, inner: { a: 1, b: [{ b: [], c: 1 }] } }"),
            ("{ inner: { all: {} } }", "{ first: 10, inner: { all: [{ first: 10 }] } }"),
        ];
        for (ours, theirs) in cases {
            check(&with(ours, "{}"), &with(theirs, "{ first: 10 }"), &[]);
            check(&with(theirs, "{ first: 10 }"), &with(ours, "{}"), &[]);
        }
        let changed = ["Query.posts(page:)"];
        for theirs in
            ["{ first: 11 }", "{ after: null }", "{ after: \"a\" }", "{ inner: {} }", "null"]
        {
            check(&with("{}", "{}"), &with(theirs, "{}"), &changed);
            check(&with(theirs, "{}"), &with("{}", "{}"), &changed);
        }
        check(&with("{}", "{}"), &with("{}", "{ first: 9 }"), &["@d(page:)"]);
    }

    #[test]
    fn defaults_that_hold_each_other_come_to_an_end() {
        let text = |default| {
            format!(
                "type Query {{ a(x: X = {default}): Int }} input X {{ x: X = {{ y: {{}} }} y: X = {{ x: {{}} }} }}"
            )
        };
        check(&text("{}"), &text("{ x: { y: { x: {} } } }"), &["Query.a(x:)"]);
    }
}
