//! Numbers sorted into buckets, written by one thread and read by any.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds of the buckets; one more has the rest.
pub(super) type Bounds = [u64; 16];

/// Counts observations by size.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static Bounds,
    buckets: [AtomicU64; 17],
    sum: AtomicU64,
}

/// What a histogram has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Upper bounds, smallest first; observations above the last are in one more bucket.
    pub bounds: Vec<u64>,
    /// How many are in each bucket alone: one more than there are bounds.
    pub buckets: Vec<u64>,
    /// The sum of all observations.
    pub sum: u64,
}

/// Nanoseconds from 5 µs to 1 s: what we do ourselves takes 10 µs for a known document.
pub(super) const OWN: Bounds = [
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
];
/// Nanoseconds from 500 µs to 30 s: upstreams have deadlines of half a minute.
pub(super) const UPSTREAM: Bounds = [
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    20_000_000_000,
    30_000_000_000,
];
/// The usual limit is 1000; what is a hundred times above it is an attack.
pub(super) const COST: Bounds =
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

impl Histogram {
    pub(super) const fn new(bounds: &'static Bounds) -> Self {
        Self { bounds, buckets: [const { AtomicU64::new(0) }; 17], sum: AtomicU64::new(0) }
    }

    /// Only the thread that owns it may.
    pub(super) fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|it| *it < value);
        if let Some(bucket) = self.buckets.get(place) {
            add(bucket, 1);
        }
        // One saturated cost would hide all others.
        add(&self.sum, value.min(u64::from(u32::MAX).saturating_mul(1_000)));
    }

    pub(super) fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what was counted here.
    pub(super) fn add_to(&self, sum: &mut Distribution) {
        for (total, bucket) in sum.buckets.iter_mut().zip(&self.buckets) {
            *total = total.saturating_add(bucket.load(Ordering::Relaxed));
        }
        sum.sum = sum.sum.saturating_add(self.sum.load(Ordering::Relaxed));
    }
}

impl Distribution {
    /// Nothing yet.
    pub(super) fn of(bounds: &Bounds) -> Self {
        Self { bounds: bounds.to_vec(), buckets: vec![0; bounds.len().saturating_add(1)], sum: 0 }
    }

    /// How many observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().copied().fold(0, u64::saturating_add)
    }

    /// The bound under which so many of a hundred are; `None` when there are none, or they are
    /// above the last bound.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let wanted = self.count().saturating_mul(percent).div_ceil(100);
        let mut seen = 0_u64;
        for (bound, n) in self.bounds.iter().zip(&self.buckets) {
            seen = seen.saturating_add(*n);
            if seen >= wanted && seen > 0 {
                return Some(*bound);
            }
        }
        None
    }
}

/// One writer: no read-modify-write is needed, and no cache line is fought for.
pub(super) fn add(cell: &AtomicU64, n: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(observed: &[u64], expect: (&[u64], Option<u64>)) {
        let histogram = Histogram::new(&COST);
        observed.iter().for_each(|it| histogram.observe(*it));
        let mut sum = Distribution::of(&COST);
        histogram.add_to(&mut sum);
        assert_eq!((sum.buckets.get(..4).unwrap(), sum.percentile(50)), expect);
        assert_eq!(sum.count(), observed.len() as u64);
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        check(&[0, 1], (&[2, 0, 0, 0], Some(1)));
        check(&[1, 2, 3, 5, 6], (&[1, 1, 2, 1], Some(5)));
        check(&[u64::MAX], (&[0, 0, 0, 0], None));
        check(&[], (&[0, 0, 0, 0], None));
    }
}
