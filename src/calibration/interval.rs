//! Ranges that a true number lies in, and order statistics.

/// From here to there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a number lies in it; its ends do.
    #[must_use]
    pub fn contains(&self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }
}

/// Which share something has, with a confidence of 95 %, when it was met `k` times in `n`: Wilson's
/// interval.
#[must_use]
pub fn share(k: usize, n: usize) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    wilson((float(k), float(n)), Z)
}

/// The interval of a share that was met `k` times in `n`, which is not 0, `z` deviations wide to
/// both sides (Wilson 1927).
pub(super) fn wilson((k, n): (f64, f64), z: f64) -> Interval {
    let (share, z2) = (k / n, z * z);
    let middle = share + z2 / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    Interval {
        low: ((middle - spread) / whole).max(0.0),
        high: ((middle + spread) / whole).min(1.0),
    }
}

/// The number below which so many of a hundred lie; between two, in proportion. Nothing of nothing.
#[must_use]
pub fn percentile(numbers: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = percent / 100.0 * float(sorted.len().checked_sub(1)?);
    let (low, high) = (sorted.get(index(at.floor()))?, sorted.get(index(at.ceil()))?);
    Some(low + (high - low) * (at - at.floor()))
}

/// The number in the middle.
#[must_use]
pub fn median(numbers: &[f64]) -> Option<f64> {
    percentile(numbers, 50.0)
}

/// Bounds a number that is to come, by split conformal prediction: the ⌈(n+1)(1−α)⌉-th of those
/// that were met. Nothing when too few were met to say so much.
#[must_use]
pub fn conformal(met: &[f64], alpha: f64) -> Option<f64> {
    let mut sorted = met.to_vec();
    sorted.sort_by(f64::total_cmp);
    // What is off by a rounding error must not become another rank.
    let rank = (float(sorted.len().saturating_add(1)) * (1.0 - alpha) - 1e-9).ceil();
    sorted.get(index(rank.max(1.0)).checked_sub(1)?).copied()
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
pub(super) const fn float(n: usize) -> f64 {
    n as f64
}

/// A number that is a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a fraction saturates, and no slice is that long"
)]
const fn index(at: f64) -> usize {
    at as usize
}

/// 95 % of a normal distribution are between: both sides.
const Z: f64 = 1.959_964;

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expect: f64) {
        assert!((got - expect).abs() < 0.0005, "{got} {expect}");
    }

    #[test]
    fn shares_have_wilsons_interval() {
        let check = |(k, n): (usize, usize), (low, high): (f64, f64)| {
            let it = share(k, n);
            near(it.low, low);
            near(it.high, high);
        };
        check((0, 0), (0.0, 1.0));
        check((0, 10), (0.0, 0.2775));
        check((90, 100), (0.8256, 0.9448));
        check((10, 10), (0.7225, 1.0));
        assert!(share(90, 100).contains(0.9) && !share(90, 100).contains(0.95));
    }

    #[test]
    fn percentiles_lie_between() {
        let check = |percent: f64, expect: f64| {
            near(percentile(&[4.0, 1.0, 3.0, 2.0], percent).unwrap(), expect);
        };
        check(0.0, 1.0);
        check(50.0, 2.5);
        check(100.0, 4.0);
        assert_eq!((median(&[]), median(&[7.0])), (None, Some(7.0)));
    }

    #[test]
    fn a_bound_needs_so_many_that_one_may_be_above_it() {
        let met = |n: u32| (1..=n).map(f64::from).collect::<Vec<_>>();
        let check = |n: u32, alpha: f64, expect: Option<f64>| {
            assert_eq!(conformal(&met(n), alpha), expect, "{n} {alpha}");
        };
        check(0, 0.1, None);
        // Nine are enough for 90 %, eight are not.
        check(8, 0.1, None);
        check(9, 0.1, Some(9.0));
        check(10, 0.1, Some(10.0));
        check(19, 0.1, Some(18.0));
        check(98, 0.01, None);
        check(99, 0.01, Some(99.0));
        check(199, 0.01, Some(198.0));
    }
}
