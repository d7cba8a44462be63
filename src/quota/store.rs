//! The states of keys: bounded, in shards, and a key that is not at rest is never forgotten.
//!
//! When there is no room for a new key, it shares one state with all others of its kind: an
//! attacker who cycles through addresses neither resets a quota nor grows the memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use lru::LruCache;

use crate::{quota::key::Key, telemetry::Overflowed};

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

/// Of whose state something was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of the one that all keys share for which there is no room.
    Everybodys,
    /// Of that of the key.
    Own,
}

/// The states of all keys of one rate: when each is at rest, in ns.
#[derive(Clone, Debug)]
pub(super) struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    keys_per_shard: usize,
    overflow: Mutex<Option<u64>>,
}

type Shard = LruCache<Key, u64, RandomState>;

impl Store {
    pub(super) fn new(bound: Bound) -> Self {
        let hasher = RandomState::new();
        let shard = || Mutex::new(LruCache::unbounded_with_hasher(hasher.clone()));
        Self(Arc::new(Shared {
            shards: (0..bound.shards).map(|_| shard()).collect(),
            hasher: hasher.clone(),
            keys_per_shard: bound.keys_per_shard,
            overflow: Mutex::new(None),
        }))
    }

    /// Replaces the state of a key, if the next one can be told; says whose state it was.
    pub(super) fn update<E>(
        &self,
        key: &Key,
        now: u64,
        next: impl Fn(Option<u64>) -> Result<u64, E>,
    ) -> Result<(u64, Whose), E> {
        if let Some(shard) = self.shard(key) {
            let mut shard = lock(shard);
            if let Some(at_rest) = shard.get_mut(key) {
                *at_rest = next(Some(*at_rest))?;
                return Ok((*at_rest, Whose::Own));
            }
            if make_room(&mut shard, self.0.keys_per_shard, now) {
                let at_rest = next(None)?;
                shard.put(key.clone(), at_rest);
                return Ok((at_rest, Whose::Own));
            }
        }
        Overflowed.emit();
        let mut overflow = lock(&self.0.overflow);
        let at_rest = next(*overflow)?;
        *overflow = Some(at_rest);
        Ok((at_rest, Whose::Everybodys))
    }

    /// Changes the state of a key that has one of its own.
    pub(super) fn change(&self, key: &Key, next: impl Fn(u64) -> u64) {
        let Some(shard) = self.shard(key) else { return };
        if let Some(at_rest) = lock(shard).peek_mut(key) {
            *at_rest = next(*at_rest);
        }
    }

    /// Of how many something is remembered.
    pub(super) fn n_keys(&self) -> usize {
        self.0.shards.iter().map(|it| lock(it).len()).sum()
    }

    fn shard(&self, key: &Key) -> Option<&Mutex<Shard>> {
        let n = u64::try_from(self.0.shards.len()).ok()?;
        // The table of the shard looks at the lowest and highest bits.
        let place = (self.0.hasher.hash_one(key) >> 24).checked_rem(n)?;
        self.0.shards.get(usize::try_from(place).ok()?)
    }
}

/// Whether there is room for one more key, if need be in place of one at rest.
fn make_room(shard: &mut Shard, keys_per_shard: usize, now: u64) -> bool {
    if shard.len() < keys_per_shard {
        return true;
    }
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

/// A state is one number, so that a panic elsewhere leaves none half written.
fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 8: a few busy keys at the end of the line must not keep new ones out while others are at rest.
const LOOKED_AT: usize = 8;
