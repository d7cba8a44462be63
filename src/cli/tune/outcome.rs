//! What the measurements come to: weights, list sizes, a limit, and how good they are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    calibration::{
        Advice, Capacity, Effort, Fill, Fit, Fullness, Largest, Objection, Quality, Sample, Tally,
        Timed, Traffic, fills, fit, median, percentile,
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
        let (mut lines, mut samples, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut refused = 0_u64;
        for (at, (measured, sampled)) in measured.iter().zip(sampled).enumerate() {
            let took = median(&measured.took).filter(|it| it.is_finite() && *it > 0.0);
            let (Some(Sampled { mut line, sample }), Some(took)) = (sampled, took) else {
                refused = refused.saturating_add(1);
                continue;
            };
            line.took = took;
            rows.push(at);
            lines.push(line);
            samples.push(sample);
        }
        if refused > 0 {
            plan.left_out.insert("answered with errors".into(), refused);
        }
        if lines.is_empty() {
            return Err("nothing was measured".to_owned());
        }
        let fit = fit(&lines, |it| tuned::prior(base, it), terms.effort);
        let fills = fills(samples.iter().flat_map(|it| &it.lengths));
        let tuned = Tuned::of(base, &fit, &fills)?;
        let prices: Vec<u64> =
            plan.rows.iter().map(|it| it.price(&tuned.model).unwrap_or(u64::MAX)).collect();
        let price = |at: usize| prices.get(at).copied().unwrap_or(u64::MAX);
        let points: Vec<Point> = rows
            .iter()
            .zip(lines.iter().zip(&fit.predicted))
            .filter_map(|(at, (line, predicted))| {
                let name = plan.rows.get(*at)?.name.clone();
                Some(Point { name, cost: price(*at), predicted: *predicted, took: line.took })
            })
            .collect();
        let alone = measured.iter().enumerate().filter(|it| rows.contains(&it.0));
        let alone = alone.flat_map(|(at, it)| it.took.iter().map(move |took| (at, *took)));
        let alone = [(0, alone.collect::<Vec<_>>())];
        let capacity = |(load, timed): &Loaded| {
            let timed = timed.iter().map(|(at, took)| Timed { cost: price(*at), took: *took });
            let timed: Vec<Timed> = timed.filter(|it| it.cost < u64::MAX).collect();
            (*load, Capacity::of(&timed, terms.budget, terms.effort.seed))
        };
        let capacities: Vec<_> = alone.iter().chain(loaded).map(capacity).collect();
        let costs = plan.costs(&tuned.model);
        let traffic = Traffic::of(&costs);
        let bears = bears(&capacities);
        let advice = Advice::of(bears, &traffic);
        Ok(Self {
            by_cost: by_cost(&points, capacities.first().map(|it| &it.1)),
            dear: dear(&plan, &tuned.model, bears),
            unsteadiness: unsteadiness(measured),
            fullness: fullness(&samples, base, terms.effort.seed),
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
