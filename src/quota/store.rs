//! The states of keys: bounded, in shards, and a key that is not at rest is never forgotten.
//!
//! When there is no room for a new key, it shares one state with all others of its kind: an
//! attacker who cycles through addresses neither resets a quota nor grows the memory.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ahash::RandomState;
use governor::{clock::Clock, nanos::Nanos, state::StateStore};
use lru::LruCache;

use crate::quota::{key::Key, time::Time};

/// How many states there are at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) shards: usize,
    pub(super) keys_per_shard: usize,
}

impl Default for Bound {
    /// 65,536 keys in 64 shards: about 8 MB for a rate that sees as many callers.
    fn default() -> Self {
        Self { shards: 64, keys_per_shard: 1024 }
    }
}

/// The states of all keys of one rate: when each is at rest, in ns since the start.
#[derive(Clone, Debug)]
pub(super) struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    keys_per_shard: usize,
    overflow: Mutex<Option<u64>>,
    time: Time,
    /// When the limiter began to count.
    start: OnceLock<Nanos>,
}

type Shard = LruCache<Key, u64, RandomState>;

impl Store {
    pub(super) fn new(bound: Bound, time: Time) -> Self {
        let hasher = RandomState::new();
        let shard = || Mutex::new(LruCache::unbounded_with_hasher(hasher.clone()));
        Self(Arc::new(Shared {
            shards: (0..bound.shards).map(|_| shard()).collect(),
            hasher: hasher.clone(),
            keys_per_shard: bound.keys_per_shard,
            overflow: Mutex::new(None),
            time,
            start: OnceLock::new(),
        }))
    }

    /// The limiter counts from now on. Called right after that is true, so that a key is at rest
    /// here a moment later than it is there, and never sooner.
    pub(super) fn start(&self) {
        let _was_started = self.0.start.set(self.0.time.now());
    }

    #[cfg(test)]
    pub(super) fn n_keys(&self) -> usize {
        self.0.shards.iter().map(|it| lock(it).len()).sum()
    }

    fn shard(&self, key: &Key) -> Option<&Mutex<Shard>> {
        let n = u64::try_from(self.0.shards.len()).ok()?;
        // The table of the shard looks at the lowest and highest bits.
        let place = (self.0.hasher.hash_one(key) >> 24).checked_rem(n)?;
        self.0.shards.get(usize::try_from(place).ok()?)
    }

    /// Whether there is room for one more key, if need be in place of one at rest.
    fn make_room(&self, shard: &mut Shard) -> bool {
        if shard.len() < self.0.keys_per_shard {
            return true;
        }
        let Some(start) = self.0.start.get() else { return false };
        let now = self.0.time.now().as_u64().saturating_sub(start.as_u64());
        for _ in 0..LOOKED_AT {
            match shard.peek_lru().map(|(key, at_rest)| (key.clone(), *at_rest)) {
                Some((_, at_rest)) if at_rest <= now => {
                    shard.pop_lru();
                    return true;
                }
                // Those behind it get their turn; the order is only a hint.
                Some((key, _)) => {
                    shard.promote(&key);
                }
                None => return false,
            }
        }
        false
    }
}

impl StateStore for Store {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        if let Some(shard) = self.shard(key) {
            let mut shard = lock(shard);
            if let Some(at_rest) = shard.get_mut(key) {
                let (outcome, next) = f(Some((*at_rest).into()))?;
                *at_rest = next.as_u64();
                return Ok(outcome);
            }
            if self.make_room(&mut shard) {
                let (outcome, next) = f(None)?;
                shard.put(key.clone(), next.as_u64());
                return Ok(outcome);
            }
        }
        let mut overflow = lock(&self.0.overflow);
        let (outcome, next) = f(overflow.map(Into::into))?;
        *overflow = Some(next.as_u64());
        Ok(outcome)
    }
}

/// A state is one number, so that a panic elsewhere leaves none half written.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 8: a few busy keys at the end of the line must not keep new ones out while others are at rest.
const LOOKED_AT: usize = 8;
