//! A line of the log, read.
//!
//! A line that is none of ours is nobody's fault: the disk was full, or the process was killed.

use std::borrow::Cow;

use crate::{
    admission::{Alike, Hidden},
    digest::Digest,
    identity::{Method, Transport, Way},
    json::{self, Kind, Tree, Value},
    policy::Policy,
};

/// What a line says.
#[derive(Debug)]
pub enum Entry<'t> {
    /// What a document says.
    Document(LoggedDocument),
    /// An operation.
    Operation(Logged<'t>),
    /// What is in force from here on.
    Policy(LoggedPolicy),
}

/// A document.
#[derive(Clone, Debug)]
pub struct LoggedDocument {
    /// SHA-256 of its text as it was sent.
    pub hash: Digest,
    /// The text, printed anew where values were taken out; nothing when it is not known.
    pub text: Option<Box<str>>,
    /// The length of the text as it was sent.
    pub bytes: u64,
    /// Whether values are others.
    pub is_hidden: bool,
    /// Whether a manifest listed it.
    pub is_trusted: bool,
}

/// A policy that was in force.
#[derive(Clone, Debug, Default)]
pub struct LoggedPolicy {
    /// Its digest.
    pub digest: Box<str>,
    blocks: Vec<(Box<str>, Box<str>)>,
    conditions: Vec<(Box<str>, Box<str>)>,
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Logged<'t> {
    line: Value<'t>,
    request: Value<'t>,
    verdict: Value<'t>,
}

/// The limits of a line: it was bounded when it was written.
pub(super) const LIMITS: json::Limits = json::Limits { depth: 1000, values: u32::MAX, lists: None };

/// What a line says; nothing when it is none of ours.
#[must_use]
pub fn read_entry<'t>(tree: &'t Tree<'t>) -> Option<Entry<'t>> {
    let line = tree.root();
    let kind = line.member("kind")?;
    match &*kind.string()? {
        "document" => document(line).map(Entry::Document),
        "operation" => {
            let (request, verdict) = (line.member("request")?, line.member("verdict")?);
            Some(Entry::Operation(Logged { line, request, verdict }))
        }
        "policy" => Some(Entry::Policy(LoggedPolicy {
            digest: text(line, "digest")?.into(),
            blocks: pairs(line.member("blocks")?),
            conditions: pairs(line.member("conditions")?),
        })),
        _ => None,
    }
}

fn document(line: Value<'_>) -> Option<LoggedDocument> {
    Some(LoggedDocument {
        hash: Digest::from_hex(&text(line, "hash")?)?,
        text: text(line, "text").map(Into::into),
        bytes: number(line, "bytes")?,
        is_hidden: flag(line, "hidden"),
        is_trusted: flag(line, "trusted"),
    })
}

impl LoggedPolicy {
    /// How far another policy says the same.
    #[must_use]
    pub fn alike(&self, policy: &Policy) -> Alike {
        Alike::of(policy, &self.blocks, &self.conditions)
    }
}

