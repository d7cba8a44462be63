//! `response`: what an answer of the upstream may be before a client sees it.
//!
//! Without a key nothing of an answer changes but for the headers that name the server, and only
//! its size is bounded: masking and stripping are asked for. How long the upstream may take is
//! bounded by the deadlines of the process as well. Looks at no answer; that is for `response`.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value as Json;

use crate::{
    diagnostic::Diagnostics,
    schema::{Bound, Coordinate, FieldId, Schema, Wrapper},
    yaml::{Fields, Node, Value, scalar, shape},
};

/// What an answer may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRules {
    /// Bytes of an answer, or of one event, part or message of an answer that goes on; 10 MiB,
    /// nothing: any.
    pub max: Option<u64>,
    /// How long the upstream may take; by the deadlines of the process alone.
    pub timeout: Timeouts,
    /// Containers inside containers, the outermost is 1; any.
    pub depth: Option<u32>,
    /// Elements of one list; any.
    pub list: Option<u64>,
    /// Whether an answer is held against its operation; off.
    pub contract: Contract,
    /// What of errors the client reads; all.
    pub errors: ErrorText,
    /// Whether the "Did you mean" of servers passes; kept.
    pub suggestions: Suggestions,
    /// The members of `extensions` that pass; nothing: all.
    pub extensions: Option<Vec<Box<str>>>,
    /// Headers that do not pass, lower case; `server` and `x-powered-by`.
    pub remove_headers: Vec<Box<str>>,
    /// Fields whose values are answered with null, in the order of their ids.
    pub redact: Vec<FieldId>,
}

/// How long the upstream may take, where the policy says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// From sending the request to the head of the answer.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the answer.
    pub idle: Option<Duration>,
    /// From sending the request to the end of the answer.
    pub total: Option<Duration>,
}

/// Whether an answer is held against its operation and the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contract {
    /// An answer that breaks it is not passed on.
    Enforce,
    /// Nobody looks.
    #[default]
    Off,
    /// An answer that breaks it is an event, and passes.
    Report,
}

/// What of errors the client reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ErrorText {
    /// Where they are and a code; the text of those codes that are kept.
    Mask {
        /// Codes of errors that are meant for clients.
        keep_codes: Vec<Box<str>>,
    },
    /// All of it.
    #[default]
    Pass,
}

/// Whether the "Did you mean" of servers passes, which tells names of the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suggestions {
    /// It passes.
    #[default]
    Keep,
    /// It is taken out of messages.
    Strip,
}

impl Default for ResponseRules {
    fn default() -> Self {
        Self {
            max: Some(MAX),
            timeout: Timeouts::default(),
            depth: None,
            list: None,
            contract: Contract::default(),
            errors: ErrorText::default(),
            suggestions: Suggestions::default(),
            extensions: None,
            remove_headers: REMOVED.map(Into::into).into(),
            redact: Vec::new(),
        }
    }
}

impl ResponseRules {
    /// Whether an answer is held against its operation, for the contract or to find what is
    /// redacted.
    #[must_use]
    pub const fn needs_operation(&self) -> bool {
        !matches!(self.contract, Contract::Off) || !self.redact.is_empty()
    }

    /// Whether anything of an answer may be written anew.
    #[must_use]
    pub const fn rewrites(&self) -> bool {
        matches!(self.errors, ErrorText::Mask { .. })
            || matches!(self.suggestions, Suggestions::Strip)
            || self.extensions.is_some()
            || !self.redact.is_empty()
    }

    /// Whether the bytes of an answer are read at all.
    #[must_use]
    pub const fn reads(&self) -> bool {
        self.rewrites() || self.needs_operation() || self.depth.is_some() || self.list.is_some()
    }
}

/// Reads the block; what is not written or wrong has its default.
pub(super) fn read(node: &Node, schema: &Schema, found: &mut Diagnostics) -> ResponseRules {
    let mut rules = ResponseRules::default();
    let mut fields = Fields::of(node, "response", found);
    if let Some(node) = fields.take("max", found) {
        rules.max = unless_off(node, |it| scalar::bytes(it, MAX_BYTES, found));
    }
    if let Some(node) = fields.take("timeout", found) {
        rules.timeout = timeouts(node, found);
    }
    if let Some(node) = fields.take("depth", found) {
        let depth = unless_off(node, |it| scalar::number(it, DEPTHS, found));
        rules.depth = depth.and_then(|it| u32::try_from(it).ok());
    }
    if let Some(node) = fields.take("list", found) {
        rules.list = unless_off(node, |it| scalar::number(it, LENGTHS, found));
    }
    if let Some(node) = fields.take("contract", found) {
        rules.contract = scalar::word(node, &CONTRACTS, found).unwrap_or(Contract::Enforce);
    }
    if let Some(node) = fields.take("errors", found) {
        rules.errors = errors(node, found);
    }
    if let Some(node) = fields.take("suggestions", found) {
        let words = [("strip", Suggestions::Strip), ("keep", Suggestions::Keep)];
        rules.suggestions = scalar::word(node, &words, found).unwrap_or(Suggestions::Strip);
    }
    if let Some(node) = fields.take("extensions", found) {
        let names = shape::names(node, found).into_iter().map(Into::into);
        rules.extensions = Some(names.collect());
    }
    if let Some(node) = fields.take("remove_headers", found) {
        rules.remove_headers = headers(node, found);
    }
    if let Some(node) = fields.take("redact", found) {
        rules.redact = redacted(node, schema, found);
    }
    fields.finish(found);
    rules
}

