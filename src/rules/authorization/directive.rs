//! Rules on what carries a directive of the schema: `@auth`, `@tag(name: "internal")`.
//!
//! One argument can be asked for, with one value: that of a list is any of its items. An argument
//! that is not written has the default of the directive's definition.

use crate::{
    diagnostic::Diagnostics,
    expression::Number,
    rules::authorization::table::On,
    schema::{Applied, Const, Input, Kind, Scalar, Schema},
    yaml::Node,
};

/// What `@…` stands for, without the `@`; adds every mistake.
pub(super) fn on_directive(
    schema: &Schema,
    text: &str,
    node: &Node,
    found: &mut Diagnostics,
) -> Option<On> {
    let (name, argument) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let Some(pair) = rest.strip_suffix(')').and_then(pair) else {
                let error = node.error("not-a-coordinate", format!("`@{text}` is no directive"));
                let help = "write `\"@tag(name: \\\"internal\\\")\"`: one argument with one value";
                found.push(error.help(help));
                return None;
            };
            (name, Some(pair))
        }
    };
    if !schema.directives().iter().any(|it| *it.name == *name) {
        let error = node.error("unknown-coordinate", format!("there is no directive `@{name}`"));
        found.push(error.did_you_mean(name, schema.directives().iter().map(|it| &*it.name)));
        return None;
    }
    let Some((key, value)) = argument else { return Some(On::Directive(name.into(), None)) };
    let Some(input) = defined(schema, name, key) else {
        let message = format!("`@{name}` has no argument `{key}`");
        let known = arguments(schema, name).map(|it| &*it.name);
        found.push(node.error("unknown-coordinate", message).did_you_mean(key, known));
        return None;
    };
    if let Some(wanted) = unmatchable(schema, input, value) {
        let message = format!("`@{text}` matches nothing: {wanted}");
        let help = "write one value that the argument can have, or one item of its list";
        found.push(node.error("wrong-value", message).help(help));
        return None;
    }
    Some(On::Directive(name.into(), Some((key.into(), value.into()))))
}

/// Whether a directive stands there, with this value of an argument if one is asked for.
pub(super) fn carries(
    schema: &Schema,
    applied: &[Applied],
    name: &str,
    argument: Option<&(Box<str>, Box<str>)>,
) -> bool {
    let mut applied = applied.iter().filter(|it| *it.name == *name);
    let Some((key, value)) = argument else { return applied.next().is_some() };
    let default = || defined(schema, name, key).and_then(|it| it.default.as_ref());
    applied.any(|it| match it.argument(key).or_else(default) {
        Some(Const::List(items)) => items.iter().any(|it| is(it, value)),
        Some(it) => is(it, value),
        None => false,
    })
}

/// Whether a value is the one that is written so, between quotes or not.
fn is(given: &Const, value: &str) -> bool {
    match given {
        Const::Boolean(it) => value == if *it { "true" } else { "false" },
        Const::Enum(it) | Const::String(it) => **it == *value,
        Const::Float(it) | Const::Int(it) => {
            **it == *value || Number::parse(it).is_some_and(|it| Some(it) == Number::parse(value))
        }
        Const::List(_) | Const::Null | Const::Object(_) => false,
    }
}

/// `key: value`, `key: "value"`.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let (key, value) = (key.trim(), value.trim());
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let is_one = match quoted {
        Some(it) => !it.contains(['"', '\\']),
        None => !value.is_empty() && value.chars().all(|it| !MARKS.contains(&it)),
    };
    (is_one && !key.is_empty()).then_some((key, quoted.unwrap_or(value)))
}

/// What the argument would have to be, when no value of its type is written so.
fn unmatchable(schema: &Schema, input: &Input, value: &str) -> Option<String> {
    let (name, ty) = (&input.name, schema.ty(input.ty.named));
    if input.ty.list_depth() > 1 || matches!(ty.kind, Kind::InputObject { .. }) {
        return Some(format!("`{name}` is neither one value nor a list of such"));
    }
    let number = Number::parse(value);
    let can_be = match (ty.kind, ty.scalar) {
        (Kind::Enum, _) => ty.values.iter().any(|it| *it.name == *value),
        (_, Scalar::Boolean) => matches!(value, "false" | "true"),
        (_, Scalar::Float) => number.is_some(),
        (_, Scalar::Int) => number.is_some_and(|it| it.is_whole()),
        _ => true,
    };
    (!can_be).then(|| format!("`{name}` is of type `{}`", ty.name))
}

