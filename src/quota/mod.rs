//! Rates: how much every key has spent, in this process and, if it is told so, in all replicas.
//!
//! GCRA: of every key one number is kept, the time at which it would be at rest. The states of a
//! rate lie in a bounded store that never forgets a key that is not at rest, since that would
//! give it a fresh quota. The time is injected. Does not know when a request spends: the server
//! says that.

mod exceeded;
mod gcra;
mod in_flight;
mod key;
mod limiter;
mod outcome;
mod shared;
mod store;
mod time;

pub use exceeded::Exceeded;
pub use in_flight::{InFlight, Slot};
pub use key::{Key, network};
pub use limiter::{Held, Limiter};
pub use outcome::Outcomes;
pub use shared::{Link, Lost, NotTaken, Taken, Unavailable};
pub use time::Time;

use std::sync::Arc;

use crate::policy::{Allowance, Policy, ProfileIdx, Rate};

/// The rates of a policy, with what is spent of them, profile by profile.
#[derive(Clone, Debug)]
pub struct Quotas(Arc<[Box<[Quota]>]>);

/// A rate with what is spent of it.
#[derive(Clone, Debug)]
pub struct Quota {
    /// The rate.
    pub rate: Arc<Rate>,
    /// Whose rates they are: replicas share those of one policy and one graph.
    pub scope: Arc<str>,
    /// What is spent.
    pub meter: Meter,
}

/// What is spent.
#[derive(Clone, Debug)]
pub enum Meter {
    /// At a time.
    InFlight(Arc<InFlight>),
    /// In a time.
    Paced(Arc<Limiter>),
}

impl Quotas {
    /// Nothing is spent yet.
    #[must_use]
    pub fn of(policy: &Policy, time: &Time) -> Self {
        let profiles = (0..policy.profiles().len()).map(ProfileIdx);
        Self::new(&policy.name, profiles.map(|it| policy.rates_of(it)), time)
    }

    /// From the rates of every profile, the base first. What profiles do not change they share.
    pub(crate) fn new<'r>(
        scope: &str,
        profiles: impl Iterator<Item = &'r [Arc<Rate>]>,
        time: &Time,
    ) -> Self {
        let scope: Arc<str> = scope.into();
        let mut all: Vec<Box<[Quota]>> = Vec::new();
        for rates in profiles {
            let of = |rate: &Arc<Rate>| {
                let known = all.iter().flatten().find(|it| Arc::ptr_eq(&it.rate, rate));
                let new = || Quota {
                    rate: Arc::clone(rate),
                    scope: Arc::clone(&scope),
                    meter: Meter::new(rate, time),
                };
                known.cloned().unwrap_or_else(new)
            };
            let quotas = rates.iter().map(of).collect();
            all.push(quotas);
        }
        Self(all.into())
    }

    /// Those of a graph that has a name: another graph with a policy of the same name shares nothing
    /// with it.
    #[must_use]
    pub fn of_graph(&self, graph: &str) -> Self {
        let scoped = |quota: &Quota| {
            // No name of a graph has a line break, so that no two scopes are written alike.
            let scope = format!("{}\n{graph}", quota.scope).into();
            Quota { scope, ..quota.clone() }
        };
        Self(self.0.iter().map(|it| it.iter().map(scoped).collect()).collect())
    }

    /// With what was spent of rates of the same name, key and numbers.
    #[must_use]
    pub fn continuing(&self, before: &Self) -> Self {
        let continued = |quota: &Quota| {
            let mut all = before.0.iter().flatten();
            let same = all.find(|it| it.rate.spends_as(&quota.rate));
            let meter = same.unwrap_or(quota).meter.clone();
            Quota { meter, ..quota.clone() }
        };
        Self(self.0.iter().map(|it| it.iter().map(continued).collect()).collect())
    }

    /// Of how many keys a rate remembers something, by its name in the policy.
    #[must_use]
    pub fn n_keys(&self, rate: &str) -> usize {
        let found = self.0.iter().flatten().find(|it| *it.rate.name == *rate);
        found.map_or(0, |it| it.meter.n_keys())
    }

    /// Those of a profile, in the order of the policy.
    #[must_use]
    pub fn of_profile(&self, profile: ProfileIdx) -> &[Quota] {
        self.0.get(profile.index()).or_else(|| self.0.first()).map_or(&[], |it| it)
    }

    /// True when nothing is counted.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.0.iter().all(|it| it.is_empty())
    }

    /// True when callers have to be looked at to know which numbers are theirs.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.0.windows(2).any(|it| match it {
            [a, b] => a.iter().zip(b).any(|(a, b)| !Arc::ptr_eq(&a.rate, &b.rate)),
            _ => false,
        })
    }
}

impl Meter {
    /// Of how many keys something is remembered in this process.
    #[must_use]
    pub fn n_keys(&self) -> usize {
        match self {
            Self::InFlight(it) => it.n_keys(),
            Self::Paced(it) => it.n_keys(),
        }
    }

    fn new(rate: &Rate, time: &Time) -> Self {
        match rate.allowance {
            Allowance::InFlight(most) => Self::InFlight(Arc::new(InFlight::new(most))),
            Allowance::Paced(paced) => Self::Paced(Arc::new(Limiter::new(&paced, time.clone()))),
        }
    }
}

#[cfg(test)]
mod tests;
