//! What the measurements come to: weights, list sizes, a limit, and how good they are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    calibration::{
        Advice, Capacity, Effort, Fill, Fit, Fullness, Largest, Objection, Quality, Row as Line,
        Sample, Tally, Timed, Traffic, fills, fit, median, percentile,
    },
    cli::tune::{
        measure::Measured,
        plan::Plan,
        sampled::{Sampled, float},
        tuned::{self, Tuned},
    },
    cost::Model,
};

/// Everything that is told.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The rows that count.
    pub(super) points: Vec<Point>,
    pub(super) fit: Fit,
    pub(super) tuned: Tuned,
    pub(super) fills: BTreeMap<Box<str>, Fill>,
    pub(super) fullness: Option<Fullness>,
    /// By load in percent; without any first.
    pub(super) capacities: Vec<(u32, Capacity)>,
    /// What the number that is limited tells of the time.
    pub(super) by_cost: Option<Quality>,
    pub(super) traffic: Traffic,
    /// What everything legitimate costs.
    pub(super) costs: Tally,
    pub(super) advice: Advice,
    /// What is legitimate and dearer than the upstream can bear, the dearest first.
    pub(super) dear: Vec<(Box<str>, u64)>,
    /// How much the times of one row differ, of their median; the median of all rows.
    pub(super) unsteadiness: f64,
    /// In milliseconds.
    pub(super) budget: f64,
    pub(super) left_out: BTreeMap<Box<str>, u64>,
}

/// A row.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) name: Box<str>,
    /// Its static cost, as tuned.
    pub(super) cost: u64,
    /// Milliseconds, by a fit that has not seen its shape.
    pub(super) predicted: f64,
    /// Milliseconds.
    pub(super) took: f64,
}

/// What the measurements are held against.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) budget: f64,
    pub(super) effort: Effort,
}

/// A request under a load: the place of its row, and how long it took.
pub(super) type Loaded = (u32, Vec<(usize, f64)>);

impl Outcome {
    /// Of what was measured.
    ///
    /// # Errors
    /// When nothing was.
    pub(super) fn of(
        (base, mut plan): (&Arc<Model>, Plan),
        (measured, sampled): (&[Measured], Vec<Option<Sampled>>),
        loaded: &[Loaded],
        terms: &Terms,
    ) -> Result<Self, String> {
        let kept = Kept::of(measured, sampled);
        if kept.n_refused > 0 {
            plan.left_out.insert("answered with errors".into(), kept.n_refused);
        }
        if kept.lines.is_empty() {
            return Err("nothing was measured".to_owned());
        }
        let fit = fit(&kept.lines, |it| tuned::prior(base, it), terms.effort);
        let fills = fills(kept.samples.iter().flat_map(|it| &it.lengths));
        let tuned = Tuned::of(base, &fit, &fills)?;
        let prices = Prices::of(&plan, &tuned.model);
        let points = kept.points(&plan, &fit, &prices);
        let alone = [(0, kept.alone(measured))];
        let capacity = |(load, timed): &Loaded| (*load, prices.capacity(timed, terms));
        let capacities: Vec<_> = alone.iter().chain(loaded).map(capacity).collect();
        let costs = plan.costs(&tuned.model);
        let traffic = Traffic::of(&costs);
        let bears = bears(&capacities);
        let advice = Advice::of(bears, &traffic);
        Ok(Self {
            by_cost: by_cost(&points, capacities.first().map(|it| &it.1)),
            dear: dear(&plan, &tuned.model, bears),
            unsteadiness: unsteadiness(measured),
            fullness: fullness(&kept.samples, base, terms.effort.seed),
            points,
            fit,
            tuned,
            fills,
            capacities,
            traffic,
            costs,
            advice,
            budget: terms.budget,
            left_out: plan.left_out,
        })
    }

    /// Why nothing of this should be used.
    pub(super) fn objections(&self) -> Vec<Objection> {
        match &self.fit.quality {
            Some(quality) => quality.objections(),
            None => vec![Objection::Order, Objection::Error],
        }
    }
}

/// The rows that count, at the same place of each.
#[derive(Default)]
struct Kept {
    /// Their places in the plan.
    rows: Vec<usize>,
    lines: Vec<Line>,
    samples: Vec<Sample>,
    /// How many do not count.
    n_refused: u64,
}

