//! What is known of a document once it was compiled: everything that no request can change.

use std::sync::Arc;

use crate::{
    admission::{
        concealed::Concealable,
        introspection::Introspection,
        rated::Rated,
        usage::Tally,
        watch::{Delivery, Watch},
    },
    digest::TextDigest,
    operation::{AnswerShape, Operation, Variable},
    policy::DocumentIdx,
    rules::{DocumentFacts, Residual, RuleIdx, Trusted},
    schema::OperationKind,
    verdict::Violation,
};

/// A document under one policy and one operation name.
#[derive(Debug)]
pub(super) enum Known {
    /// It can be judged.
    Judgeable(Box<Judgeable>),
    /// It cannot be read, validated or resolved, whoever asks; the hash of its text, unless it is
    /// long; and what it names that is concealed from some.
    Refused(Violation, Option<TextDigest>, Option<Box<Concealable>>),
}

/// A document that was read and validated, with the rules specialised to it.
#[derive(Debug)]
pub(super) struct Judgeable {
    /// Kind of the selected operation.
    pub(super) kind: OperationKind,
    /// Name of the selected operation, as a JSON literal.
    pub(super) name: Option<Box<str>>,
    /// The canonical text, as a JSON literal.
    pub(super) query: Box<str>,
    /// Variables that the canonical text does not have, though the client's text has them.
    pub(super) unused: Box<[Box<str>]>,
    /// Whether its answers may come in parts.
    pub(super) delivery: Delivery,
    /// SHA-256 of the text as the client sent it.
    pub(super) hash: TextDigest,
    /// The hash by which an exception of the policy names it: of the text as sent, or of the
    /// canonical text.
    pub(super) excepted: Option<[u8; 32]>,
    /// The trusted document that says the same.
    pub(super) listed: Option<DocumentIdx>,
    /// Variable definitions of the selected operation.
    pub(super) variables: Vec<Variable>,
    /// What is left of the rules; rules that hold are not there.
    pub(super) left: Vec<Left>,
    /// The coordinates of its root fields, when it is a mutation.
    pub(super) changes: Option<Arc<[Box<str>]>>,
    /// How often it came.
    pub(super) tally: Tally,
    /// What its answers can cost; only where the policy wants to know.
    pub(super) watch: Option<Box<Watch>>,
    /// What its answers may hold; only where the policy holds them against it.
    pub(super) answers: Option<Arc<AnswerShape>>,
    /// What it spends of rates; only where the policy has rates that count it.
    pub(super) rated: Option<Box<Rated>>,
    /// The operation, when something may be taken out of it.
    pub(super) operation: Option<Arc<Operation>>,
    /// The operation, when it asks for the schema.
    pub(super) introspection: Option<Introspection>,
    /// What it names that is concealed from some callers.
    pub(super) concealable: Option<Box<Concealable>>,
}

impl Judgeable {
    /// What rules may know of it.
    pub(super) const fn facts(&self) -> DocumentFacts<'_> {
        let trusted = if self.listed.is_some() { Trusted::Yes } else { Trusted::No };
        DocumentFacts { hash: &self.hash, trusted }
    }
}

/// What is left of one rule.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) rule: RuleIdx,
    pub(super) part: Part,
}

/// See [`crate::rules::Specialised`].
#[derive(Debug)]
pub(super) enum Part {
    /// Per request, with the variables of the selected operation.
    Depends(Box<dyn Residual>),
    /// Per request, for an operation that is judged though not selected: no variables are known.
    DependsUnselected(Box<dyn Residual>),
    /// A number for the limit of the profile.
    Measured(u64),
    /// Violated by every request.
    Violated(Vec<Violation>),
}

/// An entry of the cache: what is known, under the exact key that it was compiled for.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) operation_name: Option<Box<str>>,
    /// The document's text as the client wrote it, a JSON literal: two spellings of one text are
    /// two entries, and neither is unescaped to be found.
    pub(super) literal: Box<str>,
    pub(super) known: Known,
}

impl Known {
    /// Makes the hash that it has not made: it is going to be kept.
    pub(super) fn settle(&mut self) {
        match self {
            Self::Judgeable(it) => it.hash.settle(),
            Self::Refused(_, Some(hash), _) => hash.settle(),
            Self::Refused(_, None, _) => {}
        }
    }
}

impl Entry {
    /// Whether it was compiled for this literal and operation name.
    pub(super) fn is_for(&self, literal: &str, operation_name: Option<&str>) -> bool {
        *self.literal == *literal && self.operation_name.as_deref() == operation_name
    }

    /// Bytes it holds on to, roughly: the literal, its canonical twin, and what hangs on them.
    pub(super) fn weight(&self) -> usize {
        const FIXED: usize = 1024;
        const PER_LEFT: usize = 64;
        let judgeable = match &self.known {
            Known::Judgeable(it) => {
                let held = it.introspection.as_ref().map_or(0, |it| it.operation.nodes().len());
                let watched = it.watch.as_ref().map_or(0, |it| it.n_parts());
                let parts = it.left.len().saturating_add(held.saturating_mul(2));
                let rated = it.rated.as_ref().map_or(0, |it| it.n_parts());
                let answers = it.answers.as_ref().map_or(0, |it| it.n_parts());
                let parts = parts.saturating_add(answers);
                let parts = parts.saturating_add(watched).saturating_add(rated);
                it.query.len().saturating_add(parts.saturating_mul(PER_LEFT))
            }
            Known::Refused(..) => 0,
        };
        let concealable = match &self.known {
            Known::Judgeable(it) => it.concealable.as_ref(),
            Known::Refused(.., it) => it.as_ref(),
        };
        let judgeable = judgeable.saturating_add(concealable.map_or(0, |it| it.weight()));
        self.literal.len().saturating_add(judgeable).saturating_add(FIXED)
    }
}
