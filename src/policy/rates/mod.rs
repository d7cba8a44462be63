//! `rates`: how much a key may spend in a time.
//!
//! Counts nothing; that is for `quota`.

mod key;
mod pace;
mod read;
mod schema;
#[cfg(test)]
mod tests;

pub use key::{ArgumentKey, Normalise, RateKey};
pub use pace::Pace;
pub(super) use pace::{PACE, read as pace};
pub(super) use read::{Ground, lay_over, read};
pub(super) use schema::{json_schema, profile_json_schema};

use std::{num::NonZeroU32, time::Duration};

use crate::{schema::FieldSet, verdict::Mode};

/// How much a key may spend in a time.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Its name, as clients are told it.
    pub name: Box<str>,
    /// Whose quota is spent.
    pub key: RateKey,
    /// How much there is.
    pub allowance: Allowance,
    /// What spends it.
    pub counts: Counts,
    /// What becomes of a request when the budget that replicas share cannot be asked.
    pub on_error: OnError,
    /// Whether exceeding it refuses.
    pub mode: Mode,
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// So much at a time; it comes back when the answer has been sent.
    InFlight(NonZeroU32),
    /// So much in a time.
    Paced(Paced),
}

/// So much in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paced {
    /// How fast it fills up again.
    pub pace: Pace,
    /// How much there is at most; as much as in `pace` when the policy is silent.
    pub burst: NonZeroU32,
}

/// What spends a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Calls of these fields: response paths, after aliases and batch.
    Calls(FieldSet),
    /// The cost of what is admitted.
    Cost,
    /// Calls of these root fields that the upstream has answered with an error.
    Failed(FieldSet),
    /// HTTP requests.
    Requests,
}

/// What becomes of a request when the budget that replicas share cannot be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It goes on, and nothing is counted but here.
    Allow,
    /// It is refused.
    Deny,
    /// What this process has counted by itself decides.
    #[default]
    Local,
}

impl Rate {
    /// How much there is at most.
    #[must_use]
    pub const fn most(&self) -> NonZeroU32 {
        match self.allowance {
            Allowance::InFlight(most) => most,
            Allowance::Paced(it) => it.burst,
        }
    }

    /// Whether what was spent of one is spent of the other.
    #[must_use]
    pub fn spends_as(&self, other: &Self) -> bool {
        self.name == other.name && self.key == other.key && self.allowance == other.allowance
    }

    /// Whether it is settled by what the upstream answers.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        match (&self.counts, self.allowance) {
            (Counts::Cost | Counts::Failed(_), Allowance::Paced(_)) => true,
            (Counts::Calls(_) | Counts::Requests, _) | (_, Allowance::InFlight(_)) => false,
        }
    }

    /// Whether it is counted when an HTTP request or a message comes, before it is judged.
    #[must_use]
    pub fn counts_requests(&self) -> bool {
        self.counts == Counts::Requests && self.key != RateKey::Document
    }
}

impl Counts {
    /// The fields whose calls are counted.
    #[must_use]
    pub const fn fields(&self) -> &FieldSet {
        match self {
            Self::Calls(fields) | Self::Failed(fields) => fields,
            Self::Cost | Self::Requests => FieldSet::EMPTY,
        }
    }
}

impl Paced {
    /// In which time one comes back; rounded up, so that it is never more than was written.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.pace.interval()
    }
}
