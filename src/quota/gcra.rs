//! The generic cell rate algorithm: of every key one number, the time at which it would be at rest.
//!
//! Arithmetic alone, in nanoseconds. The script of the shared budget computes the same.

use crate::policy::Paced;

/// A pace and a burst, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gcra {
    /// In which one comes back.
    pub(super) interval: u64,
    /// In which a whole burst comes back: at most 2⁶², as the reader of the policy has seen to.
    pub(super) full: u64,
}

/// There is not so much left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacks {
    /// Now; so long it takes to come back.
    Now(u64),
    /// It is more than there ever is.
    Ever,
}

impl Gcra {
    pub(super) fn of(paced: &Paced) -> Self {
        let interval = u64::try_from(paced.interval().as_nanos()).unwrap_or(u64::MAX).max(1);
        Self { interval, full: interval.saturating_mul(paced.burst.get().into()) }
    }

    /// What an amount takes to come back.
    pub(super) const fn time_of(self, amount: u64) -> u64 {
        self.interval.saturating_mul(amount)
    }

    /// Spends an amount of a key; when it is at rest then.
    pub(super) fn spend(self, at_rest: Option<u64>, now: u64, amount: u64) -> Result<u64, Lacks> {
        let time = self.time_of(amount);
        if time > self.full {
            return Err(Lacks::Ever);
        }
        let then = at_rest.unwrap_or(0).max(now).saturating_add(time);
        match then.saturating_sub(now).checked_sub(self.full) {
            None | Some(0) => Ok(then),
            Some(wait) => Err(Lacks::Now(wait)),
        }
    }
}
