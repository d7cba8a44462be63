//! Automatic persisted queries: texts of admitted requests, under their SHA-256, for a while.
//!
//! Bounded in number and in bytes. What is remembered is a text and no verdict: it is judged again
//! whenever it is asked for.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;

use crate::digest::Digest;

/// Texts under their hash.
#[derive(Debug)]
pub(super) struct Remembered(Mutex<Texts>);

#[derive(Debug)]
struct Texts {
    texts: LruCache<Digest, Arc<str>, ahash::RandomState>,
    bytes: usize,
}

impl Remembered {
    pub(super) fn new() -> Self {
        let texts = LruCache::with_hasher(MAX_TEXTS, ahash::RandomState::new());
        Self(Mutex::new(Texts { texts, bytes: 0 }))
    }

    /// The text with this hash, when somebody sent both lately.
    pub(super) fn get(&self, hash: Digest) -> Option<Arc<str>> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.texts.get(&hash).cloned()
    }

    /// Takes a text whose hash this is.
    // The budget of this loop is the number of texts: every turn takes one out.
    pub(super) fn put(&self, hash: Digest, text: &str) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if text.len() > MAX_BYTES || texts.texts.get(&hash).is_some() {
            return;
        }
        texts.bytes = texts.bytes.saturating_add(text.len());
        if let Some((_, old)) = texts.texts.push(hash, text.into()) {
            texts.bytes = texts.bytes.saturating_sub(old.len());
        }
        while texts.bytes > MAX_BYTES {
            let Some((_, old)) = texts.texts.pop_lru() else { break };
            texts.bytes = texts.bytes.saturating_sub(old.len());
        }
    }
}

/// As many as the document cache holds.
const MAX_TEXTS: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
/// 16 MiB: the texts of as many documents of 1.6 KiB.
const MAX_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn put(remembered: &Remembered, text: &str) -> Digest {
        let hash = Digest::of(text.as_bytes());
        remembered.put(hash, text);
        hash
    }

    #[test]
    fn what_was_put_is_there_for_a_while() {
        let remembered = Remembered::new();
        let first = put(&remembered, "{a}");
        assert_eq!(remembered.get(first).as_deref(), Some("{a}"));
        assert_eq!(remembered.get(Digest::of(b"{b}")), None);
        for it in 0..10_000 {
            put(&remembered, &format!("{{a{it}}}"));
        }
        assert_eq!(remembered.get(first), None);
    }

    #[test]
    fn bytes_are_bounded() {
        let remembered = Remembered::new();
        let mebibyte = |n: u8| char::from(n + b'a').to_string().repeat(1 << 20);
        let hashes: Vec<_> = (0..17).map(|it| put(&remembered, &mebibyte(it))).collect();
        let n = hashes.iter().filter(|it| remembered.get(**it).is_some()).count();
        assert_eq!(n, 16);
        let too_long = put(&remembered, &"a".repeat((16 << 20) + 1));
        assert_eq!(remembered.get(too_long), None);
    }
}
