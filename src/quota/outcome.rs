//! Which calls an answer says have failed.
//!
//! Failed is a root field that is null, or whose answer has no data at all, when an error has a
//! path that begins with its key, or no path: then nobody can tell whose error it is.

use std::borrow::Cow;

use crate::json::{self, Kind, Value};

/// The answers to the requests of one HTTP request, or to one message, or the parts of one answer.
#[derive(Debug)]
pub struct Outcomes<'a>(Vec<json::Tree<'a>>);

impl<'a> Outcomes<'a> {
    /// Reads an answer; `None` when it is none.
    #[must_use]
    pub fn read(answer: &'a [u8]) -> Option<Self> {
        Some(Self(vec![json::read(answer, LIMITS).ok()?]))
    }

    /// Reads an answer that came in parts; those that are none say nothing.
    #[must_use]
    pub fn of_parts(parts: &'a [Vec<u8>]) -> Self {
        Self(parts.iter().filter_map(|it| json::read(it, LIMITS).ok()).collect())
    }

    /// Whether a call of a request has failed; `None` when its answer does not say so either way.
    #[must_use]
    pub fn has_failed(&self, item: usize, key: &str) -> Option<bool> {
        let roots = self.0.iter().map(json::Tree::root);
        let of_root: Vec<_> = roots.clone().flat_map(announced).collect();
        let said = roots.filter_map(|it| of_one(it, item, key, &of_root));
        said.reduce(|has_failed, it| has_failed || it)
    }
}

/// The ids under which an answer says that more of the root is to come: newer servers give paths
/// there alone.
fn announced<'a>(root: Value<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    let pending = root.member("pending").into_iter().flat_map(Value::children);
    let of_root = pending.filter(|it| it.member("path").is_some_and(|it| is_empty(it)));
    of_root.filter_map(|it| it.member("id")?.string())
}

fn is_empty(list: Value<'_>) -> bool {
    list.kind() == Kind::Array && list.children().next().is_none()
}

/// What one answer says, with what it brings later of the root.
fn of_one(root: Value<'_>, item: usize, key: &str, of_root: &[Cow<'_, str>]) -> Option<bool> {
    let answer = match root.kind() {
        Kind::Array => root.children().nth(item)?,
        _ => Some(root).filter(|_| item == 0)?,
    };
    let path = |it: &Value<'_>| it.member("path").map(|it| it.children().count());
    let lists = ["incremental", "completed"].into_iter().filter_map(|it| answer.member(it));
    let later = lists.flat_map(Value::children);
    let is_of_root = |it: &Value<'_>| match (it.member("id"), it.member("subPath")) {
        (Some(id), None) => id.string().is_some_and(|it| of_root.contains(&it)),
        (Some(id), Some(sub)) => {
            is_empty(sub) && id.string().is_some_and(|it| of_root.contains(&it))
        }
        (None, _) => path(it) == Some(0),
    };
    let later = later.filter(is_of_root);
    let said = later.filter_map(|it| has_failed(it, key, true));
    // Older servers write what comes later without a list around it.
    let own = match path(&answer) {
        None | Some(0) => Some(answer),
        Some(_) => None,
    };
    let has_next = answer.member("hasNext").map(|it| it.kind());
    let is_part = has_next == Some(Kind::Boolean(true)) || path(&answer).is_some();
    let own = own.and_then(|it| has_failed(it, key, is_part));
    said.chain(own).reduce(|has_failed, it| has_failed || it)
}

/// `is_part`: what is not in it may stand in another.
fn has_failed(answer: Value<'_>, key: &str, is_part: bool) -> Option<bool> {
    let is_null = |it: &Value<'_>| it.kind() == Kind::Null;
    let data = answer.member("data").filter(|it| !is_null(it));
    let value = data.and_then(|it| it.member(key)).filter(|it| !is_null(it));
    if value.is_some() {
        return Some(false);
    }
    if is_part && data.is_some_and(|it| it.member(key).is_none()) {
        return None;
    }
    let errors = answer.member("errors").filter(|it| it.kind() == Kind::Array);
    let is_blamed = errors.map(|it| {
        it.children().any(|error| {
            let first = error.member("path").and_then(|it| it.children().next());
            first.is_none_or(|it| it.string().is_some_and(|it| it == key))
        })
    });
    match is_blamed {
        Some(true) => Some(true),
        // A field may be null without an error. Without data, one that must not be null has taken
        // the others with it, and what became of them, nobody has said.
        Some(false) | None => data.map(|_| false),
    }
}

