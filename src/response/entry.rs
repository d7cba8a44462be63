//! One entry of `errors`, as the client reads it.
//!
//! Masked, an entry keeps where it is (`path`, `locations`) and tells a code and the request;
//! with a code that is kept, it loses only what belongs to the server: its stack traces, and
//! members that the specification does not name. The whole text stands in our log.

use crate::{
    json::{self, Kind, Value, push_escaped},
    policy::{ErrorText, ResponseRules, Suggestions},
    response::suggestions::{may_suggest, stripped},
    telemetry::{ErrorMasked, RequestId},
    verdict::Code,
};

/// Writes entries of one answer.
#[derive(Debug)]
pub(super) struct Entries {
    id: RequestId,
    /// How many were logged.
    n_logged: u32,
}

impl Entries {
    pub(super) const fn new(id: RequestId) -> Self {
        Self { id, n_logged: 0 }
    }

    /// Writes an entry; nothing, when it was too long to be held.
    ///
    /// Where suggestions alone are stripped, one that cannot be read (half a pair of surrogates, a
    /// key twice) or is no object passes as it is, unless its text has the words of a suggestion.
    /// Of one that was too long nobody knows whether it has.
    pub(super) fn write(&mut self, rules: &ResponseRules, entry: Option<&[u8]>, out: &mut Vec<u8>) {
        let (is_held, entry) = (entry.is_some(), entry.unwrap_or_default());
        let tree = json::read(entry, LIMITS).ok();
        let root = tree.as_ref().map(json::Tree::root).filter(|it| it.kind() == Kind::Object);
        match (&rules.errors, root) {
            (ErrorText::Mask { keep_codes }, Some(root)) if is_kept(root, keep_codes) => {
                kept(root, rules.suggestions, out);
            }
            (ErrorText::Mask { .. }, root) => {
                self.log(entry);
                self.masked(root, out);
            }
            (ErrorText::Pass, Some(root)) => whole(entry, root, rules.suggestions, out),
            (ErrorText::Pass, None) if is_held && !may_suggest(entry) => {
                out.extend_from_slice(entry);
            }
            // What cannot be read cannot be stripped.
            (ErrorText::Pass, None) => {
                self.log(entry);
                self.masked(None, out);
            }
        }
    }

    fn log(&mut self, entry: &[u8]) {
        self.n_logged = self.n_logged.saturating_add(1);
        if self.n_logged <= MAX_LOGGED {
            let text = entry.get(..entry.len().min(MAX_TEXT)).unwrap_or_default();
            ErrorMasked { id: self.id, error: &String::from_utf8_lossy(text) }.emit();
        }
    }

