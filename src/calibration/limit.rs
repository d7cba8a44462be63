//! Which limit of cost to propose: what the upstream can bear on one side, what its clients ask for
//! on the other.
//!
//! Where the two do not meet, that is said; what clients ask for is never cut.

use crate::calibration::{
    interval::conformal,
    least_squares::Normal,
    random::Random,
    table::Line,
    tally::{Tally, upper_bound},
};

/// A request and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// Its static cost.
    pub cost: u64,
    /// In milliseconds.
    pub took: f64,
}

/// What the upstream can bear, under one load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// What every request takes, in milliseconds.
    pub base: f64,
    /// What a unit of cost takes.
    pub each: f64,
    /// How many times as long 99 of a hundred take at most; nothing when too few were measured.
    pub scale: Option<f64>,
    /// The dearest that was measured.
    pub measured: u64,
    /// The largest cost of which 99 of a hundred keep within the budget.
    pub largest: Largest,
}

/// The largest cost within a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Largest {
    /// Time does not depend on cost.
    Any,
    /// This much.
    Cost(u64),
    /// Not even 0.
    Nothing,
    /// Too few were measured to say.
    Unknown,
}

/// What clients ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// The dearest.
    pub largest: u64,
    /// Requests.
    pub n: u64,
    /// 1.25 times the dearest, in two figures.
    pub limit: u64,
    /// Of those to come, at most this share is dearer than the dearest so far, with a confidence of
    /// 95 %.
    pub dearer: f64,
}

/// What is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// What clients ask for is more than the upstream can bear within the budget.
    Conflict {
        /// What would have to be.
        capacity: u64,
        /// What is proposed all the same: nobody is cut off by it.
        limit: u64,
    },
    /// It fits.
    Fits(u64),
    /// What the upstream can bear is not known.
    Unmeasured(u64),
}

impl Capacity {
    /// Of requests, for a budget in milliseconds: one half tells what cost takes, the other by how
    /// much that is off.
    #[must_use]
    pub fn of(timed: &[Timed], budget: f64, seed: u64) -> Self {
        let mut timed = timed.to_vec();
        Random::seeded(seed).shuffle(&mut timed);
        let (told, held) = timed.split_at(timed.len() / 2);
        let line = |it: &Timed| {
            let cells = vec![(0, 1.0), (1, float(it.cost))];
            Line { shape: 0, took: it.took, cells }
        };
        let lines: Vec<Line> = told.iter().map(line).collect();
        let normal = Normal::of(2, lines.iter().map(|it| (it, 1)));
        let found = normal.solve(&[0.0; 2], &[1e-9; 2], &[0.0; 2]);
        let at = |place: usize| found.get(place).copied().unwrap_or(0.0);
        let (base, each) = (at(0), at(1));
        let ratios = held.iter().map(|it| it.took / (base + each * float(it.cost)));
        let ratios: Vec<f64> = ratios.filter(|it| it.is_finite()).collect();
        let scale = conformal(&ratios, ONE_IN_A_HUNDRED);
        let measured = timed.iter().map(|it| it.cost).max().unwrap_or(0);
        let largest = scale.map_or(Largest::Unknown, |it| largest(budget / it, base, each));
        Self { base, each, scale, measured, largest }
    }

    /// How long 99 of a hundred requests of a cost take at most.
    #[must_use]
    pub fn bound(&self, cost: f64) -> Option<f64> {
        self.scale.map(|it| it * (self.base + self.each * cost))
    }

    /// Whether the largest cost is dearer than anything that was measured.
    #[must_use]
    pub const fn is_beyond(&self) -> bool {
        matches!(self.largest, Largest::Cost(it) if it > self.measured)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a fraction saturates"
)]
fn largest(budget: f64, base: f64, each: f64) -> Largest {
    if budget < base {
        Largest::Nothing
    } else if each <= 0.0 {
        Largest::Any
    } else {
        Largest::Cost(((budget - base) / each) as u64)
    }
}

impl Traffic {
    /// Of the costs of requests that were legitimate.
    #[must_use]
    pub fn of(costs: &Tally) -> Self {
        Self {
            largest: costs.max(),
            n: costs.n(),
            limit: costs.with_headroom(25, 1),
            dearer: upper_bound(0, costs.n()),
        }
    }
}

