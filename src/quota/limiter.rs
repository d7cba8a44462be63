//! What is spent of one rate, by key, in this process.
//!
//! Does not know what is counted, nor whether exceeding it refuses.

use std::fmt;

use crate::{
    policy::{Paced, Rate},
    quota::{
        exceeded::{Exceeded, Wait},
        gcra::{Gcra, Lacks},
        key::Key,
        store::{Bound, Store, Whose},
        time::Time,
    },
};

/// What is spent of one rate, by key.
pub struct Limiter {
    store: Store,
    gcra: Gcra,
    time: Time,
}

/// Something that was spent, and may be given back.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// When its key is at rest, if nothing else is spent.
    until: u64,
    /// What was spent of the state that many share is not given back: nobody knows any more whose
    /// it was.
    of: Whose,
}

impl Limiter {
    /// Nothing is spent yet.
    #[must_use]
    pub fn new(paced: &Paced, time: Time) -> Self {
        Self::bounded(paced, time, Bound::default())
    }

    pub(super) fn bounded(paced: &Paced, time: Time, bound: Bound) -> Self {
        Self { store: Store::new(bound), gcra: Gcra::of(paced), time }
    }

    /// Spends an amount, all of it or nothing.
    ///
    /// # Errors
    /// When it is not left, or more than there ever is.
    pub fn spend(&self, rate: &Rate, key: &Key, amount: u64) -> Result<Held, Box<Exceeded>> {
        let now = self.time.now();
        let spent = self.store.update(key, now, |at_rest| self.gcra.spend(at_rest, now, amount));
        match spent {
            Ok((until, of)) => Ok(Held { until, of }),
            Err(Lacks::Ever) => Err(Exceeded::new(rate, amount, None)),
            Err(Lacks::Now(wait)) => {
                let wait = Wait::of(wait, amount, self.gcra.interval);
                Err(Exceeded::new(rate, amount, Some(wait)))
            }
        }
    }

    /// Gives back an amount of what was spent, so far as it has not come back by itself.
    pub fn give_back(&self, key: &Key, held: Held, amount: u64) {
        if held.of == Whose::Everybodys {
            return;
        }
        let left = held.until.saturating_sub(self.time.now());
        let time = self.gcra.time_of(amount).min(left);
        self.store.change(key, |at_rest| at_rest.saturating_sub(time));
    }

    /// Of how many keys something is remembered.
    #[must_use]
    pub fn n_keys(&self) -> usize {
        self.store.n_keys()
    }
}

impl fmt::Debug for Limiter {
    /// Who asked how often is nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter(..)")
    }
}