/// `off`, or what is read.
fn unless_off<T>(node: &Node, read: impl FnOnce(&Node) -> Option<T>) -> Option<T> {
    if node.as_text() == Some("off") { None } else { read(node) }
}

/// `30s`, from asking to the last byte, or each by itself.
fn timeouts(node: &Node, found: &mut Diagnostics) -> Timeouts {
    if !matches!(node.value, Value::Mapping(_)) {
        let total = unless_off(node, |it| scalar::duration(it, TIMES, found));
        return Timeouts { total, ..Timeouts::default() };
    }
    let mut fields = Fields::of(node, "response.timeout", found);
    let mut time = |name, found: &mut Diagnostics| {
        let node = fields.take(name, found)?;
        unless_off(node, |it| scalar::duration(it, TIMES, found))
    };
    let first_byte = time("first_byte", found);
    let idle = time("idle", found);
    let total = time("total", found);
    fields.finish(found);
    Timeouts { first_byte, idle, total }
}

/// `mask`, `pass`, or `{ mask: true, keep_codes: [BAD_USER_INPUT] }`.
fn errors(node: &Node, found: &mut Diagnostics) -> ErrorText {
    let masked = ErrorText::Mask { keep_codes: Vec::new() };
    if !matches!(node.value, Value::Mapping(_)) {
        return match scalar::word(node, &[("mask", true), ("pass", false)], found) {
            Some(false) => ErrorText::Pass,
            Some(true) | None => masked,
        };
    }
    let mut fields = Fields::of(node, "response.errors", found);
    let mask = fields.require("mask", found).and_then(|it| scalar::boolean(it, found));
    let codes = fields.take_with_key("keep_codes", found);
    let keep_codes = codes.map(|(_, it)| shape::names(it, found)).unwrap_or_default();
    fields.finish(found);
    match (mask, codes) {
        (Some(false), Some((key, _))) => {
            let error = key.error("contradiction", "nothing is masked, so all codes are kept");
            found.push(error.help("write `mask: true`, or delete `keep_codes`"));
            masked
        }
        (Some(false), None) => ErrorText::Pass,
        (Some(true) | None, _) => {
            ErrorText::Mask { keep_codes: keep_codes.into_iter().map(Into::into).collect() }
        }
    }
}

fn headers(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let mut names = Vec::new();
    for (name, node) in shape::placed_names(node, found) {
        let name = name.to_ascii_lowercase();
        let is_token = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
        if name.is_empty() || !name.bytes().all(is_token) {
            found.push(node.error("bad-header", format!("`{name}` is no name of a header")));
        } else if NEEDED.contains(&&*name) {
            let message = format!("an answer cannot be read without `{name}`");
            found.push(node.error("needed-header", message));
        } else {
            names.push(name.into());
        }
    }
    names
}

/// A field of an interface stands for the fields of its implementers as well.
fn redacted(node: &Node, schema: &Schema, found: &mut Diagnostics) -> Vec<FieldId> {
    let mut fields = Vec::new();
    for (text, node) in shape::placed_names(node, found) {
        let bound = Coordinate::parse(text).map(|it| it.bind(schema)).unwrap_or_default();
        let n = fields.len();
        if bound.iter().any(|it| is_promised(schema, it)) {
            let message = format!("`{text}` is never null by the schema, and null when redacted");
            let help = "clients may refuse such an answer: let the schema say that it can be null, \
                        or deny the field by a rule of `authorization`";
            found.push(node.warning("redacts-non-null", message).help(help));
        }
        for it in bound {
            if let Bound::Field(field) = it {
                fields.push(field);
                fields.extend(implementing(schema, field));
            }
        }
        if fields.len() == n {
            let message = format!("`{text}` is no field of the schema");
            let all = schema.types().flat_map(|(id, _)| schema.fields(id));
            let known: Vec<_> = all.map(|it| schema.coordinate(it)).collect();
            let error = node.error("unknown-coordinate", message);
            found.push(error.did_you_mean(text, known.iter().map(|it| &**it)));
        }
    }
    fields.sort();
    fields.dedup();
    fields
}

/// Whether the schema says that it is never null.
fn is_promised(schema: &Schema, it: &Bound) -> bool {
    matches!(it, Bound::Field(it)
        if schema.field(*it).ty.wrappers.first() == Some(&Wrapper::NonNull))
}

fn implementing(schema: &Schema, field: FieldId) -> impl Iterator<Item = FieldId> {
    let field = schema.field(field);
    let objects = schema.ty(field.parent).possible.iter();
    objects.filter_map(|it| schema.field_named(schema.object(it), &field.name))
}

