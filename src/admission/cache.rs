//! The document cache: bounded in entries and in bytes, refused documents in a share of their own.
//!
//! A document is kept when it comes a second time: a flood of documents that come once fills
//! nothing and pushes nothing out, and all it leaves is a fingerprint of four bytes.
//!
//! Nothing of a caller is ever kept. One cache belongs to one gate, that is to one policy and one
//! schema, so a reload starts with an empty one and two generations never mix.

use std::{
    hash::{BuildHasher, Hasher},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use ahash::RandomState;
use lru::LruCache;

use crate::admission::known::Entry;

/// How much a cache may hold.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// Documents that can be judged.
    pub documents: NonZeroUsize,
    /// Documents that are refused whoever asks.
    pub refused: NonZeroUsize,
    /// Bytes of texts and what hangs on them; refused documents get an eighth.
    pub bytes: NonZeroUsize,
}

impl Default for CacheLimits {
    /// 10,000 documents, 1,000 refused ones: more than any client fleet measured (332). 128 MiB have
    /// room for all of that fleet under many rules, where a document weighs up to 300 KiB.
    fn default() -> Self {
        const fn non_zero(n: usize) -> NonZeroUsize {
            match NonZeroUsize::new(n) {
                Some(n) => n,
                None => NonZeroUsize::MIN,
            }
        }
        Self {
            documents: non_zero(10_000),
            refused: non_zero(1_000),
            bytes: non_zero(128 * 1024 * 1024),
        }
    }
}

/// Locks are split so that workers rarely meet.
const N_SHARDS: usize = 16;
/// The share of the bytes that refused documents get.
const REFUSED_SHARE: usize = 8;

/// 4 KiB: two ends are as much as the longest document that clients were seen to send (8 KiB).
const END: usize = 4 * 1024;

/// Where to look for a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

/// Entries under the hash of their key; equality is checked in full.
#[derive(Debug)]
pub(super) struct Cache {
    hasher: RandomState,
    judgeable: Vec<Mutex<Shelf>>,
    refused: Vec<Mutex<Shelf>>,
    seen: Seen,
}

/// On which shelf an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    Judgeable,
    Refused,
}

impl Cache {
    /// `hasher` is random in production, so that no client can choose where its documents go.
    pub(super) fn new(limits: CacheLimits, hasher: RandomState) -> Self {
        let shelves = |entries: NonZeroUsize, bytes: usize| {
            let per_shard = entries.get().div_ceil(N_SHARDS);
            let capacity = NonZeroUsize::new(per_shard).unwrap_or(NonZeroUsize::MIN);
            let max_bytes = bytes / N_SHARDS;
            (0..N_SHARDS).map(|_| Mutex::new(Shelf::new(capacity, max_bytes))).collect()
        };
        Self {
            hasher,
            judgeable: shelves(limits.documents, limits.bytes.get()),
            refused: shelves(limits.refused, limits.bytes.get() / REFUSED_SHARE),
            seen: Seen::new(),
        }
    }

    /// Of a long literal only both ends and the length count: hashing all of a flood would cost
    /// more than refusing it. Two that differ elsewhere have one place in the cache between them,
    /// and are told apart there.
    pub(super) fn key(&self, literal: &str, operation_name: Option<&str>) -> Key {
        let mut hasher = self.hasher.build_hasher();
        let bytes = literal.as_bytes();
        match (bytes.first_chunk::<END>(), bytes.last_chunk::<END>()) {
            (Some(first), Some(last)) if bytes.len() > 2 * END => {
                hasher.write(first);
                hasher.write(last);
                hasher.write_usize(bytes.len());
            }
            _ => hasher.write(bytes),
        }
        hasher.write_u8(u8::from(operation_name.is_some()));
        hasher.write(operation_name.unwrap_or_default().as_bytes());
        Key(hasher.finish())
    }

