//! How a worker tells its connections to finish.

use std::cell::Cell;

use tokio::sync::Notify;

/// What the whole server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Accepts and serves.
    Serving,
    /// Finishes what is in flight.
    Draining,
    /// The workers have ended.
    Stopped,
}

/// The wish to finish, within one worker.
#[derive(Debug, Default)]
pub(super) struct Drain {
    begun: Cell<bool>,
    cut: Cell<bool>,
    notify: Notify,
}

impl Drain {
    /// Tells every connection.
    pub(super) fn begin(&self) {
        self.begun.set(true);
        self.notify.notify_waiters();
    }

    /// True once it has begun.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun.get()
    }

    /// What still runs is dropped from here on.
    pub(super) fn cut_off(&self) {
        self.cut.set(true);
    }

    /// True once what still ran was dropped.
    pub(super) const fn has_cut_off(&self) -> bool {
        self.cut.get()
    }

    /// Waits until it has begun.
    pub(super) async fn begun(&self) {
        let mut notified = std::pin::pin!(self.notify.notified());
        // Enlisted before the flag is read, so that a beginning in between is not missed.
        notified.as_mut().enable();
        if !self.begun.get() {
            notified.await;
        }
    }
}
