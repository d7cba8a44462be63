//! Numbers that only grow, one per kind of event.
//!
//! They are counted by `emit()` alone, so that log and metric cannot disagree. Known documents that
//! are admitted touch none of them: workers share no cache line on the common path.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{GraphIndex, graph::GRAPHS};

/// The counters of this process.
pub static COUNTERS: Counters = Counters {
    above_static: GraphCounter::new(),
    accept_failures: Counter::new(),
    answers_cut: GraphCounter::new(),
    audit_dropped: Counter::new(),
    audit_failed: Counter::new(),
    contracts_broken: GraphCounter::new(),
    errors_masked: GraphCounter::new(),
    ejections: GraphCounter::new(),
    failures: GraphCounter::new(),
    key_failures: GraphCounter::new(),
    log_dropped: Counter::new(),
    log_failed: Counter::new(),
    mutations: GraphCounter::new(),
    otlp_failures: Counter::new(),
    panics: GraphCounter::new(),
    rates_overflowed: Counter::new(),
    refused: GraphCounter::new(),
    reload_failures: GraphCounter::new(),
    reloads: GraphCounter::new(),
    reported: GraphCounter::new(),
    schema_drifts: GraphCounter::new(),
    schema_failures: GraphCounter::new(),
    shadow_differences: GraphCounter::new(),
    shared_found: Counter::new(),
    shared_lost: Counter::new(),
    shed: GraphCounter::new(),
    sockets_closed: GraphCounter::new(),
    sockets_opened: GraphCounter::new(),
    spans_dropped: Counter::new(),
    traffic_failures: Counter::new(),
    traffic_lost: Counter::new(),
    unidentified: GraphCounter::new(),
    upstream_failures: GraphCounter::new(),
    upstream_returns: GraphCounter::new(),
};

/// One number per kind of event.
#[derive(Debug)]
pub struct Counters {
    /// Answers with a list that is longer than was priced.
    pub above_static: GraphCounter,
    /// Connections that could not be accepted.
    pub accept_failures: Counter,
    /// Answers that broke off after their head had gone to the client.
    pub answers_cut: GraphCounter,
    /// Lines of the audit log for which there was no room.
    pub audit_dropped: Counter,
    /// Lines of the audit log that could not be written.
    pub audit_failed: Counter,
    /// Answers that are not what was asked for.
    pub contracts_broken: GraphCounter,
    /// Errors of the upstream that clients do not read.
    pub errors_masked: GraphCounter,
    /// Addresses of the upstream that were left alone for a while.
    pub ejections: GraphCounter,
    /// Requests that Portcullis itself failed at.
    pub failures: GraphCounter,
    /// Questions for keys that brought none.
    pub key_failures: GraphCounter,
    /// Lines of the log for which there was no room.
    pub log_dropped: Counter,
    /// Lines of the log that could not be written.
    pub log_failed: Counter,
    /// Mutations that were admitted.
    pub mutations: GraphCounter,
    /// Exports that the collector did not take.
    pub otlp_failures: Counter,
    /// Panics that were caught; each was answered 500 or cost one connection.
    pub panics: GraphCounter,
    /// What was judged by the quota of all keys for which there was no room.
    pub rates_overflowed: Counter,
    /// HTTP requests that were refused.
    pub refused: GraphCounter,
    /// Policies that were not put in force because something is wrong with them.
    pub reload_failures: GraphCounter,
    /// Policies that were put in force after the first.
    pub reloads: GraphCounter,
    /// Operations that report mode let through.
    pub reported: GraphCounter,
    /// Comparisons that found the upstream's schema to be another than the policy's.
    pub schema_drifts: GraphCounter,
    /// Introspections of the upstream that brought no schema.
    pub schema_failures: GraphCounter,
    /// Operations that the next policy decides otherwise.
    pub shadow_differences: GraphCounter,
    /// How often what replicas share could be asked for again.
    pub shared_found: Counter,
    /// How often it could not be any more.
    pub shared_lost: Counter,
    /// Requests for which there was no room.
    pub shed: GraphCounter,
    /// WebSockets that have ended.
    pub sockets_closed: GraphCounter,
    /// WebSockets that were opened.
    pub sockets_opened: GraphCounter,
    /// Spans that did not reach the collector.
    pub spans_dropped: Counter,
    /// Writes to the traffic log that failed.
    pub traffic_failures: Counter,
    /// Requests that the traffic log could not take.
    pub traffic_lost: Counter,
    /// Requests whose credentials were not accepted.
    pub unidentified: GraphCounter,
    /// Requests that the upstream did not answer.
    pub upstream_failures: GraphCounter,
    /// Addresses of the upstream that answered again, or are none of it any more.
    pub upstream_returns: GraphCounter,
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

/// A number that only grows, for each graph.
#[derive(Debug)]
pub struct GraphCounter([AtomicU64; GRAPHS]);

impl GraphCounter {
    pub(super) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; GRAPHS])
    }

    pub(super) fn count(&self, graph: GraphIndex) {
        if let Some(cell) = self.0.get(graph.place()) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Its present value for all graphs.
    #[must_use]
    pub fn value(&self) -> u64 {
        GraphIndex::all().map(|it| self.value_of(it)).fold(0, u64::saturating_add)
    }

    /// Its present value for one of them.
    #[must_use]
    pub fn value_of(&self, graph: GraphIndex) -> u64 {
        self.0.get(graph.place()).map_or(0, |it| it.load(Ordering::Relaxed))
    }
}