    fn masked(&self, entry: Option<Value<'_>>, out: &mut Vec<u8>) {
        let mut text = String::with_capacity(192);
        text.push_str(r#"{"message":"#);
        push_escaped(&mut text, MASKED);
        for (name, is_it) in [("locations", is_locations as Is), ("path", is_path)] {
            if let Some(it) = entry.and_then(|it| it.member(name)).filter(|it| is_it(*it)) {
                push_member(&mut text, name, it.text());
            }
        }
        text.push_str(r#","extensions":{"code":"#);
        push_escaped(&mut text, Code::INTERNAL_SERVER_ERROR.as_str());
        text.push_str(r#","requestId":"#);
        push_escaped(&mut text, &self.id.to_string());
        text.push_str("}}");
        out.extend_from_slice(text.as_bytes());
    }
}

type Is = fn(Value<'_>) -> bool;

/// Line and column alone: anything else could say anything.
fn is_locations(value: Value<'_>) -> bool {
    let is_one = |it: Value<'_>| {
        let is_number = |it: Value<'_>| {
            matches!(it.key().as_deref(), Some("line" | "column")) && it.kind() == Kind::Number
        };
        it.kind() == Kind::Object && it.children().all(is_number)
    };
    value.kind() == Kind::Array && value.children().all(is_one)
}

/// Names and numbers.
fn is_path(value: Value<'_>) -> bool {
    let is_name = |it: &str| it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let is_step = |it: Value<'_>| match it.kind() {
        Kind::Number => true,
        Kind::String => it.string().is_some_and(|it| is_name(&it)),
        Kind::Array | Kind::Boolean(_) | Kind::File | Kind::Null | Kind::Object => false,
    };
    value.kind() == Kind::Array && value.children().all(is_step)
}

fn is_kept(entry: Value<'_>, codes: &[Box<str>]) -> bool {
    let code = entry.member("extensions").and_then(|it| it.member("code"));
    let Some(code) = code.and_then(Value::string) else { return false };
    codes.iter().any(|it| **it == *code)
}

/// Of an entry that clients may read: what the specification names, without stack traces.
fn kept(entry: Value<'_>, suggestions: Suggestions, out: &mut Vec<u8>) {
    let mut text = String::from("{");
    let message = entry.member("message").and_then(Value::string).unwrap_or_default();
    let message = match suggestions {
        Suggestions::Keep => message,
        Suggestions::Strip => stripped(&message).into_owned().into(),
    };
    text.push_str(r#""message":"#);
    push_escaped(&mut text, &message);
    for name in ["locations", "path"] {
        if let Some(it) = entry.member(name) {
            push_member(&mut text, name, it.text());
        }
    }
    text.push_str(r#","extensions":{"#);
    let members = entry.member("extensions").into_iter().flat_map(Value::children);
    let members = members.filter(|it| !it.key().is_none_or(|it| is_internal(&it)));
    for (n, member) in members.enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(member.key_text().unwrap_or_default());
        text.push(':');
        text.push_str(member.text());
    }
    text.push_str("}}");
    out.extend_from_slice(text.as_bytes());
}

/// What servers say about themselves.
fn is_internal(name: &str) -> bool {
    INTERNAL.iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// The whole entry, but for what its message suggests.
fn whole(entry: &[u8], root: Value<'_>, suggestions: Suggestions, out: &mut Vec<u8>) {
    let member = root.member("message");
    let message = member.filter(|_| suggestions == Suggestions::Strip).and_then(Value::string);
    let (Some(member), Some(message)) = (member, message) else {
        return out.extend_from_slice(entry);
    };
    let new = stripped(&message);
    if *new == *message {
        return out.extend_from_slice(entry);
    }
    let range = member.range();
    out.extend_from_slice(entry.get(..range.start).unwrap_or_default());
    out.extend_from_slice(json::escape(&new).as_bytes());
    out.extend_from_slice(entry.get(range.end..).unwrap_or_default());
}

fn push_member(out: &mut String, name: &str, text: &str) {
    out.push(',');
    push_escaped(out, name);
    out.push(':');
    out.push_str(text);
}

/// All that a client reads of an error that is masked.
const MASKED: &str = "the request could not be served";
/// Stack traces and what else Apollo, graphql-java, graphql-php and HotChocolate add for
/// developers.
const INTERNAL: [&str; 8] = [
    "debug",
    "debugInfo",
    "debugMessage",
    "exception",
    "originalError",
    "stack",
    "stacktrace",
    "trace",
];
const LIMITS: json::Limits = json::Limits { depth: 100, values: 100_000, lists: None };
/// 20: whoever needs more of one answer sees it in these.
const MAX_LOGGED: u32 = 20;
/// 8 KiB of each.
const MAX_TEXT: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::RequestIds;

    fn rules(errors: ErrorText, suggestions: Suggestions) -> ResponseRules {
        ResponseRules { errors, suggestions, ..ResponseRules::default() }
    }

    fn write(rules: &ResponseRules, entry: Option<&str>) -> String {
        let id = RequestIds::random().next();
        let mut out = Vec::new();
        Entries::new(id).write(rules, entry.map(str::as_bytes), &mut out);
        String::from_utf8(out).unwrap().replace(&id.to_string(), "ID")
    }

    fn check(rules: &ResponseRules, entry: &str, expect: &str) {
        let got = write(rules, Some(entry));
        assert_eq!(got, expect, "{entry}");
        assert!(serde_json::from_str::<serde_json::Value>(&got).is_ok());
    }

    const MASK: &str = r#""extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"ID"}}"#;

    #[test]
    fn a_masked_entry_says_where_and_nothing_else() {
        let masks = rules(ErrorText::Mask { keep_codes: Vec::new() }, Suggestions::Keep);
        let check = |entry: &str, kept: &str| {
            let message = r#"{"message":"the request could not be served""#;
            check(&masks, entry, &format!("{message}{kept},{MASK}"));
        };
        check(r#"{"message":"password=hunter2","stack":"at db.js"}"#, "");
        check(
            r#"{"path":["a",0,"b_1"],"message":"m","locations":[{"line":1,"column":2}]}"#,
            r#","locations":[{"line":1,"column":2}],"path":["a",0,"b_1"]"#,
        );
        check(r#"{"path":["a secret"],"locations":[{"line":1,"text":"x"}]}"#, "");
        check(r#"{"path":{"a":1},"locations":[["x"]]}"#, "");
        for other in [r#""text""#, "1", "null", "[]", r#"{"a":1,"a":2}"#, r#"{"a":"\ud800"}"#] {
            check(other, "");
        }
    }

    #[test]
    fn a_kept_code_keeps_the_text_and_loses_the_stack() {
        let keep_codes = vec!["BAD".into()];
        let masks = rules(ErrorText::Mask { keep_codes }, Suggestions::Strip);
        check(
            &masks,
            r#"{"message":"no \"b\". Did you mean a?","path":["a"],"x":1,"extensions":{"code":"BAD","Stacktrace":["at x"],"exception":{},"field":1.0}}"#,
            r#"{"message":"no \"b\".","path":["a"],"extensions":{"code":"BAD","field":1.0}}"#,
        );
        let other = r#"{"message":"m","extensions":{"code":"bad"}}"#;
        check(&masks, other, &format!(r#"{{"message":"the request could not be served",{MASK}"#));
    }

    #[test]
    fn suggestions_go_and_all_else_stays() {
        let strips = rules(ErrorText::Pass, Suggestions::Strip);
        check(
            &strips,
            r#"{ "x": 1.0, "message" : "no. Did you mean a?" ,"stack":"s"}"#,
            r#"{ "x": 1.0, "message" : "no." ,"stack":"s"}"#,
        );
        let same = r#"{"message":"\u006eo"}"#;
        check(&strips, same, same);
    }

    #[test]
    fn what_cannot_be_read_passes_unless_it_may_suggest() {
        let strips = rules(ErrorText::Pass, Suggestions::Strip);
        let masked = format!(r#"{{"message":"the request could not be served",{MASK}"#);
        let deep = format!(r#"{{"message":"no","x":{}1{}}}"#, "[".repeat(101), "]".repeat(101));
        for it in [
            r#"{"message":"\ud83d cut"}"#,
            r#"{"message":"did you \ude00mean"}"#,
            r#"{"a":1,"a":2,"message":"no"}"#,
            &deep,
            "1",
            r#""text""#,
        ] {
            assert_eq!(write(&strips, Some(it)), it);
        }
        for it in [
            r#"{"message":"\ud83d. Did you mean a?"}"#,
            r#"{"message":"\ud83d. \u0044id\u0020You \u006dEAN a?"}"#,
            r#"{"message":"no","message":"did you mean a"}"#,
            &deep.replace("no", "no (did you mean a?)"),
            r#""Did you mean a?""#,
            r#"["did you mean a"]"#,
        ] {
            check(&strips, it, &masked);
        }
        assert_eq!(write(&strips, None), masked);
    }
}