fn defined<'s>(schema: &'s Schema, name: &str, argument: &str) -> Option<&'s Input> {
    arguments(schema, name).find(|it| *it.name == *argument)
}

fn arguments<'s>(schema: &'s Schema, name: &str) -> impl Iterator<Item = &'s Input> {
    let definition = schema.directives().iter().find(|it| *it.name == *name);
    let all = definition.into_iter().flat_map(|it| schema.directive_arguments(it));
    all.map(|it| schema.input(it))
}

/// What no value that stands without quotes has in it.
const MARKS: [char; 13] = ['"', '\'', '\\', ',', ':', '(', ')', '[', ']', '{', '}', '$', ' '];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        diagnostic::Source,
        rules::authorization::{
            directive::{carries, on_directive},
            table::On,
        },
        schema::Schema,
        yaml,
    };

    const SCHEMA: &str = r#"
directive @tag(name: String! = "internal") on FIELD_DEFINITION
directive @lvl(n: Int, x: Float, secret: Boolean, names: [String!], of: E, deep: [[Int]], any: Any) on FIELD_DEFINITION
scalar Any
enum E { A B }
type Query {
  plain: Int
  tag: Int @tag
  internal: Int @tag(name: "internal")
  public: Int @tag(name: "public")
  three: Int @lvl(n: 3, x: 1.50, any: "a b")
  secret: Int @lvl(secret: true)
  names: Int @lvl(names: ["x", "y"])
  name: Int @lvl(names: "x")
  of: Int @lvl(of: A)
  null: Int @lvl(n: null, names: null)
}"#;

    fn source(text: &str) -> Arc<Source> {
        Arc::new(Source { name: "t".into(), text: text.into() })
    }

    /// The fields that a rule on a directive is on, or the mistake.
    #[track_caller]
    fn check(on: &str, expect: &str) {
        let schema = Schema::load(source(SCHEMA)).unwrap().0;
        let (node, mut found) = yaml::read(&source(&format!("'@{on}'")));
        let on_it = on_directive(&schema, on, &node.unwrap(), &mut found);
        let Some(On::Directive(name, argument)) = on_it else {
            let mistake = found.iter().next().unwrap();
            assert_eq!(mistake.code, expect, "{on}");
            let (source, at) = mistake.place.as_ref().unwrap();
            assert_eq!(source.text.get(at.clone()), Some(&*format!("'@{on}'")));
            return;
        };
        let query = schema.types().find(|(_, it)| &*it.name == "Query").unwrap().0;
        let carrying = schema.fields(query).map(|it| schema.field(it));
        let carrying = carrying
            .filter(|it| carries(&schema, &it.directives, &name, argument.as_ref()))
            .map(|it| &*it.name);
        assert_eq!(carrying.collect::<Vec<_>>().join(" "), expect, "{on}");
    }

    #[test]
    fn a_value_that_is_not_written_is_the_default() {
        check("tag", "tag internal public");
        check(r#"tag(name: "internal")"#, "tag internal");
        check("tag(name: internal)", "tag internal");
        check(r#"tag(name: "public")"#, "public");
    }

    #[test]
    fn values_of_every_type_are_found() {
        check("lvl(n: 3)", "three");
        check("lvl(x: 1.5)", "three");
        check(r#"lvl(any: "a b")"#, "three");
        check("lvl(secret: true)", "secret");
        check("lvl(secret: false)", "");
        check(r#"lvl(names: "x")"#, "names name");
        check("lvl(names: y)", "names");
        check("lvl(of: A)", "of");
    }

    #[test]
    fn what_can_match_nothing_is_a_mistake() {
        check("lvl(m: 3)", "unknown-coordinate");
        check("lvl(n: three)", "wrong-value");
        check("lvl(n: 1.5)", "wrong-value");
        check("lvl(secret: yes)", "wrong-value");
        check("lvl(of: C)", "wrong-value");
        check("lvl(deep: 1)", "wrong-value");
        check(r#"lvl(names: ["x"])"#, "not-a-coordinate");
        check(r#"lvl(names: "x", n: 3)"#, "not-a-coordinate");
        check("lvl(n:)", "not-a-coordinate");
        check("lvl(n: 3", "not-a-coordinate");
    }
}
