//! One kind of message, and whether the collector takes it: spans may be taken and metrics not.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::time::Instant;

use crate::{
    otlp::post::{NotTaken, Poster},
    telemetry::{CollectorFound, NotCollected, SpansRejected},
};

/// Messages of one kind, on their way.
pub(super) struct Signal {
    poster: Poster,
    /// Messages in a row that were not taken.
    n_failed: u32,
    /// Until when nothing is tried, after a failure.
    rests_until: Option<Instant>,
    is_rejecting: bool,
}

impl Signal {
    pub(super) const fn new(poster: Poster) -> Self {
        Self { poster, n_failed: 0, rests_until: None, is_rejecting: false }
    }

    /// Whether the last message was not taken.
    pub(super) const fn is_failing(&self) -> bool {
        self.n_failed > 0
    }

    /// Whether it is left alone, since it took nothing a moment ago.
    pub(super) fn rests(&self) -> bool {
        self.rests_until.is_some_and(|it| Instant::now() < it)
    }

    /// Sends a message with so many spans; what is answered to it, when it is taken.
    pub(super) async fn send(&mut self, message: &impl Message, n_spans: usize) -> Option<Bytes> {
        match self.poster.post(message).await {
            Ok(answer) => {
                self.rests_until = None;
                if std::mem::take(&mut self.n_failed) > 0 {
                    CollectorFound.emit();
                }
                Some(answer)
            }
            Err(NotTaken(why)) => {
                self.failed(&why, n_spans);
                None
            }
        }
    }

    pub(super) fn failed(&mut self, detail: &str, n_spans: usize) {
        let n_spans = u64::try_from(n_spans).unwrap_or(u64::MAX);
        NotCollected { detail, n_spans, is_first: self.n_failed == 0 }.emit();
        let pause = Duration::from_secs(1).saturating_mul(1 << self.n_failed.min(5));
        self.rests_until = Instant::now().checked_add(pause.min(MAX_PAUSE));
        self.n_failed = self.n_failed.saturating_add(1);
    }

    /// Takes note of how many spans of a message that it took it did not want, and why.
    pub(super) fn rejected(&mut self, rejected: Option<(usize, String)>) {
        let was_rejecting = std::mem::replace(&mut self.is_rejecting, rejected.is_some());
        let Some((n, detail)) = rejected else { return };
        let n_spans = u64::try_from(n).unwrap_or(u64::MAX);
        SpansRejected { detail: &detail, n_spans, is_first: !was_rejecting }.emit();
    }
}

/// 30 s between two tries at the most.
const MAX_PAUSE: Duration = Duration::from_secs(30);
