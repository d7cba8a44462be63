//! What the first answer to every row tells: calls, lengths of lists, cost.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    calibration::{Answered, Row as Line, Sample},
    cli::tune::plan::Row,
    cost::{Counter, Model, Shape, explain},
};

/// A row that was answered.
#[derive(Debug)]
pub(super) struct Sampled {
    /// What the fit needs; the time comes later.
    pub(super) line: Line,
    /// What the lists tell.
    pub(super) sample: Sample,
}

/// Nothing, when it cannot be priced.
pub(super) fn sampled(row: &Row, model: &Arc<Model>, body: &[u8]) -> Option<Sampled> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let data = answer.get("data")?;
    row.with_variables(|variables| {
        let told = explain(model, &row.operation, variables, u64::MAX).ok()?;
        let Answered { calls, lengths } = Answered::count(&row.operation, &told, data);
        let shape = Arc::new(Shape::new(model, &row.operation));
        let mut counter = Counter::new(&shape, variables);
        counter.push(body);
        let actual = float(counter.finish().price.combined(model.measure()));
        let kilobytes = float(body.len() as u64) / 1000.0;
        let line = Line { shape: row.shape, calls, kilobytes, took: 0.0 };
        Some(Sampled { line, sample: Sample { told, lengths, actual } })
    })?
}

#[expect(clippy::cast_precision_loss, reason = "a cost is told in a few digits")]
pub(super) const fn float(n: u64) -> f64 {
    n as f64
}
