//! The tokens that were verified, so that a signature is checked once and not at every request.
//!
//! Bounded in entries and bytes; only what was verified gets in, so nobody fills it without keys.
//! It belongs to one key set: with another set, everything is verified anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ahash::RandomState;

use crate::identity::Identity;

/// Verified tokens, by their whole text. Where they lie is random.
#[derive(Debug)]
pub(super) struct Remembered {
    hasher: RandomState,
    shards: [Mutex<Shard>; N_SHARDS],
}

/// Two halves: what was asked for since the young one was last full, and what was before. The old
/// half is given up whole, which is as good as the least recently used, and a lot less to keep.
#[derive(Debug, Default)]
struct Shard {
    young: HashMap<Box<str>, Arc<Identity>, RandomState>,
    young_bytes: usize,
    old: HashMap<Box<str>, Arc<Identity>, RandomState>,
}

impl Remembered {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }

    pub(super) fn get(&self, token: &str) -> Option<Arc<Identity>> {
        let mut shard = self.shard(token)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = shard.young.get(token) {
            return Some(Arc::clone(identity));
        }
        let (token, identity) = shard.old.remove_entry(token)?;
        shard.put(token, Arc::clone(&identity));
        Some(identity)
    }

    pub(super) fn put(&self, token: &str, identity: Arc<Identity>) {
        let Some(shard) = self.shard(token) else { return };
        shard.lock().unwrap_or_else(PoisonError::into_inner).put(token.into(), identity);
    }

    pub(super) fn forget(&self, token: &str) {
        let Some(shard) = self.shard(token) else { return };
        shard.lock().unwrap_or_else(PoisonError::into_inner).forget(token);
    }

    fn shard(&self, token: &str) -> Option<&Mutex<Shard>> {
        let n = usize::try_from(self.hasher.hash_one(token) % N_SHARDS as u64).ok()?;
        self.shards.get(n)
    }
}

impl Shard {
    fn put(&mut self, token: Box<str>, identity: Arc<Identity>) {
        if self.young.len() >= HALF_ENTRIES || self.young_bytes >= HALF_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        let n_bytes = token.len();
        if self.young.insert(token, identity).is_none() {
            self.young_bytes = self.young_bytes.saturating_add(n_bytes);
        }
    }

    fn forget(&mut self, token: &str) {
        if self.young.remove(token).is_some() {
            self.young_bytes = self.young_bytes.saturating_sub(token.len());
        }
    }
}

const N_SHARDS: usize = 16;
/// With 16 shards of two halves: at most 8,192 tokens.
const HALF_ENTRIES: usize = 256;
/// With 16 shards of two halves: at most 8 MiB of tokens (and one more each), and claims of about
/// three times that.
const HALF_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity() -> Arc<Identity> {
        let serde_json::Value::Object(claims) = json!({ "sub": "a" }) else { panic!() };
        Arc::new(Identity::new(claims))
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let (all, identity) = (Remembered::new(), identity());
        all.put("kept", Arc::clone(&identity));
        all.put("left", Arc::clone(&identity));
        for n in 0..N_SHARDS * HALF_ENTRIES * 8 {
            all.put(&n.to_string(), Arc::clone(&identity));
            assert!(all.get("kept").is_some());
        }
        assert!(all.get("left").is_none());
        let n_kept = |it: &Mutex<Shard>| {
            let shard = it.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        assert!(all.shards.iter().all(|it| n_kept(it) <= 2 * HALF_ENTRIES));
    }

    #[test]
    fn bytes_are_bounded_too() {
        let (all, identity) = (Remembered::new(), identity());
        let long = "a".repeat(8 * 1024);
        for n in 0..2_000 {
            all.put(&format!("{long}{n}"), Arc::clone(&identity));
        }
        let bytes = |it: &Mutex<Shard>| {
            let shard = it.lock().unwrap();
            shard.young.keys().chain(shard.old.keys()).map(|it| it.len()).sum::<usize>()
        };
        assert!(all.shards.iter().map(bytes).sum::<usize>() <= N_SHARDS * 2 * (HALF_BYTES + 8_200));
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let all = Remembered::new();
        for _ in 0..3 {
            all.put("a", identity());
        }
        let bytes = || all.shards.iter().map(|it| it.lock().unwrap().young_bytes).sum::<usize>();
        assert_eq!(bytes(), 1);
        all.forget("a");
        all.forget("a");
        assert!(all.get("a").is_none());
        assert_eq!(bytes(), 0);
    }
}
