//! The lines of the log: what is in force, documents, operations. One JSON object each.

use std::fmt::Write as _;

use crate::{
    calendar::rfc3339,
    digest::Digest,
    expression::{Asked, Outcome},
    identity::{Caller, Seen},
    policy::Policy,
    traffic::{Details, Observed, values::push_text},
    verdict::Framing,
};

/// What is in force from here on.
pub(super) fn policy(out: &mut String, policy: &Policy, details: Details) {
    let values = match details {
        Details::Shapes => "shapes",
        Details::Values => "values",
    };
    let _ = write!(out, "{{\"kind\":\"policy\",\"version\":1,\"values\":\"{values}\",\"name\":");
    push_text(out, &policy.name);
    let _ = write!(out, ",\"digest\":\"{}\",\"blocks\":{{", policy.digest);
    for (n, (key, digest)) in policy.blocks.iter().enumerate() {
        comma(out, n);
        push_text(out, key);
        let _ = write!(out, ":\"{digest}\"");
    }
    out.push_str("},\"conditions\":{");
    for (n, (name, expression)) in policy.conditions.iter().enumerate() {
        comma(out, n);
        push_text(out, name);
        out.push(':');
        push_text(out, expression.source());
    }
    out.push_str("}}\n");
}

/// A document, the first time that it is met in a file.
pub(super) struct DocumentLine<'d> {
    pub(super) hash: Digest,
    /// Nothing: it cannot be read, or is too large to be kept.
    pub(super) text: Option<&'d str>,
    /// Whether values in it are others.
    pub(super) is_hidden: bool,
    pub(super) is_trusted: bool,
    /// Of the text as it was sent.
    pub(super) bytes: usize,
}

impl DocumentLine<'_> {
    pub(super) fn write(&self, out: &mut String) {
        let Self { hash, text, is_hidden, is_trusted, bytes } = self;
        let _ = write!(
            out,
            "{{\"kind\":\"document\",\"hash\":\"{hash}\",\"bytes\":{bytes},\"trusted\":{is_trusted},\
             \"hidden\":{is_hidden},\"text\":"
        );
        match text {
            Some(text) => push_text(out, text),
            None => out.push_str("null"),
        }
        out.push_str("}\n");
    }
}

/// One operation.
pub(super) struct OperationLine<'o> {
    pub(super) observed: &'o Observed,
    pub(super) item: usize,
    pub(super) hash: Option<Digest>,
    /// As JSON text.
    pub(super) variables: Option<&'o str>,
    pub(super) is_hidden: bool,
    pub(super) caller: Option<&'o str>,
    pub(super) cost: Option<u64>,
}

