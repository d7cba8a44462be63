//! A node as JSON, for the parts of a file that are data: variables, claims.
//!
//! A scalar without quotes is a number, a boolean or null when JSON would read it as one, and a
//! text otherwise (YAML 1.2, core schema, without its octal numbers and infinities).

use serde_json::{Map, Value as Json};

use crate::yaml::{Node, Value};

impl Node {
    /// The node as JSON.
    // Recursion over a tree whose depth its reader has bounded.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Mapping(entries) => {
                let members = entries.iter().map(|(key, value)| {
                    (key.as_text().unwrap_or_default().to_owned(), value.to_json())
                });
                Json::Object(members.collect::<Map<_, _>>())
            }
            Value::Scalar { text, quoted: true } => Json::String(text.clone()),
            Value::Scalar { .. } if self.is_null() => Json::Null,
            Value::Scalar { text, quoted: false } => match serde_json::from_str(text) {
                Ok(value @ (Json::Bool(_) | Json::Number(_))) => value,
                Ok(_) | Err(_) => Json::String(text.clone()),
            },
            Value::Sequence(items) => Json::Array(items.iter().map(Self::to_json).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use crate::{diagnostic::Source, yaml};

    #[test]
    fn plain_scalars_are_what_json_says() {
        let text = "{a: 1, b: -2.5e3, c: true, d: ~, e: on, f: '1', g: [x, {h: 007}], i: }";
        let source = Arc::new(Source { name: "t".into(), text: text.into() });
        let (node, found) = yaml::read(&source);
        assert!(found.is_empty());
        let expect = json!({
            "a": 1, "b": -2500.0, "c": true, "d": null, "e": "on", "f": "1",
            "g": ["x", { "h": "007" }], "i": null,
        });
        assert_eq!(node.unwrap().to_json(), expect);
    }
}
