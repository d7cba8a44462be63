//! A span: what took from when to when, and what is told of it.

use std::borrow::Cow;

use crate::telemetry::TraceContext;

/// One piece of work of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Itself.
    pub context: TraceContext,
    /// The span that asked for it; 0: nobody did.
    pub parent: u64,
    /// What tracing systems say to each other about the trace: `tracestate`.
    pub state: Option<Box<str>>,
    /// Which side of a request it is.
    pub kind: Kind,
    /// What it is, from a small set.
    pub name: Cow<'static, str>,
    /// Nanoseconds since 1970.
    pub begun: u64,
    /// Nanoseconds since 1970.
    pub ended: u64,
    /// By the names of the semantic conventions.
    pub facts: Vec<(&'static str, Fact)>,
    /// Whether it failed, by the fault of whoever answers.
    pub is_failed: bool,
}

/// Which side of a request a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// We ask.
    Client,
    /// We answer.
    Server,
}

/// What is told of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A number.
    Number(u64),
    /// A text, cut off where it is long.
    Text(Box<str>),
}

impl Fact {
    /// A text, or the beginning of it.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.chars().take(MAX_TEXT).collect::<String>().into())
    }
}

/// 256 characters: names and paths are shorter, and a flood of longer ones fills no collector.
const MAX_TEXT: usize = 256;
