//! How well the fill of lists tells what an operation will cost: learned from some samples, held
//! against others.

use crate::{
    calibration::{
        Expected, Fill, Length,
        fill::fills,
        interval::{Interval, conformal, median, share},
        random::Random,
    },
    cost::{Explanation, Measure},
};

/// An operation that was answered.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it could cost, taken apart.
    pub told: Explanation,
    /// What came back.
    pub lengths: Vec<Length>,
    /// What it has cost.
    pub actual: f64,
}

/// How well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fullness {
    /// Samples that it was held against.
    pub n: usize,
    /// The median of what the sound bound is off by, of what it has cost.
    pub bound_error: f64,
    /// The same of the expected cost.
    pub expected_error: f64,
    /// By how many times the expected cost must be raised to bound all but one in ten.
    pub scale: f64,
    /// The share that it then bounds.
    pub coverage: f64,
    /// Where the true share is, with a confidence of 95 %.
    pub interval: Interval,
}

impl Fullness {
    /// Of samples, each of which is used once: two in five to learn from, the others for the bound
    /// and to hold it against them. Nothing when they are too few.
    #[must_use]
    pub fn of(samples: &[Sample], measure: Measure, seed: u64) -> Option<Self> {
        let mut samples: Vec<&Sample> = samples.iter().filter(|it| it.actual > 0.0).collect();
        Random::seeded(seed).shuffle(&mut samples);
        let (learned, rest) = samples.split_at(samples.len().saturating_mul(2) / 5);
        let (raising, held) = rest.split_at(rest.len() / 2);
        let fills = fills(learned.iter().flat_map(|it| &it.lengths));
        let bound = |it: &Sample| Expected::from(it.told.price).combined(measure);
        let expected = |it: &Sample| expected(it, &fills, measure).min(bound(it));
        let ratios: Vec<f64> = raising.iter().map(|it| it.actual / expected(it)).collect();
        let scale = conformal(&ratios, MISSED)?;
        let covers = |it: &&&Sample| it.actual <= (expected(it) * scale).min(bound(it));
        let covered = held.iter().filter(covers).count();
        let off = |estimate: &dyn Fn(&Sample) -> f64| {
            let errors: Vec<f64> =
                held.iter().map(|it| (estimate(it) - it.actual).abs() / it.actual).collect();
            median(&errors)
        };
        let n = held.len();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
        let coverage = covered as f64 / n.max(1) as f64;
        let (bound_error, expected_error) = (off(&bound)?, off(&expected)?);
        let interval = share(covered, n);
        Some(Self { n, bound_error, expected_error, scale, coverage, interval })
    }

    /// The share that the bound is made for.
    pub const WANTED: f64 = 1.0 - MISSED;
}

fn expected(
    sample: &Sample,
    fills: &std::collections::BTreeMap<Box<str>, Fill>,
    measure: Measure,
) -> f64 {
    Expected::of(&sample.told, fills).combined(measure)
}

/// One in ten may be above its bound.
const MISSED: f64 = 0.1;
