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
    let table = layout(rows, &prior);
    let normal = Normal::of(table.columns.len(), table.rows.iter().map(|it| (it, 1)));
    let level = level(&table);
    let prior = Prior::of(&table, &level);
    let found = normal.solve(&prior.weights, &prior.pull, &prior.weights);
    let widths = widths(&table, (&normal, &prior), &found, effort);
    let predicted = crossed(&table, &prior, effort.seed);
    Fit {
        weights: Solution::new(&table, (found, widths), level.call).weights(),
        prior: level.call,
        quality: quality(&table, &predicted),
        predicted,
        shapes: shapes(&table).len(),
        places: table.places,
    }
}

/// What was found for every column of a table.
struct Solution<'t> {
    table: &'t Table,
    /// In milliseconds.
    found: Vec<f64>,
    widths: Vec<Width>,
    /// What a call of weight 1 takes on the whole.
    call: f64,
    apart: Normal,
    inflation: Vec<f64>,
}

impl<'t> Solution<'t> {
    fn new(table: &'t Table, (found, widths): (Vec<f64>, Vec<Width>), call: f64) -> Self {
        let apart = apart(table);
        let inflation = apart.inflation();
        Self { table, found, widths, call, apart, inflation }
    }

    fn weights(&self) -> Vec<Weight> {
        let columns = self.table.columns.iter().enumerate();
        columns.map(|(place, column)| self.weight(place, column)).collect()
    }

    fn weight(&self, place: usize, column: &Column) -> Weight {
        let value = self.value(place);
        let width = self.widths.get(place).copied().unwrap_or_default();
        let low = (value - width.all).max(0.0);
        let mut interval = Interval { low, high: value + width.all };
        let other = self.collinear(place, interval);
        if let Some(other) = other {
            // It may stand for all that the other does, and not for more.
            let others = self.value(other) * self.apart.exchange(place, other);
            interval.high = interval.high.min(value + others + width.drawn);
        }
        let has = |it: &&Line| it.cells.iter().any(|it| it.0 == place);
        let rows = self.table.rows.iter().filter(has).count();
        let identified = match other.and_then(|it| self.table.columns.get(it)) {
            _ if rows < FEW && Some(place) != KILOBYTE => Identified::Rare,
            Some(other) => Identified::With(other.clone()),
            None => Identified::Yes,
        };
        Weight { column: column.clone(), value, interval, rows, identified }
    }

    /// The column that another cannot be told from, if it is as vague as that.
    fn collinear(&self, place: usize, interval: Interval) -> Option<usize> {
        let inflation = self.inflation.get(place).copied().unwrap_or(0.0);
        let is_vague = Some(place) != KILOBYTE
            && inflation > INFLATED
            && interval.high - interval.low > self.value(place).max(self.call / 2.0);
        self.apart.closest(place).filter(|_| is_vague)
    }

    fn value(&self, place: usize) -> f64 {
        self.found.get(place).copied().unwrap_or(0.0)
    }
}

/// Of predictions by fits that have not seen the shape; nothing of one shape alone.
fn quality(table: &Table, predicted: &[f64]) -> Option<Quality> {
    if shapes(table).len() < 2 {
        return None;
    }
    let took = table.rows.iter().map(|it| it.took);
    Quality::of(&predicted.iter().copied().zip(took).collect::<Vec<_>>())
}

/// What a request, a kilobyte and a call of weight 1 take on the whole.
struct Level {
    request: f64,
    kilobyte: f64,
    call: f64,
}

/// The table, in which leaves that cannot be told apart share a column.
fn layout(rows: &[Row], prior: &impl Fn(&str) -> f64) -> Table {
    let mut merged = BTreeSet::new();
    loop {
        let table = Table::new(rows, prior, &merged);
        let inflation = apart(&table).inflation();
        let all = table.columns.iter().zip(&table.prior).zip(inflation);
        let vague = all.filter(|((_, prior), inflation)| **prior <= 0.0 && *inflation > INFLATED);
        let mut vague: Vec<(f64, &Box<str>)> = vague
            .filter_map(|((column, _), inflation)| match column {
                Column::Field(coordinate) => Some((inflation, coordinate)),
                Column::Kilobyte | Column::Others { .. } | Column::Request => None,
            })
            .collect();
        // The worse half first: without it the others may be told apart. Budget: every round
        // merges one at least.
        vague.sort_by(|a, b| b.0.total_cmp(&a.0));
        let half = vague.iter().take(vague.len().div_ceil(2)).map(|it| it.1.clone());
        let half: Vec<_> = half.collect();
        if half.is_empty() {
            return table;
        }
        merged.extend(half);
    }
}

