//! What a condition compares: the paths behind `args` and behind `claims` in its text.
//!
//! A reading of the text, not of the compiled expression: a path too many is only one more attempt.

use serde_json::{Map, Value};

use crate::attack::access::Whose;

/// The paths of arguments that a condition names, and whose they are.
pub(super) fn arguments(source: &str) -> Vec<(Whose, Vec<String>)> {
    let mut found: Vec<_> = paths(source, "args")
        .filter(|(_, path)| !path.is_empty())
        .map(|(before, path)| {
            let whose = match before {
                it if it.ends_with("parent.") => Whose::Parent,
                it if it.ends_with("root.") => Whose::Root,
                _ => Whose::Own,
            };
            (whose, path)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The texts and numbers that a caller has where a condition names claims.
pub(super) fn claimed(source: &str, claims: &Map<String, Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for (_, path) in paths(source, "claims") {
        let mut steps = path.iter();
        let first = steps.next().and_then(|it| claims.get(it));
        let end = steps.fold(first, |value, step| value.and_then(|it| it.get(step)));
        let all = match end {
            Some(Value::Array(items)) => items.iter().take(MAX_ITEMS).collect(),
            other => other.into_iter().collect::<Vec<_>>(),
        };
        let scalars = all.into_iter().filter(|it| it.is_string() || it.is_number());
        for it in scalars {
            if !found.contains(it) {
                found.push(it.clone());
            }
        }
    }
    found
}

/// The literal texts of a condition: `"User:"` in `args.id == "User:" + claims.sub`.
pub(super) fn texts(source: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), source);
    while let Some(at) = rest.find(['"', '\'']) {
        let Some((quote, after)) =
            rest.get(at..at.saturating_add(1)).zip(rest.get(at.saturating_add(1)..))
        else {
            break;
        };
        let Some((text, after)) = after.split_once(quote) else { break };
        found.push(text);
        rest = after;
    }
    found
}

/// Every occurrence of a name with what stands before it and the path behind it.
fn paths<'s>(source: &'s str, name: &str) -> impl Iterator<Item = (&'s str, Vec<String>)> {
    source.match_indices(name).filter_map(|(at, it)| {
        let (before, rest) = source.split_at_checked(at)?;
        let rest = rest.strip_prefix(it)?;
        let is_word =
            |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_');
        let is_whole = !is_word(before.chars().next_back()) && !is_word(rest.chars().next());
        is_whole.then(|| (before, path(rest)))
    })
}

/// `.a.b`, `["a"]['b']`; a call at the end is none of it.
fn path(mut rest: &str) -> Vec<String> {
    let mut path = Vec::new();
    // Budget: every turn takes something off the text.
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            let (step, after) =
                after.split_at_checked(end.unwrap_or(after.len())).unwrap_or_default();
            if step.is_empty() || after.starts_with('(') {
                return path;
            }
            path.push(step.to_owned());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[\"").or_else(|| rest.strip_prefix("['")) {
            let Some((step, after)) = after.split_once(['"', '\'']) else { return path };
            path.push(step.to_owned());
            rest = after.strip_prefix(']').unwrap_or_default();
        } else {
            return path;
        }
    }
}

/// Items of a list of claims that are tried.
const MAX_ITEMS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_behind_arguments() {
        for (source, expect) in [
            ("args.id == claims.sub", vec!["Own id"]),
            ("claims.sub == args.input.owner", vec!["Own input owner"]),
            ("root.args.id == claims.sub || args[\"a\"] == '1'", vec!["Own a", "Root id"]),
            ("args.ids.all(it, it == claims.sub) && has(args.ids)", vec!["Own ids"]),
            ("parent.args.id in claims.ids", vec!["Parent id"]),
            ("myargs.id == 1 || args == claims", vec![]),
        ] {
            let found = arguments(source).into_iter();
            let found: Vec<_> =
                found.map(|(it, path)| format!("{it:?} {}", path.join(" "))).collect();
            assert_eq!(found, expect, "{source}");
        }
    }

    #[test]
    fn what_is_claimed() {
        let claims = serde_json::json!({ "sub": "a", "n": 7, "o": { "id": "x" }, "l": ["p", "q"] });
        let claims = claims.as_object().unwrap();
        for (source, expect) in [
            ("args.id == claims.sub", r#"["a"]"#),
            ("args.id == claims.o.id || args.n == claims['n']", r#"["x",7]"#),
            ("args.id in claims.l", r#"["p","q"]"#),
            ("claims.sub.startsWith(args.id)", r#"["a"]"#),
            ("claims.nope == args.id", "[]"),
        ] {
            assert_eq!(Value::from(claimed(source, claims)).to_string(), expect, "{source}");
        }
    }

    #[test]
    fn texts_of_a_condition() {
        assert_eq!(texts("a == \"User:\" + b || c == 'x'"), ["User:", "x"]);
        assert_eq!(texts("a == \"open"), Vec::<&str>::new());
    }
}
