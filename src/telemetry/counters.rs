//! Numbers that only grow, one per kind of event.
//!
//! They are counted by `emit()` alone, so that log and metric cannot disagree. Known documents that
//! are admitted touch none of them: workers share no cache line on the common path.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of this process.
pub static COUNTERS: Counters = Counters {
    above_static: Counter::new(),
    accept_failures: Counter::new(),
    answers_cut: Counter::new(),
    audit_dropped: Counter::new(),
    audit_failed: Counter::new(),
    contracts_broken: Counter::new(),
    errors_masked: Counter::new(),
    ejections: Counter::new(),
    failures: Counter::new(),
    key_failures: Counter::new(),
    log_dropped: Counter::new(),
    log_failed: Counter::new(),
    mutations: Counter::new(),
    otlp_failures: Counter::new(),
    panics: Counter::new(),
    refused: Counter::new(),
    reload_failures: Counter::new(),
    reloads: Counter::new(),
    reported: Counter::new(),
    schema_drifts: Counter::new(),
    schema_failures: Counter::new(),
    shadow_differences: Counter::new(),
    shared_found: Counter::new(),
    shared_lost: Counter::new(),
    shed: Counter::new(),
    sockets_closed: Counter::new(),
    sockets_opened: Counter::new(),
    spans_dropped: Counter::new(),
    traffic_failures: Counter::new(),
    traffic_lost: Counter::new(),
    unidentified: Counter::new(),
    upstream_failures: Counter::new(),
    upstream_returns: Counter::new(),
};

/// One number per kind of event.
#[derive(Debug)]
pub struct Counters {
    /// Answers with a list that is longer than was priced.
    pub above_static: Counter,
    /// Connections that could not be accepted.
    pub accept_failures: Counter,
    /// Answers that broke off after their head had gone to the client.
    pub answers_cut: Counter,
    /// Lines of the audit log for which there was no room.
    pub audit_dropped: Counter,
    /// Lines of the audit log that could not be written.
    pub audit_failed: Counter,
    /// Answers that are not what was asked for.
    pub contracts_broken: Counter,
    /// Errors of the upstream that clients do not read.
    pub errors_masked: Counter,
    /// Addresses of the upstream that were left alone for a while.
    pub ejections: Counter,
    /// Requests that Portcullis itself failed at.
    pub failures: Counter,
    /// Questions for keys that brought none.
    pub key_failures: Counter,
    /// Lines of the log for which there was no room.
    pub log_dropped: Counter,
    /// Lines of the log that could not be written.
    pub log_failed: Counter,
    /// Mutations that were admitted.
    pub mutations: Counter,
    /// Exports that the collector did not take.
    pub otlp_failures: Counter,
    /// Panics that were caught; each was answered 500 or cost one connection.
    pub panics: Counter,
    /// HTTP requests that were refused.
    pub refused: Counter,
    /// Policies that were not put in force because something is wrong with them.
    pub reload_failures: Counter,
    /// Policies that were put in force after the first.
    pub reloads: Counter,
    /// Operations that report mode let through.
    pub reported: Counter,
    /// Comparisons that found the upstream's schema to be another than the policy's.
    pub schema_drifts: Counter,
    /// Introspections of the upstream that brought no schema.
    pub schema_failures: Counter,
    /// Operations that the next policy decides otherwise.
    pub shadow_differences: Counter,
    /// How often what replicas share could be asked for again.
    pub shared_found: Counter,
    /// How often it could not be any more.
    pub shared_lost: Counter,
    /// Requests for which there was no room.
    pub shed: Counter,
    /// WebSockets that have ended.
    pub sockets_closed: Counter,
    /// WebSockets that were opened.
    pub sockets_opened: Counter,
    /// Spans that did not reach the collector.
    pub spans_dropped: Counter,
    /// Writes to the traffic log that failed.
    pub traffic_failures: Counter,
    /// Requests that the traffic log could not take.
    pub traffic_lost: Counter,
    /// Requests whose credentials were not accepted.
    pub unidentified: Counter,
    /// Requests that the upstream did not answer.
    pub upstream_failures: Counter,
    /// Addresses of the upstream that answered again.
    pub upstream_returns: Counter,
}

/// A number that only grows.
#[derive(Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Its present value.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
