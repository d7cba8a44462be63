//! A bounded queue to a thread: bounded in requests and in bytes, and never waited for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
    mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
};

use crate::traffic::Observed;

/// The end at which requests come in. What finds no room is dropped and counted.
#[derive(Clone, Debug)]
pub struct Tap {
    sender: SyncSender<Arc<Observed>>,
    shared: Arc<Shared>,
}

/// The end at which a thread takes them out.
#[derive(Debug)]
pub struct Queue {
    receiver: Receiver<Arc<Observed>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

/// A queue, by its two ends.
#[must_use]
pub(super) fn queue() -> (Tap, Queue) {
    let (sender, receiver) = sync_channel(REQUESTS);
    let shared = Arc::new(Shared::default());
    (Tap { sender, shared: Arc::clone(&shared) }, Queue { receiver, shared })
}

impl Tap {
    /// Offers a request; true when there was room.
    pub fn offer(&self, observed: &Arc<Observed>) -> bool {
        let weight = observed.weight();
        let held = self.shared.bytes.fetch_add(weight, Ordering::Relaxed);
        let has_room = held.saturating_add(weight) <= BYTES;
        let is_taken = has_room && self.sender.try_send(Arc::clone(observed)).is_ok();
        if !is_taken {
            self.shared.bytes.fetch_sub(weight, Ordering::Relaxed);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        is_taken
    }

    /// How many were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Queue {
    /// The next, waited for; nothing when there is nobody left who could offer one.
    #[must_use]
    pub fn wait(&self) -> Option<Arc<Observed>> {
        let observed = self.receiver.recv().ok()?;
        Some(self.taken(observed))
    }

    /// The next, when there is one.
    #[must_use]
    pub fn next(&self) -> Option<Arc<Observed>> {
        match self.receiver.try_recv() {
            Ok(observed) => Some(self.taken(observed)),
            Err(TryRecvError::Disconnected | TryRecvError::Empty) => None,
        }
    }

    fn taken(&self, observed: Arc<Observed>) -> Arc<Observed> {
        self.shared.bytes.fetch_sub(observed.weight(), Ordering::Relaxed);
        observed
    }
}

/// 4,096 requests: a tenth of a second at forty thousand a second.
const REQUESTS: usize = 4_096;
/// 32 MiB of texts.
const BYTES: usize = 32 * 1024 * 1024;