/// What tells columns apart: without the size of the answer, which follows from all of them.
fn apart(table: &Table) -> Normal {
    let without = |line: &Line| {
        let cells = line.cells.iter().copied().filter(|it| Some(it.0) != KILOBYTE);
        Line { cells: cells.collect(), ..line.clone() }
    };
    let lines: Vec<Line> = table.rows.iter().map(without).collect();
    Normal::of(table.columns.len(), lines.iter().map(|it| (it, 1)))
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
    let found = normal.solve(&[0.0; 3], &[1e-6; 3], &[0.0; 3]);
    let at = |place: usize| found.get(place).copied().unwrap_or(0.0);
    Level { request: at(0), kilobyte: at(1), call: at(2) }
}

/// What columns are thought to take, and how much that counts.
struct Prior {
    /// In milliseconds.
    weights: Vec<f64>,
    pull: Vec<f64>,
}

impl Prior {
    fn of(table: &Table, level: &Level) -> Self {
        let all = table.columns.iter().zip(&table.prior);
        let both = all.map(|(column, prior)| match column {
            Column::Request => (level.request, PULL),
            Column::Kilobyte => (level.kilobyte, PULL),
            Column::Field(_) | Column::Others { .. } if *prior > 0.0 => (prior * level.call, PULL),
            Column::Field(_) | Column::Others { .. } => (0.0, PULL * SURER),
        });
        let (weights, pull) = both.unzip();
        Self { weights, pull }
    }
}

/// How far off a weight may be on both sides.
#[derive(Clone, Copy, Debug, Default)]
struct Width {
    /// By other draws of the same rows.
    drawn: f64,
    /// By what they leave open as well.
    all: f64,
}

/// How far off every weight may be on both sides, so that all of them hold together: by what
/// drawing shapes anew moves, by what the rows leave open, and by what the prior has moved.
fn widths(
    table: &Table,
    (normal, prior): (&Normal, &Prior),
    found: &[f64],
    effort: Effort,
) -> Vec<Width> {
    let z = quantile(1.0 - 0.025 / float(table.columns.len().max(1)));
    let freely: Vec<f64> = prior.pull.iter().map(|it| it / 1000.0).collect();
    let free = normal.solve(&prior.weights, &freely, found);
    let off = |it: &Line| (it.predicted(found) / it.took - 1.0).powi(2);
    let left = table.rows.len().saturating_sub(table.columns.len()).max(1);
    let noise = (table.rows.iter().map(off).sum::<f64>() / float(left)).sqrt();
    let apart = apart(table);
    let open = apart.deviations(&apart.inflation(), noise);
    let spread = spread(table, prior, found, effort);
    let all = spread.iter().zip(&open).zip(free.iter().zip(found));
    all.map(|((spread, open), (free, found))| {
        let moved = (free - found).abs();
        let drawn = spread * z + moved;
        Width { drawn, all: drawn.max(open * z + moved) }
    })
    .collect()
}

/// The shapes, each once.
fn shapes(table: &Table) -> Vec<u64> {
    let all: BTreeSet<u64> = table.rows.iter().map(|it| it.shape).collect();
    all.into_iter().collect()
}

/// How far weights vary when shapes are drawn anew: their standard deviations.
fn spread(table: &Table, prior: &Prior, found: &[f64], effort: Effort) -> Vec<f64> {
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
        let weights = Normal::of(table.columns.len(), drawn);
        let weights = weights.solve(&prior.weights, &prior.pull, found);
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
fn crossed(table: &Table, prior: &Prior, seed: u64) -> Vec<f64> {
    let mut shapes = shapes(table);
    Random::seeded(seed).shuffle(&mut shapes);
    let fold: BTreeMap<u64, usize> =
        shapes.iter().enumerate().map(|(at, it)| (*it, at % FOLDS)).collect();
    let of = |line: &Line| fold.get(&line.shape).copied().unwrap_or(0);
    let fits: Vec<Vec<f64>> = (0..FOLDS)
        .map(|left_out| {
            let rows = table.rows.iter().map(|it| (it, usize::from(of(it) != left_out)));
            let normal = Normal::of(table.columns.len(), rows);
            normal.solve(&prior.weights, &prior.pull, &prior.weights)
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
/// Thirty times as much for leaves: that a leaf takes nothing is surer than what a call takes.
const SURER: f64 = 30.0;
/// 100: an interval ten times as wide as if the column stood alone.
const INFLATED: f64 = 100.0;
/// The place of its column.
const KILOBYTE: Option<usize> = Some(1);
const FOLDS: usize = 5;

#[cfg(test)]
mod tests;
