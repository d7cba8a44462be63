//! What is wrong with a file that we were given: every mistake at once, with its place and help.
//!
//! Does not read files and does not decide what is a mistake.

mod render;

pub use render::{Colour, render};

use std::sync::Arc;

/// A text that diagnostics point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name to show, usually a path.
    pub name: Box<str>,
    /// The whole text.
    pub text: Box<str>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but surely not as meant.
    Warning,
    /// Cannot be used.
    Error,
}

/// One thing that is wrong: what, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable, kebab-case: `unknown-key`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, one line, no full stop, user's words in backticks.
    pub message: String,
    /// The text it is about, and the bytes of it.
    pub place: Option<(Arc<Source>, std::ops::Range<usize>)>,
    /// What to change, when we know: `did you mean `depth`?`
    pub help: Option<String>,
}

/// What a reader of files adds to: it never stops at the first mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True when one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|it| it.severity == Severity::Error)
    }

    /// True when there is none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

/// The word of `known` that `unknown` was probably meant to be.
#[must_use]
pub fn suggestion<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|it| (strsim::osa_distance(unknown, it), it))
        .filter(|(distance, it)| *distance <= 1 + it.len().min(unknown.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}
