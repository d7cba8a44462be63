//! The audit log: every refusal, every identity failure, every admitted mutation, one line each.
//!
//! A thread of its own writes it. Whoever reports waits for nobody: when the bounded queue is full,
//! the line is dropped and counted. Requests that met an overload are no decisions, and not here.

mod record;
mod sink;

pub use sink::AuditSink;

use std::{io, sync::OnceLock, time::Duration};

use crate::{
    telemetry::{
        About, COUNTERS, NotIdentified, Refused,
        clock::now_millis,
        lines::{Kind, Queue},
    },
    verdict::Item,
};

/// Starts the thread that writes the audit log of this process.
///
/// # Errors
/// When the file cannot be opened, the thread cannot be started, or there is an audit log already.
pub fn start_audit(sink: AuditSink) -> io::Result<()> {
    let queue = Queue::start(KIND, sink.open()?, CAPACITY)?;
    QUEUE.set(queue).map_err(|_again| io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Waits until everything that was reported is written, but not for long.
pub fn finish_audit() {
    if let Some(queue) = QUEUE.get() {
        queue.finish(PATIENCE);
    }
}

/// How many lines wait to be written; `None` without an audit log.
#[must_use]
pub fn audit_backlog() -> Option<u64> {
    QUEUE.get().map(Queue::backlog)
}

pub(super) fn is_on() -> bool {
    QUEUE.get().is_some()
}

pub(super) fn refusal(refused: &Refused<'_>) {
    put(|| record::refusal(refused, now_millis()));
}

pub(super) fn identity_failure(failure: &NotIdentified<'_>) {
    put(|| record::identity_failure(failure, now_millis()));
}

pub(super) fn mutation(about: &About<'_>, item: &Item, changes: &[Box<str>]) {
    put(|| record::mutation(about, (item, changes), now_millis()));
}

fn put(record: impl FnOnce() -> serde_json::Value) {
    let Some(queue) = QUEUE.get() else { return };
    queue.put(|| record().to_string());
}

const KIND: Kind = Kind {
    name: "audit",
    dropped: &COUNTERS.audit_dropped,
    failed: &COUNTERS.audit_failed,
    complain: |why| tracing::error!(event = "audit-not-written", detail = %why),
};
static QUEUE: OnceLock<Queue> = OnceLock::new();

/// 8192 lines of 1 KiB or so: a second of the worst flood.
const CAPACITY: usize = 8192;
/// 2 s: a disk that has not answered by then does not at all.
const PATIENCE: Duration = Duration::from_secs(2);
