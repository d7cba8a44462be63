//! What is spent of one rate, by key.
//!
//! Does not know what is counted, nor whether exceeding it refuses.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64},
};

use governor::{NotUntil, RateLimiter, clock::Clock, nanos::Nanos};

use crate::{
    policy::Rate,
    quota::{
        exceeded::{Exceeded, Wait},
        key::Key,
        store::{Bound, Store},
        time::Time,
    },
};

/// What is spent of one rate, by key.
pub struct Limiter {
    inner: RateLimiter<Key, Store, Time>,
    #[cfg(test)]
    store: Store,
    interval: u64,
    burst: NonZeroU32,
}

impl Limiter {
    /// Nothing is spent yet.
    #[must_use]
    pub fn new(rate: &Rate, time: Time) -> Self {
        Self::bounded(rate, time, Bound::default())
    }

    pub(super) fn bounded(rate: &Rate, time: Time, bound: Bound) -> Self {
        let interval = rate.interval();
        // INVARIANT: the reader of the policy has refused a burst times interval over 2⁶² ns.
        let quota = governor::Quota::with_period(interval)
            .unwrap_or(governor::Quota::per_second(NonZeroU32::MIN))
            .allow_burst(rate.burst);
        let store = Store::new(bound, time.clone());
        let inner = RateLimiter::new(quota, store.clone(), time);
        store.start();
        let interval = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1);
        Self {
            inner,
            #[cfg(test)]
            store,
            interval,
            burst: rate.burst,
        }
    }

    /// Spends an amount, all of it or nothing.
    ///
    /// # Errors
    /// When it is not left, or more than there ever is.
    pub fn spend(&self, rate: &Rate, key: &Key, amount: u64) -> Result<(), Box<Exceeded>> {
        if amount == 0 {
            return Ok(());
        }
        // Above the burst governor would multiply without looking.
        let within = u32::try_from(amount).ok().filter(|it| *it <= self.burst.get());
        let Some(n) = within.and_then(NonZeroU32::new) else {
            return Err(Exceeded::new(rate, amount, None));
        };
        match self.inner.check_key_n(key, n) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(Exceeded::new(rate, amount, Some(self.wait(amount, &until)))),
            Err(_more_than_the_burst) => Err(Exceeded::new(rate, amount, None)),
        }
    }

    #[cfg(test)]
    pub(super) fn n_keys(&self) -> usize {
        self.store.n_keys()
    }

    fn wait(&self, amount: u64, until: &NotUntil<Nanos>) -> Wait {
        let wait = until.wait_time_from(self.inner.clock().now()).as_nanos();
        let wait = u64::try_from(wait).unwrap_or(u64::MAX);
        let seconds = NonZeroU64::new(wait.div_ceil(SECOND)).unwrap_or(NonZeroU64::MIN);
        let missing = wait.div_ceil(self.interval).max(1);
        Wait { seconds, remaining: amount.saturating_sub(missing) }
    }
}

impl fmt::Debug for Limiter {
    /// Who asked how often is nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter(..)")
    }
}

const SECOND: u64 = 1_000_000_000;