impl<'t> Logged<'t> {
    /// When it came: see [`crate::calendar::parse_rfc3339`].
    #[must_use]
    pub fn at(self) -> Cow<'t, str> {
        text(self.line, "at").unwrap_or_default()
    }

    /// The id of the HTTP request or message.
    #[must_use]
    pub fn id(self) -> Cow<'t, str> {
        text(self.line, "id").unwrap_or_default()
    }

    /// The graph that it was for, where graphs have names.
    #[must_use]
    pub fn graph(self) -> Option<Cow<'t, str>> {
        text(self.line, "graph")
    }

    /// The place in its batch, and how many there are in that.
    #[must_use]
    pub fn item(self) -> (u64, u64) {
        (number(self.line, "item").unwrap_or(0), number(self.line, "of").unwrap_or(1))
    }

    /// What the client called itself.
    #[must_use]
    pub fn client(self) -> Option<Cow<'t, str>> {
        text(self.line, "client")
    }

    /// All that a verdict depends on, and the verdict: as written.
    #[must_use]
    pub fn written(self) -> (&'t str, &'t str) {
        (self.request.text(), self.verdict.text())
    }

    /// The document, by its SHA-256.
    #[must_use]
    pub fn document(self) -> Option<Digest> {
        Digest::from_hex(&text(self.request, "document")?)
    }

    /// The id that the document was asked for by.
    #[must_use]
    pub fn document_id(self) -> Option<Cow<'t, str>> {
        text(self.request, "document_id")
    }

    /// Whether its text was sent.
    #[must_use]
    pub fn has_text(self) -> bool {
        flag(self.request, "has_text")
    }

    /// The operation to select.
    #[must_use]
    pub fn name(self) -> Option<Cow<'t, str>> {
        text(self.request, "name")
    }

    /// The variables.
    #[must_use]
    pub fn variables(self) -> Option<Value<'t>> {
        self.request.member("variables").filter(|it| it.kind() == Kind::Object)
    }

    /// The length of the variables as they were sent, where the log tells it.
    #[must_use]
    pub fn variables_bytes(self) -> Option<u64> {
        number(self.request, "variables_bytes")
    }

    /// What of it is not in the log.
    #[must_use]
    pub fn hidden(self) -> Hidden {
        if flag(self.request, "files") {
            Hidden::Files
        } else if flag(self.request, "hidden") {
            Hidden::Values
        } else {
            Hidden::Nothing
        }
    }

    /// The profile that it was judged under.
    #[must_use]
    pub fn profile(self) -> Option<Cow<'t, str>> {
        text(self.request, "profile")
    }

    /// What the conditions have said.
    #[must_use]
    pub fn conditions(self) -> Vec<(Cow<'t, str>, Option<bool>)> {
        let all = self.request.member("conditions");
        let all = all.into_iter().flat_map(Value::children);
        let answer = |it: Value<'_>| match it.kind() {
            Kind::Boolean(it) => Some(it),
            _ => None,
        };
        all.filter_map(|it| Some((it.key()?, answer(it)))).collect()
    }

    /// How it came.
    #[must_use]
    pub fn way(self) -> Way {
        let method = match text(self.request, "method").as_deref() {
            Some("GET") => Method::Get,
            _ => Method::Post,
        };
        let transport = match text(self.request, "transport").as_deref() {
            Some("sse") => Transport::Sse,
            Some("websocket") => Transport::WebSocket,
            _ => Transport::Http,
        };
        Way { method, transport }
    }

    /// Rule and code of the refusal, if it was one.
    #[must_use]
    pub fn refused(self) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
        Some((text(self.verdict, "rule")?, text(self.verdict, "code")?))
    }

    /// The code of what refused it after the verdict, if anything did.
    #[must_use]
    pub fn refused_later(self) -> Option<Cow<'t, str>> {
        text(self.line, "refused")
    }

    /// The rules that objected, with their codes.
    #[must_use]
    pub fn found(self) -> Vec<(Cow<'t, str>, Cow<'t, str>)> {
        let all = self.verdict.member("found").into_iter().flat_map(Value::children);
        all.filter_map(|it| Some((text(it, "rule")?, text(it, "code")?))).collect()
    }

    /// What it could cost at most, when it was priced.
    #[must_use]
    pub fn cost(self) -> Option<u64> {
        number(self.line.member("cost")?, "static")
    }
}

fn text<'t>(of: Value<'t>, key: &str) -> Option<Cow<'t, str>> {
    of.member(key)?.string()
}

fn number(of: Value<'_>, key: &str) -> Option<u64> {
    of.member(key)?.text().parse().ok()
}

fn flag(of: Value<'_>, key: &str) -> bool {
    of.member(key).is_some_and(|it| it.kind() == Kind::Boolean(true))
}

fn pairs(of: Value<'_>) -> Vec<(Box<str>, Box<str>)> {
    let pair = |it: Value<'_>| Some((it.key()?.into(), it.string()?.into()));
    of.children().filter_map(pair).collect()
}
