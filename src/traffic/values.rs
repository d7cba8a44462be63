//! Values as they are written down: on one line, control characters escaped, and where wanted others
//! of the same size in place of theirs.

use ahash::HashSet;

use crate::{
    document::{filler, other_number},
    json::{self, Kind, Value},
    schema::{Kind as TypeKind, Schema},
};

/// What the schema itself says: words that tell nothing about a person.
#[derive(Debug)]
pub(super) struct Vocabulary {
    words: HashSet<Box<str>>,
    keys: HashSet<Box<str>>,
}

impl Vocabulary {
    /// The enum values and type names, and the names of input fields.
    pub(super) fn of(schema: &Schema) -> Self {
        let (mut words, mut keys) = (HashSet::default(), HashSet::default());
        for (id, ty) in schema.types() {
            words.insert(ty.name.clone());
            words.extend(ty.values.iter().map(|it| it.name.clone()));
            if matches!(ty.kind, TypeKind::InputObject { .. }) {
                keys.extend(schema.input_fields(id).map(|it| schema.input(it).name.clone()));
            }
        }
        keys.insert("__typename".into());
        Self { words, keys }
    }
}

/// Appends a text as a JSON string that holds no control character, not even one that only a
/// terminal obeys.
pub(super) fn push_text(out: &mut String, text: &str) {
    if !text.chars().any(is_unsafe) {
        return json::push_escaped(out, text);
    }
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            it if is_unsafe(it) => push_unit(out, it),
            it => out.push(it),
        }
    }
    out.push('"');
}

/// Appends variables; says whether anything is another than it was. Without a vocabulary all is as
/// it was.
pub(super) fn push_variables(
    out: &mut String,
    variables: Value<'_>,
    vocabulary: Option<&Vocabulary>,
) -> bool {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut is_other = false;
    let all: Vec<Value<'_>> = variables.descendants().collect();
    for value in &all {
        close(out, &mut open, value.range().start);
        if !out.ends_with(['{', '[']) && !open.is_empty() {
            out.push(',');
        }
        if let Some(key) = value.key() {
            // The names of variables stand in the document as well.
            let is_known = open.len() < 2 || vocabulary.is_none_or(|it| it.keys.contains(&*key));
            if is_known {
                push_text(out, &key);
            } else {
                is_other = true;
                out.push_str(&format!("\"x{}\"", value.range().start));
            }
            out.push(':');
        }
        is_other |= push_one(out, *value, vocabulary);
        match value.kind() {
            Kind::Array => open.push((value.range().end, ']')),
            Kind::Object => open.push((value.range().end, '}')),
            Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Number | Kind::String => {}
        }
    }
    close(out, &mut open, usize::MAX);
    is_other
}

fn close(out: &mut String, open: &mut Vec<(usize, char)>, at: usize) {
    while let Some((_, it)) = open.pop_if(|(end, _)| *end <= at) {
        out.push(it);
    }
}

fn push_one(out: &mut String, value: Value<'_>, vocabulary: Option<&Vocabulary>) -> bool {
    match value.kind() {
        Kind::Array => out.push('['),
        Kind::Boolean(it) => out.push_str(if it { "true" } else { "false" }),
        Kind::File | Kind::Null => out.push_str("null"),
        Kind::Number => {
            let other = vocabulary.and_then(|_| other_number(value.text()));
            out.push_str(other.as_deref().unwrap_or_else(|| value.text()));
            return other.is_some();
        }
        Kind::Object => out.push('{'),
        Kind::String => {
            let text = value.string().unwrap_or_default();
            let is_hidden = vocabulary.is_some_and(|it| !it.words.contains(&*text));
            if is_hidden && !text.is_empty() {
                push_text(out, &text.chars().map(filler).collect::<String>());
                return true;
            }
            push_text(out, &text);
        }
    }
    false
}

fn push_unit(out: &mut String, it: char) {
    let mut units = [0; 2];
    for unit in it.encode_utf16(&mut units) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

/// C0, DEL, C1, line and paragraph separators, and what turns the direction of text around.
fn is_unsafe(it: char) -> bool {
    it.is_control() || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &str, expect: &str) {
        let words = ["ASC", "Shop"].map(Into::into).into_iter().collect();
        let keys = ["street"].map(Into::into).into_iter().collect();
        let vocabulary = Vocabulary { words, keys };
        let tree = json::read(variables.as_bytes(), json::Limits::default()).unwrap();
        let mut out = String::new();
        let any = push_variables(&mut out, tree.root(), Some(&vocabulary));
        assert_eq!(out, expect);
        assert_eq!(any, out.replace(' ', "") != variables.replace([' ', '\n'], ""), "{variables}");
        let mut same = String::new();
        assert!(!push_variables(&mut same, tree.root(), None));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&same).unwrap(),
            serde_json::from_str::<serde_json::Value>(variables).unwrap()
        );
    }

    #[test]
    fn what_the_schema_says_stays() {
        check("{}", "{}");
        check(r#"{ "first": 100, "by": "ASC", "b": [true, null, []], "e": "" }"#, {
            r#"{"first":100,"by":"ASC","b":[true,null,[]],"e":""}"#
        });
        check(
            r#"{"in":{"street":"ASC","t":{"__x":1}}}"#,
            r#"{"in":{"street":"ASC","x26":{"x33":1}}}"#,
        );
    }

    #[test]
    fn everything_else_is_of_the_same_size() {
        check(r#"{"id":"O-123","n":-1234.5,"l":["a",1000],"x":{}}"#, {
            r#"{"id":"xxxxx","n":-1111.1,"l":["x",1111],"x":{}}"#
        });
        check("{\"a\":\"\\u0041\\n\u{9b}é\"}", "{\"a\":\"xxßß\"}");
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut out = String::new();
        push_text(&mut out, "a\"\u{1b}[31m\u{9b}\u{2028}\u{202e}\n\u{7f}é");
        assert_eq!(out, "\"a\\\"\\u001b[31m\\u009b\\u2028\\u202e\\u000a\\u007fé\"");
        assert!(serde_json::from_str::<String>(&out).is_ok());
    }
}
