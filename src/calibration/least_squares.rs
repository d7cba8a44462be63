//! Least squares that never gives a weight below zero, on relative error, with a small pull towards
//! what was thought before.
//!
//! Coordinate descent on the normal equations, whose columns are scaled to length one. Knows no
//! coordinate.

use crate::calibration::{interval::float, table::Line};

/// A square of numbers.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    n: usize,
    cells: Vec<f64>,
}

/// The normal equations of rows.
#[derive(Clone, Debug)]
pub(super) struct Normal {
    gram: Matrix,
    /// By column, those that some row has beside it. An operation asks for few of all fields.
    beside: Vec<Vec<(usize, f64)>>,
    right: Vec<f64>,
    /// The length of every column before it was scaled; 0 for one without rows.
    scale: Vec<f64>,
}

impl Matrix {
    fn zero(n: usize) -> Self {
        Self { n, cells: vec![0.0; n.saturating_mul(n)] }
    }

    fn row(&self, at: usize) -> &[f64] {
        let from = at.saturating_mul(self.n);
        self.cells.get(from..from.saturating_add(self.n)).unwrap_or_default()
    }

    fn row_mut(&mut self, at: usize) -> &mut [f64] {
        let from = at.saturating_mul(self.n);
        self.cells.get_mut(from..from.saturating_add(self.n)).unwrap_or_default()
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.row(row).get(column).copied().unwrap_or(0.0)
    }

    fn add(&mut self, row: usize, column: usize, value: f64) {
        if let Some(cell) = self.row_mut(row).get_mut(column) {
            *cell += value;
        }
    }

    /// What stands in a row and is not zero, but for the diagonal.
    fn beside(&self, at: usize) -> Vec<(usize, f64)> {
        let cells = self.row(at).iter().copied().enumerate();
        cells.filter(|(column, cell)| *column != at && *cell != 0.0).collect()
    }

    /// The diagonal of the inverse, by Gauss and Jordan; of a symmetric matrix whose diagonal is
    /// positive.
    fn inverse_diagonal(mut self) -> Vec<f64> {
        let mut inverse = Self::zero(self.n);
        (0..self.n).for_each(|it| inverse.add(it, it, 1.0));
        for pivot in 0..self.n {
            let by = self.at(pivot, pivot).max(1e-12);
            for cells in [self.row_mut(pivot), inverse.row_mut(pivot)] {
                cells.iter_mut().for_each(|it| *it /= by);
            }
            let (of_self, of_inverse) = (self.row(pivot).to_vec(), inverse.row(pivot).to_vec());
            for other in (0..self.n).filter(|it| *it != pivot) {
                let factor = self.at(other, pivot);
                if factor != 0.0 {
                    subtract(self.row_mut(other), &of_self, factor);
                    subtract(inverse.row_mut(other), &of_inverse, factor);
                }
            }
        }
        (0..self.n).map(|it| inverse.at(it, it)).collect()
    }
}

fn subtract(from: &mut [f64], what: &[f64], factor: f64) {
    for (it, other) in from.iter_mut().zip(what) {
        *it -= factor * other;
    }
}

impl Normal {
    /// Of rows, each so many times; every row is divided by what it took.
    pub(super) fn of<'l>(
        n_columns: usize,
        rows: impl IntoIterator<Item = (&'l Line, usize)>,
    ) -> Self {
        let mut gram = Matrix::zero(n_columns);
        let mut right = vec![0.0; n_columns];
        for (line, times) in rows.into_iter().filter(|it| it.1 > 0 && it.0.took > 0.0) {
            let times = float(times);
            for (column, cell) in &line.cells {
                let cell = cell / line.took * times;
                if let Some(it) = right.get_mut(*column) {
                    *it += cell;
                }
                for (other, its) in &line.cells {
                    gram.add(*column, *other, cell * its / line.took);
                }
            }
        }
        let scale: Vec<f64> = (0..n_columns).map(|it| gram.at(it, it).sqrt()).collect();
        for (row, by) in scale.iter().enumerate() {
            for (it, other) in gram.row_mut(row).iter_mut().zip(&scale) {
                *it = if by * other > 0.0 { *it / (by * other) } else { 0.0 };
            }
        }
        for (it, by) in right.iter_mut().zip(&scale) {
            *it = if *by > 0.0 { *it / by } else { 0.0 };
        }
        let beside = (0..n_columns).map(|it| gram.beside(it)).collect();
        Self { gram, beside, right, scale }
    }

    /// The weights that explain the rows best; without a row, a column keeps its prior. `pull` tells
    /// by column how much the prior counts, in parts of what the column's rows say.
    pub(super) fn solve(&self, prior: &[f64], pull: &[f64], start: &[f64]) -> Vec<f64> {
        let scaled = |all: &[f64]| -> Vec<f64> {
            all.iter().zip(&self.scale).map(|(it, by)| it * by).collect()
        };
        let (wanted, mut found) = (scaled(prior), scaled(start));
        for _ in 0..SWEEPS {
            if self.sweep(&wanted, pull, &mut found) < STILL {
                break;
            }
        }
        let back = found.iter().zip(&self.scale).zip(prior);
        back.map(|((it, by), prior)| if *by > 0.0 { it / by } else { *prior }).collect()
    }

