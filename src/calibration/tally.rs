//! How often each number was met.

use std::collections::BTreeMap;

use crate::calibration::interval::wilson;

/// Numbers with how often each was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<u64, u64>,
    n: u64,
}

impl Tally {
    /// Meets a number.
    pub fn add(&mut self, number: u64) {
        self.add_times(number, 1);
    }

    /// Meets a number so many times.
    pub fn add_times(&mut self, number: u64, times: u64) {
        let count = self.counts.entry(number).or_default();
        *count = count.saturating_add(times);
        self.n = self.n.saturating_add(times);
    }

    /// Every number with how often it was met, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().map(|(number, n)| (*number, *n))
    }

    /// How many were met.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// The largest; 0 when none was met.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.counts.last_key_value().map_or(0, |(it, _)| *it)
    }

    /// The smallest number that so many of a thousand do not exceed; 0 when none was met.
    #[must_use]
    pub fn quantile(&self, of_thousand: u64) -> u64 {
        let rank = u128::from(self.n).saturating_mul(of_thousand.into()).div_ceil(1000).max(1);
        let mut below = 0_u128;
        for (number, count) in &self.counts {
            below = below.saturating_add(u128::from(*count));
            if below >= rank {
                return *number;
            }
        }
        self.max()
    }

    /// How many are above a limit.
    #[must_use]
    pub fn above(&self, limit: u64) -> u64 {
        let above =
            self.counts.range((std::ops::Bound::Excluded(limit), std::ops::Bound::Unbounded));
        above.map(|(_, count)| *count).fold(0, u64::saturating_add)
    }

    /// A limit above the largest by so many percent, in two figures; at least `floor`.
    #[must_use]
    pub fn with_headroom(&self, percent: u64, floor: u64) -> u64 {
        let room = self.max().saturating_mul(percent).div_ceil(100);
        two_figures(self.max().saturating_add(room)).max(floor)
    }
}

/// Below which share of operations to come something stays with a confidence of 95 %, when it was
/// met `k` times in `n`: the upper limit of Wilson's interval, and 1 − 0.05^(1/n) for none.
#[must_use]
pub fn upper_bound(k: u64, n: u64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share that is told in three digits")]
    let (k, n) = (k as f64, n as f64);
    if k == 0.0 {
        return 1.0 - 0.05_f64.powf(1.0 / n);
    }
    wilson((k, n), ONE_SIDE).high
}

/// 95 % of a normal distribution are below: one side.
const ONE_SIDE: f64 = 1.644_853_6;

/// Rounded up, so that nobody reads more into a limit than there is.
fn two_figures(n: u64) -> u64 {
    let mut unit = 1_u64;
    while n / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    n.div_ceil(unit).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(numbers: impl IntoIterator<Item = u64>) -> Tally {
        let mut tally = Tally::default();
        numbers.into_iter().for_each(|it| tally.add(it));
        tally
    }

    #[test]
    fn quantiles_are_numbers_that_were_met() {
        let all = tally(1..=100);
        assert_eq!([500, 990, 1000, 0].map(|it| all.quantile(it)), [50, 99, 100, 1]);
        assert_eq!((all.n(), all.max()), (100, 100));
        let none = Tally::default();
        assert_eq!((none.quantile(500), none.max(), none.above(0)), (0, 0, 0));
        assert_eq!(tally([7]).quantile(990), 7);
    }

    #[test]
    fn a_limit_refuses_what_is_above_it() {
        let all = tally([1, 5, 5, 9]);
        assert_eq!([0, 4, 5, 8, 9].map(|it| all.above(it)), [4, 3, 1, 1, 0]);
    }

    #[test]
    fn headroom_is_rounded_up() {
        let check = |max: u64, floor: u64, expect: u64| {
            assert_eq!(tally([max]).with_headroom(25, floor), expect, "{max}");
        };
        check(8, 1, 10);
        check(9, 1, 12);
        check(1234, 1, 1600);
        check(0, 5, 5);
        check(u64::MAX, 1, u64::MAX);
    }

    #[test]
    fn bounds_shrink_with_what_was_seen() {
        let near = |got: f64, expect: f64| assert!((got - expect).abs() < 0.0005, "{got} {expect}");
        near(upper_bound(0, 0), 1.0);
        near(upper_bound(0, 1), 0.95);
        near(upper_bound(0, 300), 0.00994);
        near(upper_bound(5, 100), 0.0992);
        near(upper_bound(100, 100), 1.0);
    }
}
