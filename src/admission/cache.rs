//! The document cache: bounded in entries and in bytes, refused documents in a share of their own.
//!
//! A document is kept when it comes a second time: a flood of documents that come once fills
//! nothing and pushes nothing out, and all it leaves is a fingerprint of four bytes. Where there is
//! no room, a document takes the place of another only if it came more often of late: neither a
//! flood of documents that come twice, nor more documents than there is room for, coming in turns,
//! push out what clients use.
//!
//! Nothing of a caller is ever kept. One cache belongs to one gate, that is to one policy and one
//! schema, so a reload starts with an empty one and two generations never mix.

use std::{
    hash::{BuildHasher, Hasher},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::admission::{
    known::Entry,
    seen::{Seen, Uses},
    shelf::{Kept, Shelf},
};
use ahash::RandomState;

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
            let entry = shelf(shelves, key)?.get(key.0, self.seen.age())?;
            entry.is_for(literal, operation_name).then_some(entry)
        };
        found(&self.judgeable).or_else(|| found(&self.refused))
    }

    /// Every document that can be judged, and how many others are kept.
    pub(super) fn kept(&self) -> (Vec<Arc<Entry>>, usize) {
        let lock = |it: &Mutex<Shelf>| -> Vec<Arc<Entry>> {
            it.lock().unwrap_or_else(PoisonError::into_inner).entries().cloned().collect()
        };
        let judgeable = self.judgeable.iter().flat_map(lock).collect();
        (judgeable, self.refused.iter().map(|it| lock(it).len()).sum())
    }

    /// How often a document that is not kept came; nothing when it is not worth keeping, because it
    /// did not come before, or too many others ago.
    pub(super) fn wants(&self, key: Key) -> Option<Uses> {
        self.seen.again(key.0)
    }

    /// Keeps an entry that came so often, if there is room or others came less often.
    pub(super) fn put(&self, key: Key, share: Share, (entry, uses): (Arc<Entry>, Uses)) {
        let shelves = match share {
            Share::Judgeable => &self.judgeable,
            Share::Refused => &self.refused,
        };
        if let Some(mut shelf) = shelf(shelves, key) {
            shelf.put(key.0, Kept { entry, uses }, self.seen.age());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admission::known::Known,
        verdict::{Code, Violation},
    };

    fn entry(literal: &str) -> Arc<Entry> {
        let violation = Violation::new("test", Code::GRAPHQL_PARSE_FAILED, "");
        let known = Known::Refused(violation, None, None);
        Arc::new(Entry { operation_name: None, literal: literal.into(), known })
    }

    fn cache(documents: usize, bytes: usize) -> Cache {
        let n = |it| NonZeroUsize::new(it).unwrap();
        let limits = CacheLimits { documents: n(documents), refused: n(16), bytes: n(bytes) };
        Cache::new(limits, RandomState::with_seeds(1, 2, 3, 4))
    }

    fn put(cache: &Cache, text: &str) {
        cache.put(cache.key(text, None), Share::Judgeable, (entry(text), Uses::default()));
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
            assert_eq!(has(&cache, &other), !is_shared, "it takes no place that is in use");
            let often = (0..9).fold(Uses::default(), |it, _| it.once_more(0));
            let key = cache.key(&other, None);
            cache.put(key, Share::Judgeable, (entry(&other), often));
            assert!(has(&cache, &other));
        }
    }

    #[test]
    fn equal_hashes_do_not_mix_texts() {
        let cache = cache(100, 1 << 20);
        let key = cache.key("{a}", None);
        cache.put(key, Share::Judgeable, (entry("{a}"), Uses::default()));
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
        let wants = |text: &str| cache.wants(cache.key(text, None)).is_some();
        assert_eq!([wants("{a}"), wants("{a}"), wants("{a}")], [false, true, true]);
        let n_kept = (0..2_000).filter(|it| wants(&format!("{{b{it}}}"))).count();
        assert_eq!(n_kept, 0, "all of them are new");
        assert!(wants("{a}"));
    }

    /// As a gate does: what is not found is put when it came before.
    fn come(cache: &Cache, text: &str) -> bool {
        if has(cache, text) {
            return true;
        }
        let key = cache.key(text, None);
        if let Some(uses) = cache.wants(key) {
            cache.put(key, Share::Judgeable, (entry(text), uses));
        }
        false
    }

    fn texts(what: &str, n: usize) -> Vec<String> {
        (0..n).map(|it| format!("{{{what}{it}}}")).collect()
    }

    fn n_found(cache: &Cache, all: &[String]) -> usize {
        all.iter().filter(|it| come(cache, it)).count()
    }

    #[test]
    fn of_more_than_there_is_room_for_some_stay() {
        let cache = cache(320, 1 << 20);
        let all = texts("a", 960);
        let n_found: Vec<_> = (0..6).map(|_| n_found(&cache, &all)).collect();
        assert_eq!(n_found[..2], [0, 0]);
        assert!(n_found[2..].iter().all(|it| (300..=320).contains(it)), "{n_found:?}");
    }

    #[test]
    fn a_flood_of_what_comes_twice_pushes_nothing_out_that_is_in_use() {
        let cache = cache(320, 1 << 20);
        let used = texts("a", 100);
        (0..4).for_each(|_| _ = n_found(&cache, &used));
        for it in texts("flood", 2_000) {
            assert!(!come(&cache, &it));
            come(&cache, &it);
        }
        assert_eq!(n_found(&cache, &used), 100);
    }

    #[test]
    fn what_is_used_takes_the_place_of_what_was() {
        let cache = cache(320, 1 << 20);
        let (old, new) = (texts("old", 320), texts("new", 200));
        (0..3).for_each(|_| _ = n_found(&cache, &old));
        (0..8).for_each(|_| _ = n_found(&cache, &new));
        assert!(n_found(&cache, &new) > 190);
    }

    #[test]
    fn refused_documents_do_not_push_out_the_others() {
        let cache = cache(16, 1 << 20);
        put(&cache, "{a}");
        for it in 0..1000 {
            let text = format!("{{{it}");
            cache.put(cache.key(&text, None), Share::Refused, (entry(&text), Uses::default()));
        }
        assert!(has(&cache, "{a}"));
    }
}
