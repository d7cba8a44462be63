//! A value as one text for all ways of giving it, in a variable, in the document or as a default:
//! members in the order of their keys, no white space, one spelling of every text and number.
//!
//! It is made to be compared and is no JSON itself: a comma stands behind every element. What a
//! server does not look at in a value makes it another all the same.

use std::borrow::Cow;

use crate::{
    document::{ValueId, ValueKind},
    json::{Kind, Value, push_escaped},
    operation::{self, Operation, VariableIdx, Variables},
    schema::{self, Const, Scalar, TypeRef},
};

/// A value, or a part of one, as it was given.
#[derive(Clone, Copy)]
pub(super) enum Given<'t> {
    Const(&'t Const),
    Json(Value<'t>),
    Literal(ValueId),
    /// A variable that was not given.
    Nothing,
    /// A variable that a server gives in another form than it was sent in: all its values are one.
    Whatever(VariableIdx),
}

/// What values are written with: those of the document can have variables in them.
#[derive(Clone, Copy)]
pub(super) struct Canonical<'o, 'v> {
    pub(super) operation: &'o Operation,
    pub(super) variables: &'o Variables<'v>,
}

/// What is still to be written.
enum Step<'t> {
    End(&'static str),
    Value(Option<Cow<'t, str>>, Given<'t>),
}

/// What is inside a container, and how that ends.
type Inside<'t> = (Vec<(Option<Cow<'t, str>>, Given<'t>)>, &'static str);

impl<'o: 't, 'v: 't, 't> Canonical<'o, 'v> {
    /// The text; of one that is longer than [`MAX_TEXT`], the beginning.
    pub(super) fn text(self, value: Given<'t>) -> String {
        let mut out = String::new();
        let mut steps = vec![Step::Value(None, value)];
        // Budget: the text, of which every step writes some.
        while let Some(step) = steps.pop().filter(|_| out.len() <= MAX_TEXT) {
            let (key, value) = match step {
                Step::End(end) => {
                    out.push_str(end);
                    continue;
                }
                Step::Value(key, value) => (key, value),
            };
            if let Some(key) = key {
                push_escaped(&mut out, &key);
                out.push(':');
            }
            match self.inside(value) {
                None => {
                    self.push(&mut out, value);
                    out.push(',');
                }
                Some((mut children, end)) => {
                    out.push_str(if end == "}," { "{" } else { "[" });
                    steps.push(Step::End(end));
                    // Elements have no key, and stay in their order.
                    children.sort_by(|(one, _), (other, _)| one.cmp(other));
                    steps.extend(children.into_iter().rev().map(|(key, it)| Step::Value(key, it)));
                }
            }
        }
        out
    }

    /// What is in it, when it is a list or an object.
    fn inside(self, value: Given<'t>) -> Option<Inside<'t>> {
        let document = self.operation.document();
        let of_json = |it: Value<'t>| it.children().map(|it| (it.key(), Given::Json(it))).collect();
        let of_literal = |id: ValueId| {
            let children = document.children(id).map(|(id, it)| {
                let key = it.key.map(|key| Cow::Borrowed(document.str(key)));
                (key, self.variable(id))
            });
            // A member that is not given is not there; an element is null.
            children.filter(|(key, it)| key.is_none() || !matches!(it, Given::Nothing)).collect()
        };
        Some(match value {
            Given::Const(Const::List(items)) => {
                (items.iter().map(|it| (None, Given::Const(it))).collect(), "],")
            }
            Given::Const(Const::Object(members)) => {
                let member = |(key, it): &'t (Box<str>, Const)| {
                    (Some(Cow::Borrowed(&**key)), Given::Const(it))
                };
                (members.iter().map(member).collect(), "},")
            }
            Given::Json(it) if it.kind() == Kind::Array => (of_json(it), "],"),
            Given::Json(it) if it.kind() == Kind::Object => (of_json(it), "},"),
            Given::Literal(id) => match document.value(id)?.kind {
                ValueKind::List => (of_literal(id), "],"),
                ValueKind::Object => (of_literal(id), "},"),
                _ => return None,
            },
            Given::Const(_) | Given::Json(_) | Given::Nothing | Given::Whatever(_) => return None,
        })
    }

    /// A literal, or what was given for the variable that it is.
    fn variable(self, id: ValueId) -> Given<'t> {
        let Some(variable) = self.operation.variable_at(id) else { return Given::Literal(id) };
        let definition = self.operation.variables().get(variable.index());
        let default = || definition?.default;
        if !definition.is_some_and(|it| self.is_as_sent(&it.ty)) {
            return Given::Whatever(variable);
        }
        match self.variables.given(variable) {
            Some(operation::Given::Value(it)) => Given::Json(it),
            Some(operation::Given::Default) => default().map_or(Given::Nothing, Given::Literal),
            Some(operation::Given::Absent) | None => Given::Nothing,
        }
    }

    /// Whether a value of a type is for servers what was sent: no list, which one item may stand
    /// for, no object, which has defaults, and no ID, which a number may stand for.
    fn is_as_sent(self, ty: &TypeRef) -> bool {
        let named = self.operation.schema().ty(ty.named);
        let is_object = matches!(named.kind, schema::Kind::InputObject { .. });
        ty.list_depth() == 0 && !is_object && named.scalar != Scalar::Id
    }

    /// Writes what has nothing inside.
    fn push(self, out: &mut String, value: Given<'t>) {
        let document = self.operation.document();
        match value {
            Given::Const(Const::Boolean(it)) => out.push_str(if *it { "true" } else { "false" }),
            Given::Const(Const::Enum(it) | Const::String(it)) => push_escaped(out, it),
            Given::Const(Const::Float(it) | Const::Int(it)) => out.push_str(&number(it)),
            Given::Json(it) => match it.kind() {
                Kind::Number => out.push_str(&number(it.text())),
                Kind::String => push_escaped(out, &it.string().unwrap_or_default()),
                _ => out.push_str(it.text()),
            },
            Given::Literal(id) => match document.value(id).map(|it| it.kind) {
                Some(ValueKind::Boolean(it)) => out.push_str(if it { "true" } else { "false" }),
                // As servers give it to a scalar of the schema's own.
                Some(ValueKind::Enum(it)) => push_escaped(out, document.str(it)),
                Some(ValueKind::Float(it) | ValueKind::Int(it)) => {
                    out.push_str(&number(document.str(it)));
                }
                Some(ValueKind::String(it)) => push_escaped(out, document.string(it)),
                _ => out.push_str("null"),
            },
            Given::Whatever(it) => out.push_str(&format!("${}", it.index())),
            Given::Const(_) | Given::Nothing => out.push_str("null"),
        }
    }
}