    /// Moves every weight to where it is best while the others stay; tells how far at most.
    fn sweep(&self, wanted: &[f64], pull: &[f64], found: &mut [f64]) -> f64 {
        let mut moved = 0.0_f64;
        let all = self.right.iter().zip(&self.beside).zip(wanted).zip(pull);
        for (column, (((right, beside), wanted), pull)) in all.enumerate() {
            let own = self.gram.at(column, column);
            let of = |it: usize| found.get(it).copied().unwrap_or(0.0);
            let others: f64 = beside.iter().map(|(it, cell)| cell * of(*it)).sum();
            let Some(weight) = found.get_mut(column).filter(|_| own > 0.0) else { continue };
            let next = ((right - others + pull * wanted) / (own + pull)).max(0.0);
            moved = moved.max((next - *weight).abs());
            *weight = next;
        }
        moved
    }

    /// By column, how much less is known of it because of the others: 1 when it stands alone, more
    /// the more it can be told by them; infinite without a row.
    pub(super) fn inflation(&self) -> Vec<f64> {
        let mut gram = self.gram.clone();
        (0..gram.n).for_each(|it| gram.add(it, it, 1e-9));
        let inverse = gram.inverse_diagonal();
        let all = inverse.into_iter().zip(&self.scale);
        all.map(|(it, by)| if *by > 0.0 { it } else { f64::INFINITY }).collect()
    }

    /// How far weights may be off when rows are off by so much: standard deviations, as if none were
    /// held above zero or to a prior.
    pub(super) fn deviations(&self, inflation: &[f64], noise: f64) -> Vec<f64> {
        let all = inflation.iter().zip(&self.scale);
        all.map(|(it, by)| if *by > 0.0 { noise * it.sqrt() / by } else { 0.0 }).collect()
    }

    /// What of one column explains as much as a unit of another.
    pub(super) fn exchange(&self, of: usize, for_other: usize) -> f64 {
        let scale = |at: usize| self.scale.get(at).copied().unwrap_or(0.0);
        if scale(of) > 0.0 { scale(for_other) / scale(of) } else { 0.0 }
    }

    /// The column that a column goes with most.
    pub(super) fn closest(&self, column: usize) -> Option<usize> {
        let others = self.gram.row(column).iter().enumerate().filter(|it| it.0 != column);
        others.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).map(|it| it.0)
    }
}

const SWEEPS: usize = 5_000;
/// In parts of what explains one row.
const STILL: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[(&[f64], f64)]) -> Vec<Line> {
        let cells = |it: &[f64]| it.iter().copied().enumerate().collect();
        rows.iter().map(|(it, took)| Line { shape: 0, took: *took, cells: cells(it) }).collect()
    }

    #[track_caller]
    fn check(rows: &[(&[f64], f64)], prior: &[f64], expect: &[f64]) {
        let lines = lines(rows);
        let normal = Normal::of(prior.len(), lines.iter().map(|it| (it, 1)));
        let got = normal.solve(prior, &vec![1e-6; prior.len()], prior);
        let near = got.iter().zip(expect).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(near, "{got:?} {expect:?}");
    }

    #[test]
    fn what_adds_up_is_found() {
        let rows: [(&[f64], f64); 3] = [(&[1.0, 0.0], 2.0), (&[1.0, 1.0], 5.0), (&[1.0, 2.0], 8.0)];
        check(&rows, &[0.0, 0.0], &[2.0, 3.0]);
    }

    #[test]
    fn no_weight_is_below_zero() {
        // Plain least squares has −1 for the second; the first then is the best alone, of parts.
        check(&[(&[1.0, 0.0], 2.0), (&[1.0, 1.0], 1.0)], &[0.0, 0.0], &[1.2, 0.0]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_as_it_was_thought() {
        check(&[(&[1.0, 1.0], 4.0), (&[2.0, 2.0], 8.0)], &[1.0, 3.0], &[1.0, 3.0]);
        check(&[(&[1.0, 0.0], 4.0)], &[1.0, 3.0], &[4.0, 3.0]);
    }

    #[test]
    fn columns_that_go_together_are_told() {
        let rows: [(&[f64], f64); 3] =
            [(&[1.0, 1.0, 0.0], 1.0), (&[1.0, 1.001, 1.0], 1.0), (&[1.0, 1.0, 5.0], 1.0)];
        let lines = lines(&rows);
        let normal = Normal::of(4, lines.iter().map(|it| (it, 1)));
        let inflation = normal.inflation();
        assert!(inflation[0] > 100.0 && inflation[1] > 100.0, "{inflation:?}");
        assert!(inflation[2] < 10.0 && inflation[3].is_infinite(), "{inflation:?}");
        assert_eq!(normal.closest(0), Some(1));
    }
}
