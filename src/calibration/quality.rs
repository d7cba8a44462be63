//! How well a prediction meets what was measured.

use crate::calibration::interval::{float, percentile};

/// How well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Rows that were predicted.
    pub n: usize,
    /// The median of the errors, of what was measured.
    pub median_error: f64,
    /// The error that nine of ten stay below, of what was measured.
    pub p90_error: f64,
    /// How much of what the logarithms differ by is explained.
    pub r2_log: f64,
    /// How well the order is met: 1 when it is the same.
    pub spearman: f64,
}

/// What a fit must reach to be of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It is off by too much.
    Error,
    /// It does not even tell what takes longer.
    Order,
}

impl Quality {
    /// Of pairs of what was predicted and what was measured; nothing without any.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let pairs: Vec<(f64, f64)> = pairs.iter().copied().filter(|it| it.1 > 0.0).collect();
        let errors: Vec<f64> = pairs
            .iter()
            .map(|(predicted, measured)| (predicted - measured).abs() / measured)
            .collect();
        let (predicted, measured): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        Some(Self {
            n: pairs.len(),
            median_error: percentile(&errors, 50.0)?,
            p90_error: percentile(&errors, 90.0)?,
            r2_log: explained(&pairs),
            spearman: correlation(&ranks(&predicted), &ranks(&measured)),
        })
    }

    /// Why a fit of this quality should not be used.
    #[must_use]
    pub fn objections(&self) -> Vec<Objection> {
        let mut objections = Vec::new();
        if self.spearman.is_nan() || self.spearman < LEAST_SPEARMAN {
            objections.push(Objection::Order);
        }
        if self.median_error.is_nan() || self.median_error > MOST_ERROR {
            objections.push(Objection::Error);
        }
        objections
    }
}

fn explained(pairs: &[(f64, f64)]) -> f64 {
    let log = |it: f64| it.max(f64::MIN_POSITIVE).ln();
    let mean = pairs.iter().map(|it| log(it.1)).sum::<f64>() / float(pairs.len());
    let all: f64 = pairs.iter().map(|it| (log(it.1) - mean).powi(2)).sum();
    let left: f64 = pairs.iter().map(|it| (log(it.1) - log(it.0)).powi(2)).sum();
    if all > 0.0 { 1.0 - left / all } else { 0.0 }
}

/// The place of each number in their order; equal ones share the middle of their places.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |it: &f64| {
        let below = sorted.partition_point(|other| other < it);
        let up_to = sorted.partition_point(|other| other <= it);
        (float(below) + float(up_to)) / 2.0
    };
    numbers.iter().map(rank).collect()
}

/// 0 when one of them does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |all: &[f64]| all.iter().sum::<f64>() / float(all.len());
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    let spread = (of_a * of_b).sqrt();
    if spread > 0.0 { both / spread } else { 0.0 }
}

/// 0.7: below it, what is dear to the fit is cheap to the upstream too often.
pub const LEAST_SPEARMAN: f64 = 0.7;
/// 35 %: more is no better than counting fields.
pub const MOST_ERROR: f64 = 0.35;

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expect: f64) {
        assert!((got - expect).abs() < 1e-9, "{got} {expect}");
    }

    #[test]
    fn a_perfect_fit_is_perfect() {
        let it = Quality::of(&[(1.0, 1.0), (2.0, 2.0), (9.0, 9.0)]).unwrap();
        assert_eq!((it.n, it.median_error, it.p90_error, it.r2_log), (3, 0.0, 0.0, 1.0));
        near(it.spearman, 1.0);
        assert_eq!(it.objections(), []);
    }

    #[test]
    fn order_counts_places_and_not_sizes() {
        let spearman = |predicted: [f64; 4]| {
            let pairs: Vec<_> = predicted.into_iter().zip([1.0, 2.0, 3.0, 4.0]).collect();
            Quality::of(&pairs).unwrap().spearman
        };
        near(spearman([1.0, 10.0, 11.0, 500.0]), 1.0);
        near(spearman([4.0, 3.0, 2.0, 1.0]), -1.0);
        near(spearman([2.0, 1.0, 3.0, 4.0]), 0.8);
        near(spearman([5.0, 5.0, 5.0, 5.0]), 0.0);
    }

    #[test]
    fn a_fit_that_is_off_is_objected_to() {
        let check = |factor: f64, expect: &[Objection]| {
            let pairs: Vec<_> = (1..=9).map(|it| (f64::from(it) * factor, f64::from(it))).collect();
            assert_eq!(Quality::of(&pairs).unwrap().objections(), expect, "{factor}");
        };
        check(1.34, &[]);
        check(1.36, &[Objection::Error]);
        check(-1.0, &[Objection::Order, Objection::Error]);
        assert_eq!(Quality::of(&[]), None);
        assert_eq!(Quality::of(&[(1.0, 0.0)]), None);
    }
}