/// JSON Schema of what [`read`] takes.
pub(super) fn json_schema() -> Json {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

const SCHEMA: &str = include_str!("response.schema.json");

const CONTRACTS: [(&str, Contract); 3] =
    [("off", Contract::Off), ("report", Contract::Report), ("enforce", Contract::Enforce)];
/// 10 MiB: far above what answers to interactive clients have.
const MAX: u64 = 10 * 1024 * 1024;
const MAX_BYTES: RangeInclusive<u64> = 1024..=1 << 40;
/// 2,000: what is read at all is never read deeper.
const DEPTHS: RangeInclusive<u64> = 1..=2000;
const LENGTHS: RangeInclusive<u64> = 1..=1_000_000_000;
const TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(24);
/// They tell an attacker which holes to try.
const REMOVED: [&str; 2] = ["server", "x-powered-by"];
/// Ours to write, or how an answer is read.
const NEEDED: [&str; 3] = ["content-length", "content-type", "x-request-id"];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        diagnostic::Source,
        policy::{
            self,
            testing::{codes, compile},
        },
    };

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";

    #[track_caller]
    fn check(block: &str, expect: &[&str]) {
        assert_eq!(codes(&format!("{HEAD}response: {{ {block} }}\n")), expect, "{block}");
    }

    #[track_caller]
    fn rules(block: &str) -> ResponseRules {
        let (policy, found) = compile(&format!("{HEAD}response: {{ {block} }}\n"), None);
        policy.unwrap_or_else(|| panic!("{found:?}")).response
    }

    #[test]
    fn an_absent_key_changes_nothing() {
        let default = compile(HEAD, None).0.unwrap().response;
        assert_eq!(default, ResponseRules::default());
        assert!(!default.reads() && !default.rewrites() && !default.needs_operation());
        assert_eq!(rules("max: 10MiB"), default);
        assert_eq!(rules("max: off").max, None);
    }

    #[test]
    fn every_key_is_read() {
        let seconds = |it| Some(Duration::from_secs(it));
        assert_eq!(rules("timeout: 30s").timeout.total, seconds(30));
        let timeout = rules("timeout: { first_byte: 1s, idle: 2s, total: off }").timeout;
        assert_eq!(timeout, Timeouts { first_byte: seconds(1), idle: seconds(2), total: None });
        let it = rules("depth: 20, list: 500, contract: report, errors: mask, suggestions: strip");
        assert_eq!((it.depth, it.list, it.contract), (Some(20), Some(500), Contract::Report));
        assert_eq!(it.errors, ErrorText::Mask { keep_codes: Vec::new() });
        assert_eq!(it.suggestions, Suggestions::Strip);
        let it = rules("errors: { mask: true, keep_codes: [BAD] }, extensions: [cost]");
        assert_eq!(it.errors, ErrorText::Mask { keep_codes: vec!["BAD".into()] });
        assert_eq!(it.extensions, Some(vec!["cost".into()]));
        assert_eq!(rules("errors: { mask: false }").errors, ErrorText::Pass);
        assert_eq!(rules("remove_headers: [X-A]").remove_headers, ["x-a"].map(Box::from));
        let it = rules("redact: [Query.a]");
        assert!(it.redact.len() == 1 && it.reads() && it.rewrites() && it.needs_operation());
    }

    #[test]
    fn both_sides_of_every_limit() {
        check("max: 1KiB, depth: 2000, list: 1, timeout: 24h", &[]);
        for bad in ["max: 1023B", "depth: 0", "depth: 2001", "list: 0", "timeout: 25h"] {
            check(bad, &["out-of-range"]);
        }
    }

    /// A client may refuse null where its schema promises a value.
    #[test]
    fn redacting_what_is_never_null_is_told() {
        let check = |redact: &str, expect: &[&str]| {
            let text = format!("{HEAD}response: {{ redact: [{redact}] }}\n");
            let source = |text: &str| Arc::new(Source { name: "s".into(), text: text.into() });
            let schema = "type Query { a: ID b: ID! c: [ID!] }";
            let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
            assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect, "{redact}");
            assert!(policy.is_some(), "{redact}");
        };
        check("Query.b", &["redacts-non-null"]);
        check("Query.a, Query.c", &[]);
    }

    #[test]
    fn mistakes() {
        check("contract: on", &["unknown-word"]);
        check("errors: { keep_codes: [A] }", &["missing-key"]);
        check("errors: { mask: false, keep_codes: [A] }", &["contradiction"]);
        check("remove_headers: [a b]", &["bad-header"]);
        check("remove_headers: [Content-Type]", &["needed-header"]);
        check("redact: [Query.b]", &["unknown-coordinate"]);
        check("redacted: [Query.a]", &["unknown-key"]);
        check("timeout: { first: 1s }", &["unknown-key"]);
    }

    #[test]
    fn the_schema_is_json() {
        assert!(json_schema()["properties"]["contract"].is_object());
    }
}
