//! What is wrong with a file that we were given: every mistake at once, with its place and help.
//!
//! Does not read files and does not decide what is a mistake.

mod github;
mod json;
mod position;
mod render;
mod sarif;

pub use github::to_github;
pub use json::to_json;
pub use position::{Position, position};
pub use render::{Colour, render};
pub use sarif::to_sarif;

use std::{ops::Range, sync::Arc};

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
    /// Good to know: as somebody wrote it, and no reason to fail.
    Note,
    /// Works, but surely not as meant.
    Warning,
    /// Cannot be used.
    Error,
}

impl Severity {
    /// `error`, `warning`, `note`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
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
    pub place: Option<(Arc<Source>, Range<usize>)>,
    /// What to change, when we know: `did you mean `depth`?`
    pub help: Option<String>,
}

impl Diagnostic {
    /// Where it is, as editors open it: `file:line:column`.
    #[must_use]
    pub fn located(&self) -> Option<String> {
        let (source, begin, _end) = position::range(self)?;
        Some(format!("{}:{}:{}", source.name, begin.line, begin.column))
    }

    /// Something that cannot be used.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), place: None, help: None }
    }

    /// Something that works, but surely not as meant.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Something that is as it was written, and good to know.
    #[must_use]
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(self, source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { place: Some((Arc::clone(source), span)), ..self }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Asks whether one of `known` was meant, when one is near to `unknown`.
    #[must_use]
    pub fn did_you_mean<'a>(self, unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match suggestion(unknown, known) {
            None => self,
            Some(meant) => self.help(format!("did you mean `{meant}`?")),
        }
    }
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

    /// True when one of them is more than a note: a check that finds it has failed.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.0.iter().any(|it| it.severity > Severity::Note)
    }

    /// How many there are of a severity.
    #[must_use]
    pub fn n_of(&self, severity: Severity) -> usize {
        self.0.iter().filter(|it| it.severity == severity).count()
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

    /// Brings them into the order of the files: by name, then by place, those without one first.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| key(a).cmp(&key(b)));

        fn key(it: &Diagnostic) -> Option<(&str, usize)> {
            it.place.as_ref().map(|(source, span)| (&*source.name, span.start))
        }
    }
}

/// The word of `known` that `unknown` was probably meant to be.
#[must_use]
pub fn suggestion<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time by the product of both lengths; no word of ours is this long.
    if unknown.len() > LONGEST_WORD {
        return None;
    }
    known
        .into_iter()
        .map(|it| (strsim::osa_distance(unknown, it), it))
        .filter(|(distance, it)| {
            // `limits.a` is not near to `limits.b` for the word that both begin with.
            let shared = shared(unknown, it);
            *distance <= 1 + it.len().min(unknown.len()).saturating_sub(shared) / 4
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, it)| it)
}

/// The bytes of the words, with the point or bracket behind them, that two names begin with.
fn shared(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b);
    let ends = (1..).zip(same).filter(|(_, (it, _))| matches!(it, b'.' | b'('));
    ends.last().map_or(0, |(n_bytes, _)| n_bytes)
}

const LONGEST_WORD: usize = 64;

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[track_caller]
    fn check(unknown: &str, known: &[&str], expect: Option<&str>) {
        assert_eq!(suggestion(unknown, known.iter().copied()), expect, "{unknown}");
    }

    #[test]
    fn what_two_names_begin_with_makes_them_no_nearer() {
        let limits = ["limits.depth", "limits.tokens", "limits.variables.count"];
        check("limits.bogus", &limits, None);
        check("limits.tokns", &limits, Some("limits.tokens"));
        check("limits.variables.cuont", &limits, Some("limits.variables.count"));
        check("limits.variables.depth", &limits, None);
        check("limit.depth", &limits, Some("limits.depth"));
        check("Query.user(last:)", &["Query.user(first:)"], None);
        check("Query.user(frst:)", &["Query.user(first:)"], Some("Query.user(first:)"));
        check("Qury.user", &["Query.user"], Some("Query.user"));
        check("Query.é", &["Query.ab", "Quéry.é"], Some("Quéry.é"));
    }
}
