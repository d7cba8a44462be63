//! Rates: how much every key has spent, in this process.
//!
//! GCRA: of every key one number is kept, the time at which it would be at rest. The states of a
//! rate lie in a bounded store that never forgets a key that is not at rest, since that would
//! give it a fresh quota. The time is injected. Does not share anything with other processes, and
//! does not know when a request spends: the server says that.

mod exceeded;
mod key;
mod limiter;
mod store;
mod time;

pub use exceeded::Exceeded;
pub use key::Key;
pub use limiter::Limiter;
pub use time::Time;

use std::sync::Arc;

use crate::policy::Rate;

/// The rates of a policy, with what is spent of them.
#[derive(Clone, Debug)]
pub struct Quotas(Arc<[Quota]>);

/// A rate with what is spent of it.
#[derive(Clone, Debug)]
pub struct Quota {
    /// The rate.
    pub rate: Arc<Rate>,
    /// What is spent.
    pub limiter: Arc<Limiter>,
}

impl Quotas {
    /// Nothing is spent yet.
    #[must_use]
    pub fn new(rates: &[Arc<Rate>], time: &Time) -> Self {
        let of = |rate: &Arc<Rate>| Quota {
            rate: Arc::clone(rate),
            limiter: Arc::new(Limiter::new(rate, time.clone())),
        };
        Self(rates.iter().map(of).collect())
    }

    /// With what was spent of rates of the same name, key and numbers.
    #[must_use]
    pub fn continuing(&self, before: &Self) -> Self {
        let continued = |quota: &Quota| {
            let same = before.0.iter().find(|it| it.rate.spends_as(&quota.rate));
            let limiter = Arc::clone(&same.unwrap_or(quota).limiter);
            Quota { rate: Arc::clone(&quota.rate), limiter }
        };
        Self(self.0.iter().map(continued).collect())
    }

    /// Each, in the order of the policy.
    pub fn iter(&self) -> impl Iterator<Item = &Quota> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests;
