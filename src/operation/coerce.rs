//! Checks the variables of a request against their definitions. GraphQL §6.1.2, strictly: a value
//! that servers are known to coerce differently (a string for an Int) is an objection, not a guess.
//!
//! Values are checked, never changed: what is forwarded is the text that the client sent.

use crate::{
    json::{self, Kind as Json},
    operation::{Given, Shape, Variable, Variables, inherited::is_inherited, scalars::is_scalar},
    schema::{Kind, Scalar, Schema, TypeId, Wrapper},
    verdict::{Code, Violation, ids},
};

/// Checks what a request gives for the variables of its operation; members of `given` that no
/// definition names are passed over here and never forwarded.
///
/// # Errors
/// The first value that does not fit its type.
pub fn coerce<'a>(
    schema: &Schema,
    variables: &[Variable],
    given: Option<json::Value<'a>>,
) -> Result<Variables<'a>, Violation> {
    let mut coerced = Variables {
        given: Vec::with_capacity(variables.len()),
        booleans: Vec::with_capacity(variables.len()),
        shape: given.map(Shape::of).unwrap_or_default(),
    };
    let mut open = Vec::new();
    let mut members = given.map(json::Value::children).into_iter().flatten().peekable();
    for variable in variables {
        // Most clients write them in the order in which they are defined.
        let value = members
            .next_if(|it| it.is_under(&variable.name))
            .or_else(|| given.and_then(|it| it.member(&variable.name)));
        let (given, boolean) = match value {
            Some(value) => {
                let outermost =
                    Expected { value, wrappers: &variable.ty.wrappers, named: variable.ty.named };
                check(schema, outermost, &mut open)
                    .map_err(|wrong| objection(&path(variable, value, wrong.at), &wrong.problem))?;
                (Given::Value(value), boolean(value))
            }
            None => not_given(variable)?,
        };
        coerced.given.push(given);
        coerced.booleans.push(boolean);
    }
    if let Some(given) = given.filter(|it| it.holds_file()) {
        every_file_is_declared(variables, given)?;
    }
    Ok(coerced)
}

/// What a variable is for which nothing is given.
fn not_given<'a>(variable: &Variable) -> Result<(Given<'a>, Option<bool>), Violation> {
    if variable.is_required() {
        Err(objection(&variable.name, "no value is given"))
    } else if variable.default.is_some() {
        Ok((Given::Default, variable.default_boolean))
    } else if is_inherited(&variable.name) {
        Err(objection(&variable.name, INHERITED))
    } else {
        Ok((Given::Absent, None))
    }
}

fn boolean(value: json::Value<'_>) -> Option<bool> {
    match value.kind() {
        Json::Boolean(value) => Some(value),
        _ => None,
    }
}

/// Members that no definition names are dropped, but a file cannot be: it comes by itself.
fn every_file_is_declared(variables: &[Variable], given: json::Value<'_>) -> Result<(), Violation> {
    let is_declared = |it: &json::Value<'_>| {
        it.key().is_some_and(|key| variables.iter().any(|it| *it.name == *key))
    };
    if given.children().filter(|it| it.holds_file()).all(|it| is_declared(&it)) {
        return Ok(());
    }
    let public = "a file is given for a variable that the operation does not have";
    let (rule, code) = (ids::VARIABLE_VALUES, Code::BAD_USER_INPUT);
    Err(Violation::new(rule, code, public))
}

/// The objection to what stands at a path, which begins with the name of a variable.
fn objection(path: &str, problem: &str) -> Violation {
    let name = path.split(['.', '[']).next().unwrap_or_default();
    let public = match problem {
        // Nothing is wrong with it but how it is written, which its sender has to know.
        INHERITED | ROUNDED => format!("variable `${name}`: {problem}"),
        _ => format!("variable `${name}` does not have a value of its type"),
    };
    Violation {
        rule: ids::VARIABLE_VALUES,
        code: Code::BAD_USER_INPUT,
        at: Some(format!("${name}").into()),
        public: public.into(),
        detail: format!("variable `${path}`: {problem}").into(),
    }
}

/// The way to a place in the value of a variable. It is looked for when something is wrong there,
/// and costs nothing before.
fn path(variable: &Variable, value: json::Value<'_>, place: json::Place) -> String {
    let (mut path, mut at) = (variable.name.to_string(), value);
    // Budget: the JSON text; every turn goes one level deeper.
    while at.place() != place {
        let inner = at.children().enumerate().find(|(_, it)| it.holds(place));
        let Some((n, inner)) = inner else { break };
        match inner.key() {
            Some(key) => {
                path.push('.');
                path.push_str(if is_name(&key) { &key } else { "…" });
            }
            None => path.push_str(&format!("[{n}]")),
        }
        at = inner;
    }
    path
}

