//! How much of a key runs at this moment, in this process.
//!
//! Bounded by what runs: a key of which nothing runs has no entry.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ahash::HashMap;

use crate::{
    policy::Rate,
    quota::{
        exceeded::{Exceeded, Wait},
        key::Key,
    },
};

/// How much of every key runs.
pub struct InFlight {
    most: NonZeroU32,
    running: Mutex<HashMap<Key, u32>>,
}

/// Something that runs, as long as it is held.
pub struct Slot {
    of: Arc<InFlight>,
    key: Key,
    n: u32,
}

impl InFlight {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(most: NonZeroU32) -> Self {
        Self { most, running: Mutex::default() }
    }

    /// Of how many keys something runs.
    #[must_use]
    pub fn n_keys(&self) -> usize {
        self.lock().len()
    }

    /// Begins to run an amount, all of it or nothing.
    ///
    /// # Errors
    /// When too much runs already, or it is more than may ever run.
    pub fn begin(
        self: &Arc<Self>,
        rate: &Rate,
        key: &Key,
        amount: u64,
    ) -> Result<Slot, Box<Exceeded>> {
        let most = self.most.get();
        let Some(n) = u32::try_from(amount).ok().filter(|it| *it <= most) else {
            return Err(Exceeded::new(rate, amount, None));
        };
        let mut running = self.lock();
        let before = running.get(key).copied().unwrap_or(0);
        let left = most.saturating_sub(before);
        if n > left {
            // Nobody knows when the others end; asking again costs little.
            let wait = Wait { seconds: NonZeroU64::MIN, remaining: left.into() };
            return Err(Exceeded::new(rate, amount, Some(wait)));
        }
        running.insert(key.clone(), before.saturating_add(n));
        Ok(Slot { of: Arc::clone(self), key: key.clone(), n })
    }

    /// A number is never half written.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, u32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut running = self.of.lock();
        if let Some(n) = running.get_mut(&self.key) {
            *n = n.saturating_sub(self.n);
            if *n == 0 {
                running.remove(&self.key);
            }
        }
    }
}

impl fmt::Debug for InFlight {
    /// Who asks is nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight(..)")
    }
}

impl fmt::Debug for Slot {
    /// Who asks is nobody's to log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}