impl OperationLine<'_> {
    pub(super) fn write(&self, out: &mut String) {
        let Self { observed, item, caller, .. } = self;
        let (at, of) = (rfc3339(observed.at), observed.sent.len());
        let _ = write!(out, "{{\"kind\":\"operation\",\"at\":\"{at}\",\"id\":\"{}\",", observed.id);
        if let Some(graph) = observed.id.graph().name() {
            out.push_str("\"graph\":");
            push_text(out, graph);
            out.push(',');
        }
        let framing = match observed.framing {
            Framing::Array => "array",
            Framing::Single => "single",
        };
        let _ = write!(out, "\"item\":{item},\"of\":{of},\"framing\":\"{framing}\",\"client\":");
        text_or_null(out, observed.caller.client.label.as_deref());
        out.push_str(",\"caller\":");
        text_or_null(out, *caller);
        out.push_str(",\"request\":{\"document\":");
        self.request(out);
        out.push_str("},\"verdict\":{");
        self.verdict(out);
        out.push_str("},\"cost\":{");
        self.cost(out);
        out.push('}');
        if let Some(code) = observed.heard.refused {
            let _ = write!(out, ",\"refused\":\"{}\"", code.as_str());
        }
        let _ = write!(out, ",\"status\":{}", number(observed.heard.status.map(u64::from)));
        let _ = write!(out, ",\"upstream_us\":{}", number(observed.heard.upstream));
        let _ = writeln!(out, ",\"bytes\":{}}}", number(observed.heard.bytes));
    }

    fn request(&self, out: &mut String) {
        let hash = self.hash.map(|it| it.to_string());
        text_or_null(out, hash.as_deref());
        let sent = self.observed.sent.get(self.item);
        out.push_str(",\"document_id\":");
        text_or_null(out, sent.and_then(|it| it.document_id.as_deref()).map(|it| told(it, is_id)));
        let has_text = sent.is_some_and(|it| it.query.is_some());
        let _ = write!(out, ",\"has_text\":{has_text},\"name\":");
        text_or_null(out, sent.and_then(|it| it.name.as_deref()).map(|it| told(it, is_name)));
        out.push_str(",\"variables\":");
        out.push_str(self.variables.unwrap_or("null"));
        let written = sent.filter(|_| self.variables.is_some());
        if let Some(text) = written.and_then(|it| it.variables.as_deref()) {
            let _ = write!(out, ",\"variables_bytes\":{}", text.len());
        }
        if sent.is_some_and(|it| it.has_files) {
            out.push_str(",\"files\":true");
        }
        let way = self.observed.caller.way;
        let (transport, method) = (way.transport.as_str(), way.method.as_str());
        let _ = write!(
            out,
            ",\"hidden\":{},\"transport\":\"{transport}\",\"method\":\"{method}\"",
            self.is_hidden
        );
        asked(out, &self.observed.policy, &self.observed.caller);
    }

    fn verdict(&self, out: &mut String) {
        let ruled = &self.observed.ruled;
        let _ = write!(out, "\"is\":\"{}\"", ruled.verdict);
        // A refusal of the request as a whole is that of every item.
        let refused = ruled.refused.get(self.item).or(ruled.refused.first());
        if let Some((rule, code)) = refused {
            let _ = write!(out, ",\"rule\":\"{rule}\",\"code\":\"{code}\"");
        }
        out.push_str(",\"found\":[");
        for (n, (rule, code)) in ruled.found.iter().enumerate() {
            comma(out, n);
            let _ = write!(out, "{{\"rule\":\"{rule}\",\"code\":\"{code}\"}}");
        }
        out.push(']');
    }

    fn cost(&self, out: &mut String) {
        let _ = write!(out, "\"static\":{}", number(self.cost));
        if let Some((types, fields)) = self.observed.heard.actual {
            let _ = write!(out, ",\"actual\":{{\"type\":{types},\"field\":{fields}}}");
        }
    }
}

/// The profile, and what the conditions say of the caller.
fn asked(out: &mut String, policy: &Policy, caller: &Caller) {
    let seen = Seen::new(caller);
    let asked = Asked::new(&policy.conditions, &seen);
    out.push_str(",\"profile\":");
    let profile = policy.profile_of(&asked).ok();
    let profile = profile.and_then(|it| policy.profiles().get(it.index()));
    text_or_null(out, profile.map(|it| &*it.name));
    out.push_str(",\"conditions\":{");
    for (n, name) in policy.conditions.names().iter().enumerate() {
        comma(out, n);
        push_text(out, name);
        out.push_str(match asked.condition(n) {
            Outcome::Fails => ":false",
            Outcome::Holds => ":true",
            Outcome::Nothing(_) => ":null",
        });
    }
    out.push('}');
}

/// What cannot be what it should be is not told: anything may stand in it.
fn told(text: &str, is_it: impl Fn(char) -> bool) -> &str {
    if text.len() <= NAME && text.chars().all(is_it) { text } else { "?" }
}

const fn is_id(it: char) -> bool {
    is_name(it) || matches!(it, ':' | '-' | '.' | '/' | '+' | '=')
}

const fn is_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '_'
}

fn text_or_null(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_text(out, text),
        None => out.push_str("null"),
    }
}

fn number(it: Option<u64>) -> String {
    it.map_or_else(|| "null".to_owned(), |it| it.to_string())
}

fn comma(out: &mut String, n: usize) {
    if n > 0 {
        out.push(',');
    }
}

/// 256 bytes of a name or id.
const NAME: usize = 256;