/// Whether a key could be a field's name, and is short: no other is worth a place in the log.
fn is_name(key: &str) -> bool {
    (1..=MAX_NAME).contains(&key.len())
        && key.bytes().all(|it| it == b'_' || it.is_ascii_alphanumeric())
}

/// A value and the type that it must have.
#[derive(Clone, Copy)]
struct Expected<'s, 'a> {
    value: json::Value<'a>,
    wrappers: &'s [Wrapper],
    named: TypeId,
}

/// What is wrong with a value, and which it is.
struct Wrong {
    at: json::Place,
    problem: String,
}

impl Wrong {
    fn new(at: json::Value<'_>, problem: impl Into<String>) -> Self {
        Self { at: at.place(), problem: problem.into() }
    }
}

// The budget of this loop is the JSON text: every value is visited once per wrapper of its type.
fn check<'s, 'a>(
    schema: &'s Schema,
    outermost: Expected<'s, 'a>,
    open: &mut Vec<Expected<'s, 'a>>,
) -> Result<(), Wrong> {
    let mut next = Some(outermost);
    while let Some(expected) = next.take().or_else(|| open.pop()) {
        let Expected { value, wrappers, named } = expected;
        let is_null = value.kind() == Json::Null;
        match wrappers.split_first() {
            Some((Wrapper::NonNull, _)) if is_null => {
                return Err(Wrong::new(value, "null where the type has `!`"));
            }
            Some((Wrapper::NonNull, inner)) => {
                next = Some(Expected { wrappers: inner, ..expected })
            }
            Some((Wrapper::List, _)) | None if is_null => {}
            Some((Wrapper::List, inner)) if value.kind() == Json::Array => {
                open.extend(value.children().map(|value| Expected {
                    value,
                    wrappers: inner,
                    named,
                }));
            }
            // GraphQL §3.11: a single value counts as a list of one.
            Some((Wrapper::List, inner)) => next = Some(Expected { wrappers: inner, ..expected }),
            None => named_value(schema, named, value, open)?,
        }
    }
    Ok(())
}

fn named_value<'s, 'a>(
    schema: &'s Schema,
    named: TypeId,
    value: json::Value<'a>,
    open: &mut Vec<Expected<'s, 'a>>,
) -> Result<(), Wrong> {
    let ty = schema.ty(named);
    let wrong = |problem: String| Err(Wrong::new(value, problem));
    match ty.kind {
        Kind::Enum => {
            let name = value.string();
            let is_known = name.is_some_and(|it| ty.values.iter().any(|known| *known.name == *it));
            if is_known { Ok(()) } else { wrong(format!("not a value of enum `{}`", ty.name)) }
        }
        Kind::InputObject { one_of } => {
            if one_of {
                exactly_one(&ty.name, value)?;
            }
            input_object(schema, named, value, open)
        }
        Kind::Scalar if is_scalar(ty.scalar, value) => Ok(()),
        Kind::Scalar if ty.scalar == Scalar::Id && value.kind() == Json::Number => {
            wrong(ROUNDED.into())
        }
        Kind::Scalar => wrong(format!("not a value of scalar `{}`", ty.name)),
        Kind::Interface | Kind::Object { .. } | Kind::Union => {
            wrong(format!("`{}` is not an input type", ty.name))
        }
    }
}

fn input_object<'s, 'a>(
    schema: &'s Schema,
    named: TypeId,
    value: json::Value<'a>,
    open: &mut Vec<Expected<'s, 'a>>,
) -> Result<(), Wrong> {
    let ty = &schema.ty(named).name;
    if value.kind() != Json::Object {
        return Err(Wrong::new(value, format!("not an object of input type `{ty}`")));
    }
    for member in value.children() {
        let name = member.key().unwrap_or_default();
        let Some(field) = schema.input_field_named(named, &name) else {
            return Err(Wrong::new(member, format!("input type `{ty}` does not have this field")));
        };
        let field = &schema.input(field).ty;
        open.push(Expected { value: member, wrappers: &field.wrappers, named: field.named });
    }
    for id in schema.input_fields(named) {
        let field = schema.input(id);
        let is_required =
            field.ty.wrappers.first() == Some(&Wrapper::NonNull) && field.default.is_none();
        if is_required && value.member(&field.name).is_none() {
            let problem = format!("required field `{ty}.{}` is missing", field.name);
            return Err(Wrong::new(value, problem));
        }
    }
    Ok(())
}

/// GraphQL §3.10.1 (`@oneOf`).
fn exactly_one(ty: &str, value: json::Value<'_>) -> Result<(), Wrong> {
    let mut members = value.children();
    let first_is_set = members.next().is_some_and(|it| it.kind() != Json::Null);
    if value.kind() == Json::Object && first_is_set && members.next().is_none() {
        Ok(())
    } else {
        let problem = format!("exactly one field of `{ty}` must be given, and not null");
        Err(Wrong::new(value, problem))
    }
}

