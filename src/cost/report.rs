//! Collects what is wrong with weights and list sizes, each mistake once.

use crate::{
    cost::settings::Place,
    diagnostic::{Diagnostic, Diagnostics, Severity},
};

/// The diagnostics so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    found: Vec<Diagnostic>,
}

impl Report {
    /// Adds an error.
    pub(super) fn error(&mut self, code: &'static str, message: String, place: Option<&Place>) {
        self.add(Severity::Error, code, message, place);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, code: &'static str, message: String, place: Option<&Place>) {
        self.add(Severity::Warning, code, message, place);
    }

    /// Says what to do about the one added last.
    pub(super) fn help(&mut self, help: &str) {
        if let Some(last) = self.found.last_mut() {
            last.help = Some(help.to_owned());
        }
    }

    /// All of them. One setting bound to many fields may be wrong for each of them in the same
    /// words; it is said once.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        let mut diagnostics = Diagnostics::default();
        let mut said: Vec<Diagnostic> = Vec::new();
        for it in self.found {
            if !said.contains(&it) {
                diagnostics.push(it.clone());
                said.push(it);
            }
        }
        diagnostics
    }

    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        message: String,
        place: Option<&Place>,
    ) {
        self.found.push(Diagnostic { code, severity, message, place: place.cloned(), help: None });
    }
}
