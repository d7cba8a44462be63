//! What was found, for a person.

use std::fmt::Write as _;

use crate::{
    calibration::{
        Advice, Capacity, Column, FEW, Identified, Largest, Objection, Quality, Weight, enough,
    },
    cli::{
        past::grouped,
        tune::{outcome::Outcome, patch::Patch},
    },
    cost::Measure,
};

/// Where the numbers come from.
#[derive(Debug)]
pub(super) struct Provenance {
    /// As RFC 3339.
    pub(super) date: String,
    /// The name of the file, as the policy names it.
    pub(super) file: String,
    /// Of the schema, as SHA-256.
    pub(super) schema: String,
    /// What was measured.
    pub(super) target: String,
    /// Requests that were sent.
    pub(super) requests: usize,
    /// What the policy calls itself.
    pub(super) policy: String,
    pub(super) upstream: String,
    /// The limit that is in force.
    pub(super) limit: Option<u64>,
}

/// How a column is called.
pub(super) fn column(it: &Column) -> String {
    match it {
        Column::Field(coordinate) => coordinate.to_string(),
        Column::Kilobyte => "a kilobyte of the answer".to_owned(),
        Column::Others { of, are_leaves: true } => format!("other leaves of {of}"),
        Column::Others { of, are_leaves: false } => format!("other fields of {of}"),
        Column::Request => "every request".to_owned(),
    }
}

/// `12.3 %`
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// The quality in a line.
fn quality(it: &Quality) -> String {
    format!(
        "median error {}, nine of ten below {}, R² of logarithms {:.2}, Spearman {:.2}",
        percent(it.median_error),
        percent(it.p90_error),
        it.r2_log,
        it.spearman
    )
}

/// What a load lets through, in words.
pub(super) fn bears(it: &Capacity) -> String {
    match it.largest {
        Largest::Any => "any cost: time does not depend on it".to_owned(),
        Largest::Cost(cost) if it.is_beyond() => {
            format!(
                "{} (beyond {}, the dearest that was measured)",
                grouped(cost),
                grouped(it.measured)
            )
        }
        Largest::Cost(cost) => grouped(cost),
        Largest::Nothing => "nothing keeps the budget".to_owned(),
        Largest::Unknown => "unknown: 198 timed requests are needed".to_owned(),
    }
}

/// Why the limit is what it is.
pub(super) fn advice(outcome: &Outcome) -> String {
    let Outcome { advice, traffic, .. } = outcome;
    let seen = format!(
        "1.25 × {}, the dearest of {} legitimate requests; of those to come at most {} are dearer than it",
        grouped(traffic.largest),
        grouped(traffic.n),
        percent(traffic.dearer)
    );
    match advice {
        Advice::Conflict { capacity, .. } => format!(
            "{seen}. The upstream bears {} within the budget: {} in conflict",
            grouped(*capacity),
            if outcome.dear.is_empty() { "the headroom is" } else { "operations are" }
        ),
        Advice::Fits(_) => format!("{seen}. The upstream bears it"),
        Advice::Unmeasured(_) => format!("{seen}. What the upstream bears is not known"),
    }
}

/// What should be measured next, the most important first.
pub(super) fn next(outcome: &Outcome) -> Vec<String> {
    let mut next = Vec::new();
    let shapes = outcome.fit.shapes;
    if shapes < SHAPES {
        next.push(format!(
            "{shapes} shapes were measured; {SHAPES} are recommended, with fewer the errors told \
             here are themselves unsure"
        ));
    }
    if outcome.unsteadiness > UNSTEADY {
        next.push(format!(
            "the same request takes {} longer or shorter: measure on a quieter machine, with more \
             `--repeats`, or by `--server-timing`",
            percent(outcome.unsteadiness / 2.0)
        ));
    }
    next.extend(outcome.fit.weights.iter().filter_map(unidentified));
    if outcome.traffic.n < enough(0.01) {
        next.push(format!(
            "{} legitimate requests are known; with {} less than one of a hundred to come is \
             dearer than all of them",
            outcome.traffic.n,
            enough(0.01)
        ));
    }
    next
}