    pub(super) fn get(
        &self,
        key: Key,
        literal: &str,
        operation_name: Option<&str>,
    ) -> Option<Arc<Entry>> {
        let found = |shelves: &[Mutex<Shelf>]| {
            let entry = shelf(shelves, key)?.entries.get(&key.0).cloned()?;
            entry.is_for(literal, operation_name).then_some(entry)
        };
        found(&self.judgeable).or_else(|| found(&self.refused))
    }

    /// Every document that can be judged, and how many others are kept.
    pub(super) fn kept(&self) -> (Vec<Arc<Entry>>, usize) {
        let lock = |it: &Mutex<Shelf>| -> Vec<Arc<Entry>> {
            let shelf = it.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.entries.iter().map(|(_, it)| Arc::clone(it)).collect()
        };
        let judgeable = self.judgeable.iter().flat_map(lock).collect();
        (judgeable, self.refused.iter().map(|it| lock(it).len()).sum())
    }

    /// Whether a document is worth keeping: it came before, not too many others ago.
    pub(super) fn wants(&self, key: Key) -> bool {
        self.seen.again(key)
    }

    pub(super) fn put(&self, key: Key, share: Share, entry: Arc<Entry>) {
        let shelves = match share {
            Share::Judgeable => &self.judgeable,
            Share::Refused => &self.refused,
        };
        if let Some(mut shelf) = shelf(shelves, key) {
            shelf.put(key, entry);
        }
    }
}

