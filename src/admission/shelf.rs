//! One part of the document cache: what stays when there is no room for all.

use std::{num::NonZeroUsize, sync::Arc};

use lru::LruCache;

use crate::admission::{known::Entry, seen::Uses};

/// Entries under the hash of their key, the one that was not used for the longest time first to go.
#[derive(Debug)]
pub(super) struct Shelf {
    entries: LruCache<u64, Kept>,
    bytes: usize,
    max_bytes: usize,
}

/// An entry, and how often it came.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) entry: Arc<Entry>,
    pub(super) uses: Uses,
}

impl Shelf {
    pub(super) fn new(capacity: NonZeroUsize, max_bytes: usize) -> Self {
        Self { entries: LruCache::new(capacity), bytes: 0, max_bytes }
    }

    pub(super) fn get(&mut self, key: u64, age: u8) -> Option<Arc<Entry>> {
        let kept = self.entries.get_mut(&key)?;
        kept.uses = kept.uses.once_more(age);
        Some(Arc::clone(&kept.entry))
    }

    pub(super) fn put(&mut self, key: u64, new: Kept, age: u8) {
        let (weight, times) = (new.entry.weight(), new.uses.of_late(age));
        // Two that differ between their ends have one place.
        let is_taken = self.entries.peek(&key).is_some_and(|it| it.uses.of_late(age) >= times);
        if is_taken || weight > self.max_bytes {
            return;
        }
        self.take(key);
        if !self.makes_room(weight, times, age) {
            return;
        }
        self.bytes = self.bytes.saturating_add(weight);
        self.entries.push(key, new);
    }

    /// Makes room for what came so often of late. What came as often stays, and is the last to be
    /// looked at again.
    // The budget of this loop is the number of entries: every turn but the last takes one out.
    fn makes_room(&mut self, weight: usize, times: u8, age: u8) -> bool {
        let is_full = |it: &Self| {
            it.entries.len() >= it.entries.cap().get()
                || it.bytes.saturating_add(weight) > it.max_bytes
        };
        while is_full(self) {
            let Some((oldest, kept)) = self.entries.peek_lru() else { return false };
            let (oldest, stays) = (*oldest, kept.uses.of_late(age) >= times);
            if stays {
                self.entries.promote(&oldest);
                return false;
            }
            self.take(oldest);
        }
        true
    }

    /// All of them.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter().map(|(_, it)| &it.entry)
    }

    fn take(&mut self, key: u64) {
        if let Some(old) = self.entries.pop(&key) {
            self.bytes = self.bytes.saturating_sub(old.entry.weight());
        }
    }
}