/// Answers nest deeper than requests do; their size is bounded by who reads them.
const LIMITS: json::Limits = json::Limits { depth: 1000, values: 1_000_000, lists: None };

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expect: Option<bool>) {
        let got = Outcomes::read(answer.as_bytes()).and_then(|it| it.has_failed(0, "a"));
        assert_eq!(got, expect, "{answer}");
    }

    #[test]
    fn failed_is_null_with_an_error_of_its_own() {
        check(r#"{"data":{"a":1}}"#, Some(false));
        check(r#"{"data":{"a":null}}"#, Some(false));
        check(r#"{"data":{"a":null},"errors":[{"path":["a"]}]}"#, Some(true));
        check(r#"{"data":{"a":null},"errors":[{"path":["a","b",0]}]}"#, Some(true));
        check(r#"{"data":{"a":null},"errors":[{"path":["b"]}]}"#, Some(false));
        check(r#"{"data":{"a":{"b":null}},"errors":[{"path":["a","b"]}]}"#, Some(false));
        // A field that must not be null takes the others with it.
        check(r#"{"data":null,"errors":[{"path":["a"]}]}"#, Some(true));
        check(r#"{"data":null,"errors":[{"path":["b"]}]}"#, None);
    }

    #[test]
    fn an_error_without_a_path_is_of_anybody() {
        check(r#"{"errors":[{"message":"no"}]}"#, Some(true));
        check(r#"{"data":{"a":null},"errors":[{"path":[]}]}"#, Some(true));
        check(r#"{"data":{"a":1},"errors":[{"message":"no"}]}"#, Some(false));
    }

    #[test]
    fn what_is_no_answer_says_nothing() {
        for answer in ["", "{", "{}", "1", "[]", r#"{"data":null}"#, r#"{"errors":1}"#] {
            check(answer, None);
        }
        check(r#"{"data":{},"hasNext":true}"#, None);
        // Of an answer that is all there is, what is missing was not called.
        check(r#"{"data":{"b":1}}"#, Some(false));
    }

    #[test]
    fn an_answer_may_come_in_parts() {
        let check = |parts: &[&str], expect: Option<bool>| {
            let parts: Vec<_> = parts.iter().map(|it| it.as_bytes().to_vec()).collect();
            assert_eq!(Outcomes::of_parts(&parts).has_failed(0, "a"), expect);
        };
        let first = r#"{"data":{},"hasNext":true}"#;
        let later = |path: &str, data: &str| {
            format!(r#"{{"incremental":[{{"path":{path},"data":{data}}}],"hasNext":false}}"#)
        };
        check(&[first], None);
        check(&[first, &later("[]", r#"{"a":1}"#)], Some(false));
        check(&[first, &later(r#"["b"]"#, r#"{"a":1}"#)], None);
        check(&[r#"{"data":{"a":{}},"hasNext":true}"#, "x"], Some(false));
        let failed = r#"{"incremental":[{"path":[],"data":null,"errors":[{"path":["a"]}]}]}"#;
        check(&[first, failed], Some(true));
        let older = |path: &str| format!(r#"{{"path":{path},"data":{{"a":1}},"hasNext":false}}"#);
        check(&[first, &older("[]")], Some(false));
        check(&[first, &older(r#"["b"]"#)], None);
        check(&[first, r#"{"path":[],"data":{"b":1},"hasNext":false}"#], None);
        check(&[], None);
    }

    #[test]
    fn parts_may_name_their_place_once() {
        let check = |parts: &[&str], expect: Option<bool>| {
            let parts: Vec<_> = parts.iter().map(|it| it.as_bytes().to_vec()).collect();
            assert_eq!(Outcomes::of_parts(&parts).has_failed(0, "a"), expect, "{parts:?}");
        };
        let first = r#"{"data":{},"pending":[{"id":"0","path":[]},{"id":"1","path":["b"]}],"hasNext":true}"#;
        let later = |item: &str| {
            format!(r#"{{"incremental":[{item}],"completed":[{{"id":"0"}}],"hasNext":false}}"#)
        };
        check(&[first, &later(r#"{"id":"0","data":{"a":1}}"#)], Some(false));
        check(&[first, &later(r#"{"id":"0","subPath":[],"data":{"a":1}}"#)], Some(false));
        check(&[first, &later(r#"{"id":"0","subPath":["c"],"data":{"a":1}}"#)], None);
        check(&[first, &later(r#"{"id":"1","data":{"a":1}}"#)], None);
        let null = r#"{"id":"0","data":{"a":null},"errors":[{"path":["a"]}]}"#;
        check(&[first, &later(null)], Some(true));
        let failed = |path: &str| {
            format!(
                r#"{{"completed":[{{"id":"0","errors":[{{"path":["{path}"]}}]}}],"hasNext":false}}"#
            )
        };
        check(&[first, &failed("a")], Some(true));
        check(&[first, &failed("c")], None);
    }

    #[test]
    fn a_batch_has_an_answer_for_each() {
        let answer = br#"[{"data":{"a":1}},{"errors":[{}]}]"#;
        let outcomes = Outcomes::read(answer).unwrap();
        let of = |item| outcomes.has_failed(item, "a");
        assert_eq!([of(0), of(1), of(2)], [Some(false), Some(true), None]);
    }
}
