//! One objection by one rule, and the list that rules add to.

use std::borrow::Cow;

use crate::{document::SelectionId, verdict::Code, weight};

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

impl Violation {
    /// An objection to no place in particular, of which the operator reads what the client does.
    #[must_use]
    pub fn new(rule: &'static str, code: Code, public: impl Into<Cow<'static, str>>) -> Self {
        let public = public.into();
        Self { rule, code, at: None, detail: public.as_ref().into(), public }
    }

    /// The same, of which the operator reads something else.
    #[must_use]
    pub fn detailed(self, detail: impl Into<Box<str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Roughly how many bytes its texts are.
    pub(crate) fn weight(&self) -> usize {
        let public = match &self.public {
            Cow::Borrowed(_) => 0,
            Cow::Owned(text) => weight::of_text(text),
        };
        let at = self.at.as_ref().map_or(0, |it| weight::of_text(it));
        weight::sum([at, public, weight::of_text(&self.detail)])
    }
}

/// What rules found in one request.
#[derive(Debug, Default)]
pub struct Findings {
    /// The objections, in the order they were found.
    pub(crate) violations: Vec<Violation>,
    /// Those of parts of the rule that refuse wherever the rule only watches.
    pub(crate) insisted: Vec<Violation>,
    /// Those of parts of the rule that only watch.
    pub(crate) reported: Vec<Violation>,
    /// The number for the limit of the rule.
    pub(crate) measured: Option<u64>,
    /// What was called how often.
    pub(crate) tallies: Vec<(u32, u64)>,
    /// Selections to take out of what is forwarded.
    pub(crate) taken: Vec<SelectionId>,
}

impl Findings {
    /// Hands over a number for the limit of the rule that is being checked.
    pub fn measure(&mut self, measured: u64) {
        self.measured = self.measured.max(Some(measured));
    }

    /// Hands over how often something is called that the rule numbers so: it adds up over the
    /// operations of a document and the items of a batch.
    pub fn tally(&mut self, number: u32, times: u64) {
        self.tallies.push((number, times));
    }

    /// Adds one objection.
    pub fn object(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// Adds one objection of a part of a rule that can have a mode of its own.
    pub fn object_in(&mut self, mode: Option<Mode>, violation: Violation) {
        match mode {
            None => self.violations.push(violation),
            Some(Mode::Enforce) => self.insisted.push(violation),
            Some(Mode::Report) => self.reported.push(violation),
        }
    }

    /// The first objection that refuses where the rule does.
    pub(crate) fn first(&self) -> Option<&Violation> {
        self.insisted.first().or(self.violations.first())
    }

    /// Takes a selection out of what is forwarded, and says why.
    pub fn take_out(&mut self, selection: SelectionId, why: Violation) {
        self.taken.push(selection);
        self.reported.push(why);
    }
}
