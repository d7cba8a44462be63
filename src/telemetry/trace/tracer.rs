//! Makes spans, and the numbers that tell them apart.

use std::{
    cell::Cell,
    fmt,
    hash::{BuildHasher, RandomState},
    num::NonZeroU64,
};

use crate::telemetry::{Span, Spans, TraceContext};

/// Makes the spans of one worker.
pub struct Tracer {
    spans: Spans,
    /// Which part of the traces that begin here is kept, of 2⁶⁴.
    part: u64,
    /// Random: a counter, hashed with a key that nobody knows.
    ids: RandomState,
    n: Cell<u64>,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").field("part", &self.part).finish_non_exhaustive()
    }
}

impl Tracer {
    /// Keeps this part of the traces that begin here, from 0 to 1; others' as they say.
    #[must_use]
    pub fn new(spans: Spans, part: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "such a cast saturates, and a part need not be exact"
        )]
        let part = (part * 18_446_744_073_709_551_616.0) as u64;
        Self { spans, part, ids: RandomState::new(), n: Cell::new(0) }
    }

    /// A span below another one, or the first of a trace.
    pub fn next(&self, parent: Option<TraceContext>) -> TraceContext {
        let span = self.id();
        match parent {
            Some(parent) => TraceContext { span, ..parent },
            None => {
                let (high, low) = (self.id(), self.id());
                let trace = (u128::from(high) << 64) | u128::from(low);
                TraceContext { trace, span, is_sampled: low <= self.part && self.part > 0 }
            }
        }
    }

    /// Tells of a span that has ended.
    pub fn put(&self, span: Span) {
        self.spans.put(span);
    }

    /// Never 0.
    fn id(&self) -> u64 {
        let n = self.n.get();
        self.n.set(n.wrapping_add(1));
        NonZeroU64::new(self.ids.hash_one(n)).unwrap_or(NonZeroU64::MIN).get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{COUNTERS, Kind, trace::spans};

    fn check(part: f64, expect: usize) {
        let tracer = Tracer::new(spans(1).0, part);
        let kept = (0..10_000).filter(|_| tracer.next(None).is_sampled).count();
        assert!(kept.abs_diff(expect) <= 300, "{kept} of {expect}");
        assert!(!matches!((part, kept), (0.0, 1..)) && !matches!((part, kept), (1.0, ..10_000)));
    }

    #[test]
    fn as_many_traces_are_kept_as_was_asked_for() {
        [(0.0, 0), (0.25, 2_500), (1.0, 10_000)].into_iter().for_each(|it| check(it.0, it.1));
    }

    #[test]
    fn a_trace_goes_on_as_it_was_begun() {
        let tracer = Tracer::new(spans(1).0, 0.0);
        let theirs = TraceContext { trace: 7, span: 8, is_sampled: true };
        let ours = tracer.next(Some(theirs));
        assert_eq!((ours.trace, ours.is_sampled), (7, true));
        assert_ne!(ours.span, 8);
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_counted() {
        let (out, ends) = spans(2);
        let tracer = Tracer::new(out, 1.0);
        let before = COUNTERS.spans_dropped.value();
        for _ in 0..5 {
            let (context, facts) = (tracer.next(None), Vec::new());
            let (kind, name) = (Kind::Server, "query".into());
            let (begun, ended, is_failed) = (1, 2, false);
            let (parent, state) = (0, None);
            let span = Span { context, parent, state, kind, name, begun, ended, facts, is_failed };
            tracer.put(span);
        }
        assert!(COUNTERS.spans_dropped.value() - before >= 3);
        assert_eq!(ends.try_iter().count(), 2);
    }
}