/// The lock is held for a look-up or an insertion, never across anything else; what a panicking
/// thread left behind is still a cache.
fn shelf(shelves: &[Mutex<Shelf>], key: Key) -> Option<MutexGuard<'_, Shelf>> {
    let n_shelves = u64::try_from(shelves.len()).ok()?;
    let index = usize::try_from((key.0 >> 48).checked_rem(n_shelves)?).ok()?;
    Some(shelves.get(index)?.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Fingerprints of documents that came and were not kept. A new one takes the place of an old one.
#[derive(Debug)]
struct Seen(Box<[AtomicU32]>);

impl Seen {
    fn new() -> Self {
        Self(std::iter::repeat_with(AtomicU32::default).take(N_SEEN).collect())
    }

    /// Notes a document; true when it was noted before. Another one may pass for it once in four
    /// thousand million times, and is kept one time too early.
    fn again(&self, key: Key) -> bool {
        let (place, print) = ((key.0 >> 16) & 0xffff, key.0 >> 32);
        let place = usize::try_from(place).ok().and_then(|it| self.0.get(it));
        let print = u32::try_from(print).unwrap_or(u32::MAX);
        place.is_some_and(|it| it.swap(print, Ordering::Relaxed) == print)
    }
}

/// 256 KiB of fingerprints: what comes again within some ten thousand others is known again.
const N_SEEN: usize = 1 << 16;

#[derive(Debug)]
struct Shelf {
    entries: LruCache<u64, Arc<Entry>>,
    bytes: usize,
    max_bytes: usize,
}

impl Shelf {
    fn new(capacity: NonZeroUsize, max_bytes: usize) -> Self {
        Self { entries: LruCache::new(capacity), bytes: 0, max_bytes }
    }

    // The budget of this loop is the number of entries: every turn takes one out.
    fn put(&mut self, key: Key, entry: Arc<Entry>) {
        let weight = entry.weight();
        if weight > self.max_bytes {
            return;
        }
        self.bytes = self.bytes.saturating_add(weight);
        if let Some((_, old)) = self.entries.push(key.0, entry) {
            self.bytes = self.bytes.saturating_sub(old.weight());
        }
        while self.bytes > self.max_bytes {
            let Some((_, old)) = self.entries.pop_lru() else { break };
            self.bytes = self.bytes.saturating_sub(old.weight());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admission::known::Known,
        verdict::{Code, Violation},
    };

    fn entry(literal: &str) -> Arc<Entry> {
        let violation = Violation {
            rule: "test",
            code: Code::GRAPHQL_PARSE_FAILED,
            at: None,
            public: "".into(),
            detail: "".into(),
        };
        let known = Known::Refused(violation, None, None);
        Arc::new(Entry { operation_name: None, literal: literal.into(), known })
    }

    fn cache(documents: usize, bytes: usize) -> Cache {
        let n = |it| NonZeroUsize::new(it).unwrap();
        let limits = CacheLimits { documents: n(documents), refused: n(16), bytes: n(bytes) };
        Cache::new(limits, RandomState::with_seeds(1, 2, 3, 4))
    }

    fn put(cache: &Cache, text: &str) {
        cache.put(cache.key(text, None), Share::Judgeable, entry(text));
    }

    fn has(cache: &Cache, text: &str) -> bool {
        cache.get(cache.key(text, None), text, None).is_some()
    }

    #[test]
    fn what_was_put_is_found_again() {
        let cache = cache(100, 1 << 20);
        put(&cache, "{a}");
        assert!(has(&cache, "{a}"));
        assert!(!has(&cache, "{b}"));
        assert!(cache.get(cache.key("{a}", Some("Q")), "{a}", Some("Q")).is_none());
    }

    #[test]
    fn long_texts_that_differ_between_their_ends_are_told_apart() {
        let cache = cache(100, 1 << 20);
        let text = |len: usize, middle: &str| {
            ["x".repeat(len / 2).as_str(), middle, &"x".repeat(len - len / 2 - 1)].concat()
        };
        for (len, is_shared) in [(2 * END, false), (2 * END + 1, true)] {
            let (one, other) = (text(len, "a"), text(len, "b"));
            let keys = [&one, &other].map(|it| cache.key(it, None).0);
            assert_eq!(keys[0] == keys[1], is_shared, "{len}");
            put(&cache, &one);
            assert!(has(&cache, &one) && !has(&cache, &other));
            put(&cache, &other);
            assert!(has(&cache, &other));
        }
    }

    #[test]
    fn equal_hashes_do_not_mix_texts() {
        let cache = cache(100, 1 << 20);
        let key = cache.key("{a}", None);
        cache.put(key, Share::Judgeable, entry("{a}"));
        assert!(cache.get(key, "{b}", None).is_none());
        assert!(cache.get(key, "{a}", Some("a")).is_none());
    }

    #[test]
    fn entries_and_bytes_are_bounded() {
        let small = cache(16, 1 << 20);
        let texts: Vec<String> = (0..1000).map(|it| format!("{{a{it}}}")).collect();
        texts.iter().for_each(|it| put(&small, it));
        assert!(texts.iter().filter(|it| has(&small, it)).count() <= 16);

        let light = cache(10_000, 64 * 1024);
        texts.iter().for_each(|it| put(&light, it));
        let n_kept = texts.iter().filter(|it| has(&light, it)).count();
        assert!((1..=64 * 1024 / entry("{a1}").weight()).contains(&n_kept), "{n_kept}");
        let heavy = "x".repeat(1 << 16);
        put(&light, &heavy);
        assert!(!has(&light, &heavy));
    }

    #[test]
    fn what_comes_again_is_kept() {
        let cache = cache(16, 1 << 20);
        let wants = |text: &str| cache.wants(cache.key(text, None));
        assert_eq!([wants("{a}"), wants("{a}"), wants("{a}")], [false, true, true]);
        let n_kept = (0..2_000).filter(|it| wants(&format!("{{b{it}}}"))).count();
        assert_eq!(n_kept, 0, "all of them are new");
        assert!(wants("{a}"));
    }

    #[test]
    fn refused_documents_do_not_push_out_the_others() {
        let cache = cache(16, 1 << 20);
        put(&cache, "{a}");
        for it in 0..1000 {
            let text = format!("{{{it}");
            cache.put(cache.key(&text, None), Share::Refused, entry(&text));
        }
        assert!(has(&cache, "{a}"));
    }
}
