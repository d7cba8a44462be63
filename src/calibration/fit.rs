//! Weights from measurements: what a call of each field takes, how sure that is, and how well it
//! tells what was not measured.
//!
//! Rounds nothing and writes nothing; see `scale` for numbers of a policy.

use std::collections::{BTreeMap, BTreeSet};

use crate::calibration::{
    interval::{Interval, float},
    least_squares::Normal,
    quality::Quality,
    random::Random,
    table::{Column, FEW, Line, Row, Table},
};

/// What was found.
#[derive(Clone, Debug)]
pub struct Fit {
    /// What each column takes.
    pub weights: Vec<Weight>,
    /// What a call of weight 1 is thought to take, in milliseconds.
    pub prior: f64,
    /// On shapes that a fit has not seen; nothing, when there are fewer than two.
    pub quality: Option<Quality>,
    /// By row, what was predicted for it by a fit that has not seen its shape.
    pub predicted: Vec<f64>,
    /// Different shapes among the rows.
    pub shapes: usize,
    /// The weight of every coordinate that was met, in milliseconds, by the place in `weights`.
    pub places: BTreeMap<Box<str>, usize>,
}

/// What one column takes.
#[derive(Clone, Debug)]
pub struct Weight {
    /// The column.
    pub column: Column,
    /// Milliseconds for each.
    pub value: f64,
    /// Where the true value is: of all of them together with a confidence of 95 %.
    pub interval: Interval,
    /// Rows that have it.
    pub rows: usize,
    /// Whether the rows tell it apart from others.
    pub identified: Identified,
}

/// Whether rows tell the weight of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// They do.
    Yes,
    /// It is asked for together with another all the time.
    With(Column),
    /// Too few rows have it.
    Rare,
}

/// How thoroughly it is fitted.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often rows are drawn anew for the intervals.
    pub resamples: usize,
    /// Tells which.
    pub seed: u64,
}

/// Fits weights to rows; `prior` tells what a coordinate weighs as long as nothing was measured.
#[must_use]
pub fn fit(rows: &[Row], prior: impl Fn(&str) -> f64, effort: Effort) -> Fit {
    let (table, normal, level) = layout(rows, &prior);
    let thought: Vec<f64> = thought(&table, &level);
    let found = normal.solve(&thought, PULL, &thought);
    let free = normal.solve(&thought, PULL / 1000.0, &found);
    let spread = spread(&table, &thought, &found, effort);
    let inflation = normal.inflation();
    let z = quantile(1.0 - 0.025 / float(table.columns.len().max(1)));
    let weight = |(place, column): (usize, &Column)| {
        let at = |all: &[f64]| all.get(place).copied().unwrap_or(0.0);
        let (value, freely, around) = (at(&found), at(&free), at(&spread) * z);
        let has = |it: &&Line| it.cells.iter().any(|it| it.0 == place);
        let rows = table.rows.iter().filter(has).count();
        let other = normal.closest(place).and_then(|it| table.columns.get(it));
        let identified = match other {
            _ if rows < FEW => Identified::Rare,
            Some(other) if at(&inflation) > INFLATED => Identified::With(other.clone()),
            Some(_) | None => Identified::Yes,
        };
        // What the pull has moved it by is not known either.
        let low = (value - around).min(freely).max(0.0);
        let interval = Interval { low, high: (value + around).max(freely) };
        Weight { column: column.clone(), value, interval, rows, identified }
    };
    let predicted = crossed(&table, &thought, effort.seed);
    let pairs: Vec<(f64, f64)> =
        predicted.iter().copied().zip(table.rows.iter().map(|it| it.took)).collect();
    let shapes = shapes(&table).len();
    Fit {
        weights: table.columns.iter().enumerate().map(weight).collect(),
        prior: level.call,
        quality: if shapes < 2 { None } else { Quality::of(&pairs) },
        predicted,
        shapes,
        places: table.places,
    }
}

/// What a request, a kilobyte and a call of weight 1 take on the whole.
struct Level {
    request: f64,
    kilobyte: f64,
    call: f64,
}

/// The table, in which leaves that cannot be told apart share a column.
fn layout(rows: &[Row], prior: &impl Fn(&str) -> f64) -> (Table, Normal, Level) {
    let first = Table::new(rows, prior, &BTreeSet::new());
    let normal = Normal::of(first.columns.len(), first.rows.iter().map(|it| (it, 1)));
    let all = first.columns.iter().zip(&first.prior).zip(normal.inflation());
    let vague = all.filter(|((_, prior), inflation)| **prior <= 0.0 && *inflation > INFLATED);
    let merged: BTreeSet<Box<str>> = vague
        .filter_map(|((column, _), _)| match column {
            Column::Field(coordinate) => Some(coordinate.clone()),
            Column::Kilobyte | Column::Others { .. } | Column::Request => None,
        })
        .collect();
    let table = if merged.is_empty() { first } else { Table::new(rows, prior, &merged) };
    let normal = Normal::of(table.columns.len(), table.rows.iter().map(|it| (it, 1)));
    let level = level(&table);
    (table, normal, level)
}

