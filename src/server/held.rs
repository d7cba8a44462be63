//! How many bytes of request bodies a worker holds: of requests under way, and, under a ceiling of
//! their own, of operations that go on and are judged again.
//!
//! Counts what came, not what was announced: announcing is free.

use std::{cell::Cell, rc::Rc};

/// The bytes that a worker may hold.
#[derive(Debug)]
pub(super) struct Ceiling {
    n_bytes: Cell<u64>,
    max: u64,
}

/// What one request holds.
#[derive(Debug)]
pub(super) struct Held {
    ceiling: Rc<Ceiling>,
    n_bytes: Cell<u64>,
}

impl Ceiling {
    pub(super) fn new(max: u64) -> Rc<Self> {
        Rc::new(Self { n_bytes: Cell::new(0), max })
    }

    /// A request that holds nothing yet.
    pub(super) fn hold(self: &Rc<Self>) -> Held {
        Held { ceiling: Rc::clone(self), n_bytes: Cell::new(0) }
    }

    /// So many bytes at once; nothing when there is no room for them.
    pub(super) fn holding(self: &Rc<Self>, n: usize) -> Option<Held> {
        let held = self.hold();
        held.add(u64::try_from(n).unwrap_or(u64::MAX)).then_some(held)
    }
}

impl Held {
    /// Counts more bytes; false when there is no room for them. Then they are not counted.
    pub(super) fn add(&self, n: u64) -> bool {
        let all = self.ceiling.n_bytes.get().saturating_add(n);
        if all > self.ceiling.max {
            return false;
        }
        self.ceiling.n_bytes.set(all);
        self.n_bytes.set(self.n_bytes.get().saturating_add(n));
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let all = self.ceiling.n_bytes.get();
        self.ceiling.n_bytes.set(all.saturating_sub(self.n_bytes.get()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back() {
        let ceiling = Ceiling::new(10);
        let (one, two) = (ceiling.hold(), ceiling.hold());
        assert!(one.add(6) && two.add(4) && !two.add(1));
        drop(one);
        assert!(two.add(6) && !two.add(1));
        assert!(ceiling.holding(1).is_none());
        drop(two);
        assert!(ceiling.holding(10).is_some());
        assert_eq!(ceiling.n_bytes.get(), 0);
    }
}