impl Kept {
    fn of(measured: &[Measured], sampled: Vec<Option<Sampled>>) -> Self {
        let mut kept = Self::default();
        for (at, (measured, sampled)) in measured.iter().zip(sampled).enumerate() {
            let took = median(&measured.took).filter(|it| it.is_finite() && *it > 0.0);
            let (Some(Sampled { mut line, sample }), Some(took)) = (sampled, took) else {
                kept.n_refused = kept.n_refused.saturating_add(1);
                continue;
            };
            line.took = took;
            kept.rows.push(at);
            kept.lines.push(line);
            kept.samples.push(sample);
        }
        kept
    }

    fn points(&self, plan: &Plan, fit: &Fit, prices: &Prices) -> Vec<Point> {
        let all = self.rows.iter().zip(self.lines.iter().zip(&fit.predicted));
        all.filter_map(|(at, (line, predicted))| {
            let name = plan.rows.get(*at)?.name.clone();
            Some(Point { name, cost: prices.at(*at), predicted: *predicted, took: line.took })
        })
        .collect()
    }

    /// How long each took every time, when nothing else was asked for.
    fn alone(&self, measured: &[Measured]) -> Vec<(usize, f64)> {
        let alone = measured.iter().enumerate().filter(|it| self.rows.contains(&it.0));
        alone.flat_map(|(at, it)| it.took.iter().map(move |took| (at, *took))).collect()
    }
}

/// The static cost of every row, as tuned.
struct Prices(Vec<u64>);

impl Prices {
    fn of(plan: &Plan, model: &Arc<Model>) -> Self {
        Self(plan.rows.iter().map(|it| it.price(model).unwrap_or(u64::MAX)).collect())
    }

    fn at(&self, row: usize) -> u64 {
        self.0.get(row).copied().unwrap_or(u64::MAX)
    }

    /// What keeps the budget, by how long rows took.
    fn capacity(&self, timed: &[(usize, f64)], terms: &Terms) -> Capacity {
        let timed = timed.iter().map(|(at, took)| Timed { cost: self.at(*at), took: *took });
        let timed: Vec<Timed> = timed.filter(|it| it.cost < u64::MAX).collect();
        Capacity::of(&timed, terms.budget, terms.effort.seed)
    }
}

/// What the upstream can bear under the heaviest load that was measured.
fn bears(capacities: &[(u32, Capacity)]) -> Largest {
    let known = capacities.iter().map(|it| it.1.largest);
    let mut least = Largest::Unknown;
    for it in known {
        least = match (least, it) {
            (Largest::Nothing, _) | (_, Largest::Nothing) => Largest::Nothing,
            (Largest::Cost(a), Largest::Cost(b)) => Largest::Cost(a.min(b)),
            (Largest::Cost(it), _) | (_, Largest::Cost(it)) => Largest::Cost(it),
            (Largest::Any, _) | (_, Largest::Any) => Largest::Any,
            (Largest::Unknown, Largest::Unknown) => Largest::Unknown,
        };
    }
    least
}

fn dear(plan: &Plan, model: &Arc<Model>, bears: Largest) -> Vec<(Box<str>, u64)> {
    let capacity = match bears {
        Largest::Cost(it) => it,
        Largest::Nothing => 0,
        Largest::Any | Largest::Unknown => return Vec::new(),
    };
    let mut dear: BTreeMap<&str, u64> = BTreeMap::new();
    for row in plan.rows.iter().chain(&plan.legitimate) {
        let Some(cost) = row.price(model).filter(|it| *it > capacity) else { continue };
        let known = dear.entry(&row.name).or_default();
        *known = cost.max(*known);
    }
    let mut dear: Vec<_> = dear.into_iter().map(|(name, cost)| (name.into(), cost)).collect();
    dear.sort_by_key(|it: &(Box<str>, u64)| std::cmp::Reverse(it.1));
    dear
}

fn by_cost(points: &[Point], alone: Option<&Capacity>) -> Option<Quality> {
    let capacity = alone?;
    let pairs = points.iter().map(|it| (capacity.base + capacity.each * float(it.cost), it.took));
    Quality::of(&pairs.collect::<Vec<_>>())
}

/// Half of the times of a row lie in so much of their median.
fn unsteadiness(measured: &[Measured]) -> f64 {
    let of = |it: &Measured| {
        let (low, high) = (percentile(&it.took, 25.0)?, percentile(&it.took, 75.0)?);
        median(&it.took).filter(|it| *it > 0.0).map(|middle| (high - low) / middle)
    };
    median(&measured.iter().filter_map(of).collect::<Vec<_>>()).unwrap_or(0.0)
}

fn fullness(samples: &[Sample], base: &Model, seed: u64) -> Option<Fullness> {
    Fullness::of(samples, base.measure(), seed)
}
