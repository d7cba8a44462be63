//! Where a file stands in the operations: `variables.input.files.0`, or `1.variables.file` in a
//! batch.
//!
//! Stricter than the libraries that servers use for it, which take any property of an object.

use std::fmt;

use crate::json::{Kind, Place, Tree, Value};

/// A path that leads into variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    text: Box<str>,
}

impl Path {
    /// Reads a path; nothing when it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut steps = text.split('.');
        let mut first = steps.next()?;
        if is_index(first) {
            first = steps.next()?;
        }
        if text.len() > MAX_BYTES || first != "variables" {
            return None;
        }
        if !steps.next().is_some_and(is_name) {
            return None;
        }
        steps.all(|it| is_name(it) || is_index(it)).then(|| Self { text: text.into() })
    }

    /// The value that it leads to; nothing when it would be too far to go.
    // Budget: that which is given; every value that is passed over takes one.
    pub(super) fn find(&self, tree: &Tree<'_>, budget: &mut usize) -> Option<Place> {
        let mut value = tree.root();
        for step in self.text.split('.') {
            value = match value.kind() {
                Kind::Array if is_index(step) => {
                    let index: usize = step.parse().ok()?;
                    child(value, budget, |n, _| n == index)?
                }
                Kind::Object if is_name(step) => child(value, budget, |_, it| it.is_under(step))?,
                _ => return None,
            };
        }
        Some(value.place())
    }
}

/// The first child that it is.
fn child<'t>(
    value: Value<'t>,
    budget: &mut usize,
    is_it: impl Fn(usize, Value<'t>) -> bool,
) -> Option<Value<'t>> {
    for (n, child) in value.children().enumerate() {
        *budget = budget.checked_sub(1)?;
        if is_it(n, child) {
            return Some(child);
        }
    }
    None
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A name of the language.
fn is_name(text: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    text.bytes().all(is_word) && text.bytes().next().is_some_and(|it| !it.is_ascii_digit())
}

/// A number as it is written once: no sign, no zeros in front.
fn is_index(text: &str) -> bool {
    let is_short = (1..=MAX_DIGITS).contains(&text.len());
    is_short
        && text.bytes().all(|it| it.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

/// 256 bytes: deeper than inputs nest.
const MAX_BYTES: usize = 256;
/// More than a body has values.
const MAX_DIGITS: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(operations: &str, path: &str, expect: Option<&str>) {
        let tree = json::read(operations.as_bytes(), json::Limits::default()).unwrap();
        let place = Path::read(path).and_then(|it| it.find(&tree, &mut 100));
        let found = tree.root().descendants().find(|it| Some(it.place()) == place);
        assert_eq!(found.map(Value::text), expect, "{operations} {path}");
    }

    #[test]
    fn paths_lead_into_variables() {
        let one = r#"{"query":"{a}","variables":{"a":null,"b":[1,{"c":2}],"__proto__":3}}"#;
        check(one, "variables.a", Some("null"));
        check(one, "variables.b.0", Some("1"));
        check(one, "variables.b.1.c", Some("2"));
        check(one, "variables.__proto__", Some("3"));
        let many = format!("[{one},{one}]");
        check(&many, "1.variables.b.0", Some("1"));
        for (operations, path) in [
            (one, "variables"),
            (one, "query"),
            (one, ""),
            (one, "0.variables.a"),
            (one, "variables.b.2"),
            (one, "variables.b.00"),
            (one, "variables.b.-1"),
            (one, "variables.b.0.c"),
            (one, "variables.b.length"),
            (one, "variables..a"),
            (one, "variables.a."),
            (one, "variables.0"),
            (one, "variables[a]"),
            (one, " variables.a"),
            (one, "variables.c"),
            (&*many, "variables.a"),
            (&*many, "2.variables.a"),
            (&*many, "00.variables.a"),
            (&*many, "0.query"),
        ] {
            check(operations, path, None);
        }
    }

    #[test]
    fn what_is_passed_over_is_bounded() {
        let operations = br#"{"query":"{a}","variables":{"a":[0,1,2]}}"#;
        let tree = json::read(operations, json::Limits::default()).unwrap();
        let path = Path::read("variables.a.2").unwrap();
        // Two members, one, and three items.
        for (given, left) in [(6, Some(0)), (7, Some(1)), (5, None)] {
            let mut budget = given;
            let found = path.find(&tree, &mut budget);
            assert_eq!(found.map(|_| budget), left, "{given}");
        }
    }

    #[test]
    fn a_path_is_bounded() {
        let path = |n: usize| format!("variables.{}", "a".repeat(n));
        assert!(Path::read(&path(246)).is_some());
        assert!(Path::read(&path(247)).is_none());
        assert!(Path::read("variables.a.9999999").is_some());
        assert!(Path::read("variables.a.99999999").is_none());
    }
}
