//! Events about the collector that spans and metrics go to.

use tracing::{info, warn};

use crate::telemetry::COUNTERS;

/// The collector did not take what it was sent.
#[derive(Debug)]
pub struct NotCollected<'a> {
    /// What happened.
    pub detail: &'a str,
    /// How many spans are lost with it.
    pub n_spans: u64,
    /// Whether it took the last ones.
    pub is_first: bool,
}

impl NotCollected<'_> {
    /// Counts it, and logs it once until it works again.
    pub fn emit(&self) {
        COUNTERS.otlp_failures.count();
        COUNTERS.spans_dropped.add(self.n_spans);
        if self.is_first {
            warn!(event = "collector-lost", detail = self.detail);
        }
    }
}

/// The collector took a message, but not all spans in it.
#[derive(Debug)]
pub struct SpansRejected<'a> {
    /// What it says.
    pub detail: &'a str,
    /// How many it did not want.
    pub n_spans: u64,
    /// Whether it wanted all of the last message.
    pub is_first: bool,
}

impl SpansRejected<'_> {
    /// Counts them, and logs it once until it wants all of a message.
    pub fn emit(&self) {
        COUNTERS.spans_dropped.add(self.n_spans);
        if self.is_first {
            warn!(event = "spans-rejected", detail = self.detail);
        }
    }
}

/// The collector takes what it is sent again.
#[derive(Debug)]
pub struct CollectorFound;

impl CollectorFound {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "collector-found");
    }
}
