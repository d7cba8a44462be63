//! The bounded queue between those who answer requests and the one who exports.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::telemetry::{COUNTERS, Span};

/// Where spans are put.
#[derive(Clone, Debug)]
pub struct Spans(SyncSender<Span>);

/// A queue, and where it is emptied.
#[must_use]
pub fn spans(capacity: usize) -> (Spans, Receiver<Span>) {
    let (sender, receiver) = sync_channel(capacity);
    (Spans(sender), receiver)
}

impl Spans {
    /// Hands a span over, or drops it.
    pub fn put(&self, span: Span) {
        if self.0.try_send(span).is_err() {
            COUNTERS.spans_dropped.count();
        }
    }
}