/// What would tell a weight that the rows do not.
fn unidentified(it: &Weight) -> Option<String> {
    let is_rest = matches!(it.column, Column::Others { are_leaves: true, .. });
    let name = column(&it.column);
    match &it.identified {
        // Nobody can ask for an object without any leaf.
        Identified::With(_) if is_rest => None,
        Identified::Yes => None,
        Identified::Rare => {
            Some(format!("{name}: {} operations have it, {FEW} are needed", it.rows))
        }
        Identified::With(other @ Column::Others { are_leaves: true, .. }) => Some(format!(
            "{name} and {} are asked for together all the time: ask for more and for fewer of the \
             leaves",
            column(other)
        )),
        Identified::With(other) => Some(format!(
            "{name} cannot be told from {}: ask for one without the other",
            column(other)
        )),
    }
}

/// Why nothing is written.
pub(super) fn refusal(outcome: &Outcome) -> String {
    let mut out = String::from("the fit is too poor to be used; nothing was written\n");
    for it in outcome.objections() {
        let told = match (it, outcome.fit.quality) {
            (_, None) => "  one shape alone cannot be held against others".to_owned(),
            (Objection::Error, Some(it)) => {
                format!(
                    "  the median error is {}, at most 35 % is of use",
                    percent(it.median_error)
                )
            }
            (Objection::Order, Some(it)) => format!(
                "  what it calls dear takes long too seldom: Spearman {:.2}, at least 0.7 is of use",
                it.spearman
            ),
        };
        if !out.contains(&told) {
            let _ = writeln!(out, "{told}");
        }
    }
    out.push_str("  what would help:\n");
    for it in next(outcome).iter().take(TOLD) {
        let _ = writeln!(out, "  - {it}");
    }
    out
}

pub(super) fn as_text(outcome: &Outcome, about: &Provenance, patch: &Patch) -> String {
    let mut out = format!(
        "{} operations of {} shapes, {} requests, target: {}\n",
        grouped(outcome.points.len() as u64),
        grouped(outcome.fit.shapes as u64),
        grouped(about.requests as u64),
        about.target
    );
    // Writing to a string cannot fail.
    for (why, n) in &outcome.left_out {
        let _ = writeln!(out, "  left out: {} {why}", grouped(*n));
    }
    out.push_str(&quality_as_text(outcome));
    out.push_str(&limit_as_text(outcome, patch));
    out.push_str(&next_as_text(outcome));
    out
}

/// How well weights, costs and sizes of lists predict.
fn quality_as_text(outcome: &Outcome) -> String {
    let mut out = String::new();
    if let Some(it) = &outcome.fit.quality {
        let _ = writeln!(out, "weights   {}", quality(it));
    }
    if let Some(it) = &outcome.by_cost {
        let _ = writeln!(out, "cost      {}", quality(it));
    }
    if let Some(it) = &outcome.fullness {
        let _ = writeln!(
            out,
            "lists     the expected cost is off by {}, the bound by {}; {} of those held against it \
             are covered ({} to {})",
            percent(it.expected_error),
            percent(it.bound_error),
            percent(it.coverage),
            percent(it.interval.low),
            percent(it.interval.high)
        );
    }
    if outcome.tuned.model.measure() == Measure::Type {
        out.push_str("          `measure: type` compares objects only: weights have no effect\n");
    }
    out
}

/// The limit, and what the upstream can bear.
fn limit_as_text(outcome: &Outcome, patch: &Patch) -> String {
    let mut out = String::new();
    for (load, it) in &outcome.capacities {
        let _ = writeln!(out, "capacity  {load:>3} % load: {}", bears(it));
    }
    let _ = writeln!(out, "limit     {}: {}", grouped(outcome.advice.limit()), advice(outcome));
    if patch.to_enforce.is_some() {
        let _ = writeln!(out, "          {}", patch.note());
    }
    for (name, cost) in outcome.dear.iter().take(TOLD) {
        let _ = writeln!(out, "          {:>10}  {name}", grouped(*cost));
    }
    out
}

fn next_as_text(outcome: &Outcome) -> String {
    let (mut out, next) = (String::new(), next(outcome));
    if !next.is_empty() {
        out.push_str("to measure next\n");
    }
    for it in next.iter().take(TOLD) {
        let _ = writeln!(out, "  - {it}");
    }
    if next.len() > TOLD {
        let _ = writeln!(out, "  - and {} more: see the report", next.len().saturating_sub(TOLD));
    }
    out
}

/// 240 shapes: with as many, crossed validation is off by two percent or so.
pub(super) const SHAPES: usize = 240;
/// A fifth: more than most differences that a weight could explain.
const UNSTEADY: f64 = 0.2;
/// A screen.
const TOLD: usize = 8;