impl Advice {
    /// Of both sides.
    #[must_use]
    pub const fn of(capacity: Largest, traffic: &Traffic) -> Self {
        let limit = traffic.limit;
        match capacity {
            Largest::Any => Self::Fits(limit),
            Largest::Cost(capacity) if limit <= capacity => Self::Fits(limit),
            Largest::Cost(capacity) => Self::Conflict { capacity, limit },
            Largest::Nothing => Self::Conflict { capacity: 0, limit },
            Largest::Unknown => Self::Unmeasured(limit),
        }
    }

    /// What is proposed.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Conflict { limit, .. } | Self::Fits(limit) | Self::Unmeasured(limit) => limit,
        }
    }
}

/// How many must be seen, so that with a confidence of 95 % less than this share of those to come is
/// dearer: ln 0.05 / ln(1 − ε).
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a fraction saturates"
)]
pub fn enough(share: f64) -> u64 {
    (0.05_f64.ln() / (1.0 - share).ln()).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "a cost is told in a few digits")]
const fn float(n: u64) -> f64 {
    n as f64
}

/// The budget is one of the 99th percentile.
const ONE_IN_A_HUNDRED: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that take 10 ms and 0.1 ms for each unit, give or take a tenth.
    fn timed(n: u64) -> Vec<Timed> {
        let mut random = Random::seeded(9);
        let noise = move || 0.9 + random.fraction() * 0.2;
        let mut noise = noise;
        (0..n)
            .map(|it| Timed { cost: it % 1000, took: (10.0 + 0.1 * float(it % 1000)) * noise() })
            .collect()
    }

    #[test]
    fn the_budget_is_kept() {
        let capacity = Capacity::of(&timed(2000), 60.0, 1);
        assert!((capacity.base - 10.0).abs() < 0.5 && (capacity.each - 0.1).abs() < 0.005);
        let Largest::Cost(cost) = capacity.largest else { panic!("{capacity:?}") };
        // 1.1 · (10 + 0.1 x) = 60
        assert!((430..=470).contains(&cost) && !capacity.is_beyond(), "{capacity:?}");
        let within = capacity.bound(float(cost)).unwrap();
        assert!(within <= 60.0 && capacity.bound(float(cost + 1)).unwrap() > 60.0);
    }

    #[test]
    fn a_hundredth_is_not_told_by_less_than_99() {
        let check = |n: u64, budget: f64| Capacity::of(&timed(n), budget, 1).largest;
        assert_eq!(check(196, 60.0), Largest::Unknown);
        assert!(matches!(check(198, 60.0), Largest::Cost(_)));
        assert_eq!(check(1000, 1.0), Largest::Nothing);
        assert_eq!(check(0, 60.0), Largest::Unknown);
        assert!(Capacity::of(&timed(1000), 1e6, 1).is_beyond());
        let flat: Vec<_> = (0..300).map(|cost| Timed { cost, took: 5.0 }).collect();
        assert!(matches!(
            Capacity::of(&flat, 60.0, 1).largest,
            Largest::Any | Largest::Cost(300..)
        ));
    }

    #[test]
    fn traffic_is_never_cut() {
        let mut tally = Tally::default();
        (1..=100).for_each(|it| tally.add(it * 8));
        let traffic = Traffic::of(&tally);
        assert_eq!((traffic.largest, traffic.limit, traffic.n), (800, 1000, 100));
        assert!((traffic.dearer - 0.0295).abs() < 0.0005);
        let check = |capacity, expect| assert_eq!(Advice::of(capacity, &traffic), expect);
        check(Largest::Any, Advice::Fits(1000));
        check(Largest::Cost(1000), Advice::Fits(1000));
        check(Largest::Cost(999), Advice::Conflict { capacity: 999, limit: 1000 });
        check(Largest::Nothing, Advice::Conflict { capacity: 0, limit: 1000 });
        check(Largest::Unknown, Advice::Unmeasured(1000));
        assert_eq!(Advice::of(Largest::Cost(1), &traffic).limit(), 1000);
    }

    #[test]
    fn so_many_are_enough() {
        assert_eq!([0.01, 0.001, 0.05].map(enough), [299, 2995, 59]);
    }
}
