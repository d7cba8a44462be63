//! Measured operations as a table: a column for what each coordinate takes, one for the size of the
//! answer and one for what every request takes.
//!
//! A coordinate that few rows have says nothing for itself: it shares a column with the others of
//! its type. Solves nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::calibration::expected::float;

/// One operation, measured.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Rows of one shape differ in variables only.
    pub shape: u64,
    /// Resolver calls by coordinate.
    pub calls: BTreeMap<Box<str>, u64>,
    /// The size of the answer.
    pub kilobytes: f64,
    /// What it took, in milliseconds.
    pub took: f64,
}

/// What a column stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Whatever is asked for.
    Request,
    /// A kilobyte of the answer.
    Kilobyte,
    /// A call of one field.
    Field(Box<str>),
    /// A call of any other field of a type.
    Others {
        /// The type.
        of: Box<str>,
        /// Whether they are leaves.
        are_leaves: bool,
    },
}

/// Rows and columns, and what every column is thought to take.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    /// In units that are the same for all fields.
    pub(super) prior: Vec<f64>,
    pub(super) rows: Vec<Line>,
    /// The column of every coordinate.
    pub(super) places: BTreeMap<Box<str>, usize>,
}

/// A row whose cells are mostly empty.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) shape: u64,
    pub(super) took: f64,
    /// Column and value, never 0.
    pub(super) cells: Vec<(usize, f64)>,
}

impl Table {
    /// Lays out rows; `prior` tells what a coordinate weighs as long as nothing was measured, and
    /// `merged` are coordinates that shall not stand for themselves.
    pub(super) fn new(
        rows: &[Row],
        prior: &impl Fn(&str) -> f64,
        merged: &BTreeSet<Box<str>>,
    ) -> Self {
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        for coordinate in rows.iter().flat_map(|it| it.calls.keys()) {
            let n = met.entry(coordinate).or_default();
            *n = n.saturating_add(1);
        }
        let mut table = Self {
            columns: vec![Column::Request, Column::Kilobyte],
            prior: vec![0.0, 0.0],
            rows: Vec::new(),
            places: BTreeMap::new(),
        };
        for (coordinate, n) in met {
            let weight = prior(coordinate);
            let column = if n >= FEW && !merged.contains(coordinate) {
                Column::Field(coordinate.into())
            } else {
                let of = coordinate.split('.').next().unwrap_or_default();
                Column::Others { of: of.into(), are_leaves: weight <= 0.0 }
            };
            let place = table.place(column, weight);
            table.places.insert(coordinate.into(), place);
        }
        table.rows = rows.iter().map(|it| table.line(it)).collect();
        table
    }

    /// The place of a column; of those that share one, the heaviest tells what it is thought to take.
    fn place(&mut self, column: Column, prior: f64) -> usize {
        if let Some(place) = self.columns.iter().position(|it| *it == column) {
            if let Some(known) = self.prior.get_mut(place) {
                *known = known.max(prior);
            }
            return place;
        }
        self.columns.push(column);
        self.prior.push(prior);
        self.columns.len().saturating_sub(1)
    }

    fn line(&self, row: &Row) -> Line {
        let mut cells = BTreeMap::from([(0, 1.0), (1, row.kilobytes)]);
        for (coordinate, calls) in &row.calls {
            if let Some(place) = self.places.get(coordinate) {
                *cells.entry(*place).or_default() += float(*calls);
            }
        }
        cells.retain(|_, it| *it > 0.0);
        Line { shape: row.shape, took: row.took, cells: cells.into_iter().collect() }
    }
}

impl Line {
    /// What it takes when columns take so much.
    pub(super) fn predicted(&self, weights: &[f64]) -> f64 {
        let cell = |(column, it): &(usize, f64)| it * weights.get(*column).copied().unwrap_or(0.0);
        self.cells.iter().map(cell).sum()
    }
}

/// 20 rows: with fewer, one that is off decides.
pub const FEW: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(calls: &[(&str, u64)]) -> Row {
        let calls = calls.iter().map(|(it, n)| ((*it).into(), *n)).collect();
        Row { calls, took: 1.0, ..Row::default() }
    }

    fn table(rows: &[Row]) -> Table {
        Table::new(rows, &|it| f64::from(u8::from(!it.ends_with("leaf"))), &BTreeSet::new())
    }

    #[test]
    fn nineteen_rows_are_few_and_twenty_are_not() {
        let mut rows = vec![row(&[("A.b", 2), ("A.c", 3), ("A.leaf", 5)]); FEW - 1];
        let others = |are_leaves| Column::Others { of: "A".into(), are_leaves };
        let all = table(&rows);
        assert_eq!(all.columns[2..], [others(false), others(true)]);
        assert_eq!(all.rows[0].cells, [(0, 1.0), (2, 5.0), (3, 5.0)]);
        assert_eq!(all.prior, [0.0, 0.0, 1.0, 0.0]);
        rows.push(row(&[("A.b", 1)]));
        let all = table(&rows);
        assert_eq!(all.columns[2..], [Column::Field("A.b".into()), others(false), others(true)]);
        assert_eq!(all.rows[19].cells, [(0, 1.0), (2, 1.0)]);
    }

    #[test]
    fn a_row_takes_what_its_cells_do() {
        let line = Line { shape: 0, took: 0.0, cells: vec![(0, 1.0), (2, 3.0)] };
        assert_eq!(line.predicted(&[0.5, 9.0, 2.0]), 6.5);
    }
}
