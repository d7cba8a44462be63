//! Collects what is wrong with one text.
//!
//! Does not decide what is wrong.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostic, Diagnostics, Severity, Source},
    schema::sdl::Span,
};

/// The mistakes found in one text.
pub(in crate::schema) struct Report {
    source: Arc<Source>,
    found: Diagnostics,
}

impl Report {
    pub(in crate::schema) fn new(source: Arc<Source>) -> Self {
        Self { source, found: Diagnostics::default() }
    }

    pub(in crate::schema) fn error(&mut self, code: &'static str, at: Span, message: String) {
        self.add(Severity::Error, code, Some(at), (message, None));
    }

    pub(in crate::schema) fn error_with_help(
        &mut self,
        code: &'static str,
        at: Span,
        (message, help): (String, Option<String>),
    ) {
        self.add(Severity::Error, code, Some(at), (message, help));
    }

    pub(in crate::schema) fn error_of_whole(
        &mut self,
        code: &'static str,
        (message, help): (String, Option<String>),
    ) {
        self.add(Severity::Error, code, None, (message, help));
    }

    pub(in crate::schema) fn warning(
        &mut self,
        code: &'static str,
        at: Span,
        (message, help): (String, Option<String>),
    ) {
        self.add(Severity::Warning, code, Some(at), (message, help));
    }

    pub(in crate::schema) fn has_errors(&self) -> bool {
        self.found.has_errors()
    }

    pub(in crate::schema) fn into_diagnostics(self) -> Diagnostics {
        self.found
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: Option<Span>,
        (message, help): (String, Option<String>),
    ) {
        let place = at.map(|it| (Arc::clone(&self.source), it.range()));
        self.found.push(Diagnostic { code, severity, message, place, help });
    }
}

/// The help line for a word that was probably meant to be another one.
pub(in crate::schema) fn did_you_mean(suggestion: Option<&str>) -> Option<String> {
    suggestion.map(|it| format!("did you mean `{it}`?"))
}
