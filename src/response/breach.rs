//! The ways in which an answer is not what its operation asks for.

use std::fmt;

use crate::telemetry::{ContractBroken, RequestId};

/// Where an answer is not what was asked for, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The field, or the place in the answer.
    pub at: Box<str>,
    /// What is wrong there.
    pub how: How,
}

/// How an answer is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `errors` is no list, `data` no object, and so on.
    Envelope,
    /// No key, though it was asked for and is never null.
    Missing,
    /// A key that nobody asked for.
    NotAsked,
    /// A value that is none of the enum's.
    NotInEnum,
    /// Null where null never is.
    Null,
    /// Neither data nor an error.
    Silent,
    /// One key twice.
    Twice,
    /// A list, an object or a scalar of another type.
    Type,
    /// No object type that can be here.
    Typename,
    /// No answer, or null, to an operation of a batch.
    Unanswered,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.at, self.how.text())
    }
}

impl How {
    const fn text(self) -> &'static str {
        match self {
            Self::Envelope => "this is no answer of GraphQL",
            Self::Missing => "a key that was asked for is not there",
            Self::NotAsked => "nobody asked for this key",
            Self::NotInEnum => "no value of the enum",
            Self::Null => "null, though it is never null",
            Self::Silent => "neither data nor an error",
            Self::Twice => "the key is there twice",
            Self::Type => "a value of another type",
            Self::Typename => "no object type that can be here",
            Self::Unanswered => "this operation of the batch has no answer",
        }
    }
}

/// What was found in one answer, told when it has passed.
#[derive(Debug)]
pub(super) struct Breaches {
    id: RequestId,
    first: Option<Breach>,
    n: u64,
}

impl Breaches {
    pub(super) const fn new(id: RequestId) -> Self {
        Self { id, first: None, n: 0 }
    }

    pub(super) fn add(&mut self, breach: Breach) {
        self.n = self.n.saturating_add(1);
        self.first.get_or_insert(breach);
    }

    /// Tells what was found so far, once.
    pub(super) fn tell(&mut self) {
        if let Some(Breach { at, how }) = self.first.take() {
            ContractBroken { id: self.id, at: &at, detail: how.text(), n: self.n }.emit();
            self.n = 0;
        }
    }
}

/// However the answer ended: what was found was found.
impl Drop for Breaches {
    fn drop(&mut self) {
        self.tell();
    }
}
