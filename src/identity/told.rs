//! What an upstream is told of an identity: a claim as the text of a header.
//!
//! A text that a header cannot carry faithfully is refused and not repaired: what is cut or
//! escaped would be another identity.

use serde_json::Value;

use crate::identity::{BadCredential, Identity};

/// A header that tells the upstream a claim: `x-user-id: claims.sub`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The header, lower case.
    pub header: Box<str>,
    /// The way to the claim, from the outermost name on. Not empty.
    pub claim: Vec<Box<str>>,
}

impl Told {
    /// The text of the header; nothing when there is no such claim, or an empty one.
    ///
    /// # Errors
    /// When the claim cannot stand in a header: an object, a fraction, a control character, a space
    /// at an end, a comma inside an item of a list.
    pub fn text(&self, identity: &Identity) -> Result<Option<String>, BadCredential> {
        let (first, rest) = match self.claim.split_first() {
            Some((first, rest)) => (first, rest),
            None => return Ok(None),
        };
        let outer = identity.claims().get(&**first);
        let claim = rest.iter().try_fold(outer, |value, name| match value {
            None => Some(None),
            Some(Value::Object(members)) => Some(members.get(&**name)),
            Some(_) => None,
        });
        let bad = || BadCredential::Told { header: self.header.clone() };
        let text = match claim.flatten() {
            None | Some(Value::Null) => return Ok(None),
            // With commas and nothing else between: that is how upstreams take it apart.
            Some(Value::Array(items)) => {
                let items: Option<Vec<_>> = items.iter().map(item).collect();
                items.ok_or_else(bad)?.join(",")
            }
            Some(value) => scalar(value).ok_or_else(bad)?,
        };
        Ok(Some(text).filter(|it| !it.is_empty()))
    }
}

/// An item of a list must not look like two.
fn item(value: &Value) -> Option<String> {
    scalar(value).filter(|it| !it.contains(',') && !it.is_empty())
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::Bool(it) => it.to_string(),
        // What is not whole may have lost digits when it was read.
        Value::Number(it) if !it.is_f64() => it.to_string(),
        Value::String(it) => it.clone(),
        Value::Array(_) | Value::Null | Value::Number(_) | Value::Object(_) => return None,
    };
    // White space around a value does not belong to it (RFC 9110 §5.5): `admin ` would be `admin`.
    let is_faithful = text.trim() == text && !text.contains(char::is_control);
    is_faithful.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is told of the claim `a` or, with `path`, of one inside it.
    fn check(a: Value, path: &[&str], expect: Result<Option<&str>, ()>) {
        let claim = ["a"].iter().chain(path).map(|it| (*it).into()).collect();
        let Value::Object(claims) = json!({ "sub": "s", "a": a }) else { panic!() };
        let identity = Identity::new(claims);
        let got = Told { header: "x-a".into(), claim }.text(&identity);
        assert_eq!(got.map_err(|_bad| ()), expect.map(|it| it.map(String::from)));
    }

    #[test]
    fn texts_numbers_and_lists_are_told() {
        check(json!("u-1001"), &[], Ok(Some("u-1001")));
        check(json!("Zoë, of Köln"), &[], Ok(Some("Zoë, of Köln")));
        check(json!(7), &[], Ok(Some("7")));
        check(json!(true), &[], Ok(Some("true")));
        check(json!(["A", "B"]), &[], Ok(Some("A,B")));
        check(json!({ "b": { "c": "x" } }), &["b", "c"], Ok(Some("x")));
    }

    #[test]
    fn what_is_not_there_is_not_told() {
        for none in [json!(null), json!(""), json!([])] {
            check(none, &[], Ok(None));
        }
        check(json!({ "b": 1 }), &["c"], Ok(None));
        check(json!("text"), &["b"], Ok(None));
    }

    #[test]
    fn what_a_header_would_change_is_refused() {
        let bad =
            ["a\r\nx-admin: 1", "a\nb", "a\0", "\u{85}", " admin", "admin ", "\u{7f}", "a\tb"];
        for text in bad {
            check(json!(text), &[], Err(()));
            check(json!([text]), &[], Err(()));
        }
        check(json!(["CUSTOMER,ADMIN"]), &[], Err(()));
        check(json!(["A", ""]), &[], Err(()));
        check(json!([["A"]]), &[], Err(()));
        check(json!({}), &[], Err(()));
        check(json!(1.5), &[], Err(()));
        check(json!(12_345_678_901_234_567_890_123.0), &[], Err(()));
    }
}
