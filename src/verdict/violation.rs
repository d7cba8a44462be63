//! One objection by one rule, and the list that rules add to.

use std::borrow::Cow;

use crate::{document::SelectionId, verdict::Code};

/// Whether an objection refuses a request or is only written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Forward, and record what would have been refused.
    Report,
    /// Refuse.
    #[default]
    Enforce,
}

/// One objection by one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Rule id, kebab-case, stable.
    pub rule: &'static str,
    /// Wire code, stable.
    pub code: Code,
    /// Schema coordinate or place in the request; for the log only.
    pub at: Option<Box<str>>,
    /// What the client may read: holds no schema name that the client did not send.
    pub public: Cow<'static, str>,
    /// What the operator reads: measured value, limit, names.
    pub detail: Box<str>,
}

/// What rules found in one request.
#[derive(Debug, Default)]
pub struct Findings {
    violations: Vec<Violation>,
    reported: Vec<Violation>,
    measured: Option<u64>,
    tallies: Vec<(u32, u64)>,
    taken: Vec<SelectionId>,
}

impl Findings {
    /// Hands over a number for the limit of the rule that is being checked.
    pub fn measure(&mut self, measured: u64) {
        self.measured = self.measured.max(Some(measured));
    }

    /// Takes the number handed over since the last call.
    pub(crate) const fn take_measured(&mut self) -> Option<u64> {
        self.measured.take()
    }

    /// Hands over how often something is called that the rule numbers so: it adds up over the
    /// operations of a document and the items of a batch.
    pub fn tally(&mut self, number: u32, times: u64) {
        self.tallies.push((number, times));
    }

    /// Takes what was called how often.
    pub(crate) fn take_tallies(&mut self) -> Vec<(u32, u64)> {
        std::mem::take(&mut self.tallies)
    }

    /// Adds one objection.
    pub fn object(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// Adds one objection of a part of a rule that has a mode of its own.
    pub fn object_in(&mut self, mode: Mode, violation: Violation) {
        match mode {
            Mode::Enforce => self.violations.push(violation),
            Mode::Report => self.reported.push(violation),
        }
    }

    /// Takes a selection out of what is forwarded, and says why.
    pub fn take_out(&mut self, selection: SelectionId, why: Violation) {
        self.taken.push(selection);
        self.reported.push(why);
    }

    /// The selections to take out.
    pub(crate) fn take_taken(&mut self) -> Vec<SelectionId> {
        std::mem::take(&mut self.taken)
    }

    /// Takes the objections that are only written down.
    pub(crate) fn take_reported(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.reported)
    }

    /// The objections, in the order they were found.
    #[must_use]
    pub fn into_violations(self) -> Vec<Violation> {
        self.violations
    }
}