const INHERITED: &str =
    "servers in JavaScript find another value by this name when none is given: give one, or null";
const ROUNDED: &str = "not every server reads this number as the same ID: write it as a string";

/// 64 bytes: longer names are rare.
const MAX_NAME: usize = 64;
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        diagnostic::Source,
        document::{OperationId, ReadLimits, read},
        operation::{Skipped, spread},
    };

    fn check(id: &str, expect: Option<&str>) {
        check_named("i", &format!("{{\"i\":{id}}}"), expect);
    }

    fn check_named(name: &str, given: &str, expect: Option<&str>) {
        let text = "type Query { a(i: ID): Int }".into();
        let source = Source { name: "schema.graphql".into(), text };
        let schema = Arc::new(Schema::load(Arc::new(source)).unwrap().0);
        let document = format!("query (${name}: ID) {{ a(i: ${name}) }}");
        let document = read(&document, &ReadLimits::CEILINGS).unwrap();
        let operation = spread(&schema, &document.document, OperationId(0), Skipped::Ignore);
        let tree = json::read(given.as_bytes(), json::Limits::default()).unwrap();
        let coerced = coerce(&schema, operation.unwrap().variables(), Some(tree.root())).map(drop);
        assert_eq!(coerced.err().map(|it| it.public.into_owned()).as_deref(), expect, "{given}");
    }

    #[test]
    fn the_place_of_what_is_wrong_is_told_in_the_detail_alone() {
        let text = "
            type Query { a(v: [In!]): Int }
            input In { n: In, i: Int, e: E, s: String!, o: O = null }
            input O @oneOf { a: Int, b: Int }
            enum E { A }
        ";
        let source = Source { name: "schema.graphql".into(), text: text.into() };
        let schema = Arc::new(Schema::load(Arc::new(source)).unwrap().0);
        let document = read("query ($v: [In!]) { a(v: $v) }", &ReadLimits::CEILINGS).unwrap();
        let operation = spread(&schema, &document.document, OperationId(0), Skipped::Ignore);
        let operation = operation.unwrap();
        let check = |value: &str, expect: &str| {
            let given = format!("{{\"v\":{value}}}");
            let tree = json::read(given.as_bytes(), json::Limits::default()).unwrap();
            let found = coerce(&schema, operation.variables(), Some(tree.root())).unwrap_err();
            assert_eq!(*found.detail, format!("variable `$v{expect}"), "{value}");
            assert_eq!(found.public, "variable `$v` does not have a value of its type");
            assert_eq!(found.at.as_deref(), Some("$v"));
        };
        let unknown = "input type `In` does not have this field";
        let nested = r#"{"s":"","n":{"s":"","n":{"s":"","zz":1}}}"#;
        check(nested, &format!(".n.n.zz`: {unknown}"));
        check(&format!(r#"[{{"s":""}},{nested}]"#), &format!("[1].n.n.zz`: {unknown}"));
        check(r#"[{"s":"","\u007az":1}]"#, &format!("[0].zz`: {unknown}"));
        check(r#"[{"s":"","a key\n":1}]"#, &format!("[0].…`: {unknown}"));
        check("[null]", "[0]`: null where the type has `!`");
        check(r#"{"s":null}"#, ".s`: null where the type has `!`");
        check(r#"[{"s":"","n":{}}]"#, "[0].n`: required field `In.s` is missing");
        check(r#"{"s":"","i":"1"}"#, ".i`: not a value of scalar `Int`");
        check(r#"{"s":"","e":"B"}"#, ".e`: not a value of enum `E`");
        check(r#"{"s":"","n":[1]}"#, ".n`: not an object of input type `In`");
        let one = "exactly one field of `O` must be given, and not null";
        check(r#"{"s":"","o":{}}"#, &format!(".o`: {one}"));
        check("1", "`: not an object of input type `In`");
    }

    #[test]
    fn a_name_that_every_object_has_needs_a_value() {
        for name in ["constructor", "toString", "__defineGetter__"] {
            check_named(name, &format!("{{\"{name}\":\"1\"}}"), None);
            check_named(name, &format!("{{\"{name}\":null}}"), None);
            check_named(name, "{}", Some(&format!("variable `${name}`: {INHERITED}")));
        }
        for name in ["Constructor", "constructors", "prototype", "length"] {
            check_named(name, "{}", None);
        }
    }

    #[test]
    fn a_number_is_an_id_where_every_server_reads_the_same() {
        for it in ["0", "7", "-1", "9007199254740991", "-9007199254740991", "\"-0\"", "null"] {
            check(it, None);
        }
        check("\"9007199254740993\"", None);
        let rounded = format!("variable `$i`: {ROUNDED}");
        for it in ["9007199254740992", "-9007199254740992", "-0", "1e3", "1.0"] {
            check(it, Some(&rounded));
        }
        check("true", Some("variable `$i` does not have a value of its type"));
    }
}