/// 64 KiB: a value of the document can have one variable in it many times over.
const MAX_TEXT: usize = 64 * 1024;

/// Whole numbers keep all their digits: they may be ids. Others are what servers read.
pub(super) fn number(text: &str) -> String {
    if let Ok(it) = text.parse::<i128>() {
        return it.to_string();
    }
    match text.parse::<f64>() {
        Ok(0.0) => "0".to_owned(),
        // Of all numbers, the digits would be hundreds.
        Ok(it) if (1e-6..1e38).contains(&it.abs()) => it.to_string(),
        Ok(it) => format!("{it:e}"),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        admission::{compile::compile_keeping, rated::argument},
        diagnostic::Source,
        json::{self, Limits},
        operation::coerce,
        policy::load,
    };

    const SCHEMA: &str = "
        scalar JSON
        input Opt { a: Int = 1 }
        type Query { who(key: JSON = { by: [\"default\"] }): String }
    ";

    /// What a document and its variables give for `who(key:)`.
    fn key(document: &str, variables: &str) -> Option<String> {
        let source = |name: &str, text: &str| Source { name: name.into(), text: text.into() };
        let text = "version: 1\nname: t\nschema: { file: s.graphql }\n";
        let mut schema = |_: &str| Ok(Arc::new(source("s.graphql", SCHEMA)));
        let (policy, found) = load(Arc::new(source("p.yaml", text)), &mut schema);
        let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
        let (_, operation) = compile_keeping(&policy, document, None);
        let operation = operation.unwrap_or_else(|| panic!("{document}"));
        let limits = Limits { depth: 100, values: 10_000, lists: None };
        let tree = json::read(variables.as_bytes(), limits).unwrap();
        let schema = operation.schema();
        let given = coerce(schema, operation.variables(), Some(tree.root())).unwrap();
        let node = operation.nodes().first().unwrap();
        let value = argument::given(&operation, &given, node, &["key".into()])?;
        argument::text(Canonical { operation: &operation, variables: &given }, value)
    }

    /// The same value in a variable, in the document, and as a default.
    #[track_caller]
    fn check(json: &str, literal: &str, expect: &str) {
        let in_variable = key("query($v: JSON) { who(key: $v) }", &format!("{{\"v\":{json}}}"));
        assert_eq!(in_variable.as_deref(), Some(expect), "{json}");
        let in_document = key(&format!("{{ who(key: {literal}) }}"), "{}");
        assert_eq!(in_document.as_deref(), Some(expect), "{literal}");
        let as_default = key(&format!("query($v: JSON = {literal}) {{ who(key: $v) }}"), "{}");
        assert_eq!(as_default.as_deref(), Some(expect), "{literal}");
    }

    #[test]
    fn one_value_has_one_text_however_it_is_given() {
        let expect = r#"{"a":1,"y":[{},null,"\"",],},"#;
        for json in [
            r#"{"a":1,"y":[{},null,"\""]}"#,
            r#" { "y" : [ { } , null , "\u0022" ] , "\u0061" : 1.0 } "#,
            r#"{"y":[{},null,"\""],"a":10e-1}"#,
        ] {
            check(json, r#"{ y: [{}, null, "\""], a: 1.0 }"#, expect);
        }
        check("[1,2]", "[1 2]", "[1,2,],");
        check("[2,1]", "[2 1]", "[2,1,],");
        check("[[1],2]", "[[1] 2]", "[[1,],2,],");
        check(r#"["1",1,true,null]"#, r#"["1" 1 true null]"#, r#"["1",1,true,null,],"#);
        check(r#"{"a":{"b":1}}"#, "{ a: { b: 1 } }", r#"{"a":{"b":1,},},"#);
        check(r#"["BOB"]"#, "[BOB]", r#"["BOB",],"#);
    }

    #[test]
    fn a_value_of_the_document_can_have_variables_in_it() {
        let document = "query($a: JSON, $b: JSON = [2]) { who(key: { a: $a, b: [$b, $a] }) }";
        let check = |variables: &str, expect: &str| {
            assert_eq!(key(document, variables).as_deref(), Some(expect), "{variables}");
        };
        check(r#"{"a":{"x":1}}"#, r#"{"a":{"x":1,},"b":[[2,],{"x":1,},],},"#);
        check(r#"{"a":"s","b":1}"#, r#"{"a":"s","b":[1,"s",],},"#);
        check("{}", r#"{"b":[[2,],null,],},"#);
        assert_eq!(key("{ who }", "{}").as_deref(), Some(r#"{"by":["default",],},"#));
    }

    /// A server fills in defaults, makes lists of items and texts of numbers before it gives them
    /// to the scalar.
    #[test]
    fn what_servers_change_in_a_variable_is_one_value() {
        for (ty, values) in [
            ("Opt", [r#"{"v":{}}"#, r#"{"v":{"a":1}}"#]),
            ("ID", [r#"{"v":1}"#, r#"{"v":"1"}"#]),
            ("[Int]", [r#"{"v":1}"#, r#"{"v":[1]}"#]),
        ] {
            let document = format!("query($v: {ty}) {{ who(key: {{ o: $v }}) }}");
            let texts = values.map(|it| key(&document, it));
            assert_eq!(texts, [(); 2].map(|()| Some(r#"{"o":$0,},"#.to_owned())), "{ty}");
        }
        let document = "query($v: Int) { who(key: { o: $v }) }";
        assert_ne!(key(document, r#"{"v":1}"#), key(document, r#"{"v":2}"#));
    }

    #[test]
    fn no_text_is_much_longer_than_what_was_sent() {
        let many = "$v ".repeat(200);
        let document = format!("query($v: JSON) {{ who(key: [{many}]) }}");
        let long = format!(r#"{{"v":"{}"}}"#, "x".repeat(10_000));
        let text = key(&document, &long).unwrap();
        assert!(text.len() <= MAX_TEXT + 10_010, "{}", text.len());
    }

    #[test]
    fn numbers_have_one_spelling_and_few_digits() {
        for (text, expect) in [
            ("1", "1"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1e2", "100"),
            ("9007199254740993", "9007199254740993"),
            ("0.10000000000000000001", "0.1"),
            ("1e300", "1e300"),
            ("1E+300", "1e300"),
            ("1e-300", "1e-300"),
        ] {
            assert_eq!(number(text), expect, "{text}");
        }
    }
}
