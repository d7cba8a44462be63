//! What the handler of a connection learns from its guard.

use std::cell::Cell;

use crate::server::head::wrong::Wrong;

/// Which request of a connection is faulty, when one is. The guard writes it, handlers read it.
#[derive(Debug, Default)]
pub(in crate::server) struct Watch {
    n_begun: Cell<u64>,
    faulty: Cell<Option<(u64, Wrong)>>,
    switching: Cell<Option<u64>>,
}

impl Watch {
    /// Counts a request that the library hands over; returns its number, from 1.
    pub(in crate::server) fn begin(&self) -> u64 {
        let n = self.n_begun.get().saturating_add(1);
        self.n_begun.set(n);
        n
    }

    /// How many requests have begun.
    pub(in crate::server) const fn n_begun(&self) -> u64 {
        self.n_begun.get()
    }

    /// What is wrong with a request.
    pub(in crate::server) fn wrong(&self, n: u64) -> Option<Wrong> {
        self.faulty.get().filter(|(faulty, _)| *faulty == n).map(|(_, wrong)| wrong)
    }

    /// True when a request asks for another protocol: no other one comes after it, unless as part of
    /// that.
    pub(in crate::server) fn is_switching(&self, n: u64) -> bool {
        self.switching.get() == Some(n)
    }

    pub(super) fn report_switching(&self, n: u64) {
        self.switching.set(Some(n));
    }

    pub(super) fn report(&self, n: u64, wrong: Wrong) {
        self.faulty.set(Some((n, wrong)));
    }
}