/// With three columns only: all calls by what they are thought to weigh.
fn level(table: &Table) -> Level {
    let thin = |line: &Line| {
        let at = |wanted: usize| line.cells.iter().find(|it| it.0 == wanted).map_or(0.0, |it| it.1);
        let cells = vec![(0, at(0)), (1, at(1)), (2, line.predicted(&table.prior))];
        Line { shape: line.shape, took: line.took, cells }
    };
    let lines: Vec<Line> = table.rows.iter().map(thin).collect();
    let normal = Normal::of(3, lines.iter().map(|it| (it, 1)));
    let found = normal.solve(&[0.0; 3], 1e-6, &[0.0; 3]);
    let at = |place: usize| found.get(place).copied().unwrap_or(0.0);
    Level { request: at(0), kilobyte: at(1), call: at(2) }
}

/// What every column is thought to take, in milliseconds.
fn thought(table: &Table, level: &Level) -> Vec<f64> {
    let all = table.columns.iter().zip(&table.prior);
    all.map(|(column, prior)| match column {
        Column::Request => level.request,
        Column::Kilobyte => level.kilobyte,
        Column::Field(_) | Column::Others { .. } => prior * level.call,
    })
    .collect()
}

/// The shapes, each once.
fn shapes(table: &Table) -> Vec<u64> {
    let all: BTreeSet<u64> = table.rows.iter().map(|it| it.shape).collect();
    all.into_iter().collect()
}

/// How far weights vary when shapes are drawn anew: their standard deviations.
fn spread(table: &Table, thought: &[f64], found: &[f64], effort: Effort) -> Vec<f64> {
    let shapes = shapes(table);
    let mut random = Random::seeded(effort.seed);
    let mut sums = vec![(0.0, 0.0); table.columns.len()];
    for _ in 0..effort.resamples {
        let mut times: BTreeMap<u64, usize> = BTreeMap::new();
        for _ in &shapes {
            if let Some(shape) = shapes.get(random.below(shapes.len())) {
                let n = times.entry(*shape).or_default();
                *n = n.saturating_add(1);
            }
        }
        let drawn = table.rows.iter().map(|it| (it, times.get(&it.shape).copied().unwrap_or(0)));
        let weights = Normal::of(table.columns.len(), drawn).solve(thought, PULL, found);
        for ((sum, squares), (it, middle)) in sums.iter_mut().zip(weights.iter().zip(found)) {
            *sum += it - middle;
            *squares += (it - middle).powi(2);
        }
    }
    let n = float(effort.resamples.max(1));
    sums.into_iter()
        .map(|(sum, squares)| (squares / n - (sum / n).powi(2)).max(0.0).sqrt())
        .collect()
}

/// Predicts every row by the rows of other shapes.
fn crossed(table: &Table, thought: &[f64], seed: u64) -> Vec<f64> {
    let mut shapes = shapes(table);
    Random::seeded(seed).shuffle(&mut shapes);
    let fold: BTreeMap<u64, usize> =
        shapes.iter().enumerate().map(|(at, it)| (*it, at % FOLDS)).collect();
    let of = |line: &Line| fold.get(&line.shape).copied().unwrap_or(0);
    let fits: Vec<Vec<f64>> = (0..FOLDS)
        .map(|left_out| {
            let rows = table.rows.iter().map(|it| (it, usize::from(of(it) != left_out)));
            Normal::of(table.columns.len(), rows).solve(thought, PULL, thought)
        })
        .collect();
    let predict = |it: &Line| fits.get(of(it)).map_or(0.0, |weights| it.predicted(weights));
    table.rows.iter().map(predict).collect()
}

/// The number that so much of a normal distribution is below, for more than half of it: the
/// approximation 26.2.23 of Abramowitz and Stegun, good to 0.00045.
fn quantile(share: f64) -> f64 {
    let t = (-2.0 * (1.0 - share).max(f64::MIN_POSITIVE).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - above / below
}

/// A thousandth of what a column by itself says: decides only where the rows do not.
const PULL: f64 = 1e-3;
/// 100: an interval ten times as wide as if the column stood alone.
const INFLATED: f64 = 100.0;
const FOLDS: usize = 5;

#[cfg(test)]
mod tests;
