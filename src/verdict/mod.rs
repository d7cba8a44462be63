//! What was decided about a request, and why.
//!
//! Does not decide anything: rules find, `admission` decides. Nothing here knows HTTP.

mod code;
mod fault;
pub mod ids;
mod violation;

pub use code::Code;
pub use fault::Fault;
pub use violation::{Findings, Mode, Violation};

use std::sync::Arc;

use crate::{digest::TextDigest, schema::OperationKind};

/// The decision about one HTTP request or one message of a stream.
#[derive(Debug)]
pub enum Verdict {
    /// Forward exactly this.
    Admit(Admitted),
    /// Forward nothing: the answer is known.
    Answer(Answered),
    /// Forward nothing.
    Reject(Rejected),
}

/// A request that was judged, in the form in which it goes to the upstream.
///
/// The upstream client takes one by value, and only `admission` makes them: no verdict, no request.
#[derive(Debug)]
pub struct Admitted {
    body: Vec<u8>,
    items: Vec<Item>,
}

/// A request that is answered without the upstream: introspection.
#[derive(Debug)]
pub struct Answered {
    /// The answer: one JSON object, or an array when the client sent one.
    pub body: Vec<u8>,
    /// The operations, in the order of the batch.
    pub items: Vec<Item>,
}

/// One operation of an admitted request, for logs and guards.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its kind.
    pub kind: OperationKind,
    /// SHA-256 of the document's text as the client sent it.
    pub document: TextDigest,
    /// What would have been refused, were it not for report mode.
    pub reported: Vec<Violation>,
    /// What it spends of the rates that count documents, calls or cost.
    pub spent: Vec<Spent>,
    /// Its static cost, when there is one.
    pub cost: Option<u64>,
    /// The coordinates of its root fields, when it is a mutation.
    pub changes: Option<Arc<[Box<str>]>>,
}

/// One refused operation, as far as it is known, for logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// SHA-256 of the document's text.
    pub document: Option<TextDigest>,
    /// Its kind.
    pub kind: Option<OperationKind>,
    /// Its static cost.
    pub cost: Option<u64>,
}

/// What an operation spends of a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The place of the rate in the policy.
    pub rate: usize,
    /// Whose quota it is, when the operation says so: SHA-256 of a document, or of the value of an
    /// argument.
    pub of: Option<[u8; 32]>,
    /// How much.
    pub amount: u64,
    /// The response keys of the calls, where what fails is counted.
    pub keys: Vec<Box<str>>,
}

impl Verdict {
    /// Adds an objection that only reports; what is refused has its own.
    pub(crate) fn report(&mut self, violation: Violation) {
        let items = match self {
            Self::Admit(it) => &mut it.items,
            Self::Answer(it) => &mut it.items,
            Self::Reject(_) => return,
        };
        if let Some(first) = items.first_mut() {
            first.reported.push(violation);
        }
    }
}

impl Admitted {
    /// Only for `admission`: the body must be what was printed from the judged operations.
    pub(crate) const fn new(body: Vec<u8>, items: Vec<Item>) -> Self {
        Self { body, items }
    }

    /// The operations, in the order of the batch.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The canonical body: one JSON object, or an array when the client sent one.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The canonical body, by value.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

/// Whether a request was one object or an array of them; the answer has the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// An array, also of one.
    Array,
    /// One object.
    Single,
}

/// A request that is refused.
#[derive(Debug)]
pub struct Rejected {
    /// How the client framed it.
    pub framing: Framing,
    /// The deciding objection of each item; [`Code::BATCH_REFUSED`] for items that are innocent.
    pub items: Vec<Violation>,
    /// Every objection that was found, deciding or reported, for the log.
    pub found: Vec<Violation>,
    /// What is known of each refused item, for the log; empty when nothing of it was read.
    pub subjects: Vec<Subject>,
}

impl Rejected {
    /// A refusal of the request as a whole.
    #[must_use]
    pub fn whole(violation: Violation) -> Self {
        let (found, subjects) = (vec![violation.clone()], Vec::new());
        Self { framing: Framing::Single, found, subjects, items: vec![violation] }
    }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|it| [it >> 4, it & 15])
        .filter_map(|it| char::from_digit(it.into(), 16))
        .collect()
}
