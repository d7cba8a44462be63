//! A JSON value as one text for all ways of writing it: members in the order of their keys, no
//! white space, one spelling of every text and number.
//!
//! It is made to be compared and is no JSON itself: a comma stands behind every element. What a
//! server does not look at in a value makes it another all the same.

use std::borrow::Cow;

use crate::json::{Kind, Value, push_escaped};

/// What is still to be written.
enum Step<'t> {
    End(&'static str),
    Value(Option<Cow<'t, str>>, Value<'t>),
}

/// About as long as what was sent: a text does not grow, and a number has 40 bytes at most.
pub(super) fn canonical(value: Value<'_>) -> String {
    let mut out = String::new();
    let mut steps = vec![Step::Value(None, value)];
    // Budget: the values, each of which comes up once, and the end of each container.
    while let Some(step) = steps.pop() {
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
        match value.kind() {
            Kind::Array => {
                out.push('[');
                open(&mut steps, value, "],");
                continue;
            }
            Kind::Boolean(_) | Kind::File | Kind::Null => out.push_str(value.text()),
            Kind::Number => out.push_str(&number(value.text())),
            Kind::Object => {
                out.push('{');
                open(&mut steps, value, "},");
                continue;
            }
            Kind::String => push_escaped(&mut out, &value.string().unwrap_or_default()),
        }
        out.push(',');
    }
    out
}

fn open<'t>(steps: &mut Vec<Step<'t>>, container: Value<'t>, end: &'static str) {
    steps.push(Step::End(end));
    let mut children: Vec<_> = container.children().map(|it| (it.key(), it)).collect();
    // Elements have no key, and stay in their order.
    children.sort_by(|(one, _), (other, _)| one.cmp(other));
    steps.extend(children.into_iter().rev().map(|(key, it)| Step::Value(key, it)));
}

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
    use super::*;
    use crate::json::{self, Limits};

    fn check(text: &str, expect: &str) {
        let limits = Limits { depth: 100, values: 1000, lists: None };
        let tree = json::read(text.as_bytes(), limits).unwrap();
        assert_eq!(canonical(tree.root()), expect, "{text}");
    }

    #[test]
    fn one_value_has_one_text() {
        for same in [
            r#"{"a":1,"y":[{},null,"\""]}"#,
            r#" { "y" : [ { } , null , "\u0022" ] , "\u0061" : 1.0 } "#,
            r#"{"y":[{},null,"\""],"a":10e-1}"#,
        ] {
            check(same, r#"{"a":1,"y":[{},null,"\"",],},"#);
        }
    }

    #[test]
    fn what_differs_stays_apart() {
        check(r#"["1",1,true,null]"#, r#"["1",1,true,null,],"#);
        check(r#"[[1],2]"#, "[[1,],2,],");
        check(r#"[1,2]"#, "[1,2,],");
        check(r#"[2,1]"#, "[2,1,],");
        check(r#"{"a":{"b":1}}"#, r#"{"a":{"b":1,},},"#);
        check(r#"{"a":{},"b":1}"#, r#"{"a":{},"b":1,},"#);
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
