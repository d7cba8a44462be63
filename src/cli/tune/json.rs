//! What was found, for a program.

use serde_json::{Map, Value, json};

use crate::{
    calibration::{Advice, Capacity, Fullness, Identified, Largest, Quality, Weight},
    cli::tune::{
        outcome::Outcome,
        patch::Patch,
        told::{Provenance, column, next},
    },
};

pub(super) fn as_json(outcome: &Outcome, about: &Provenance, patch: &Patch) -> Value {
    let weights = outcome.tuned.weights.iter();
    let weights: Map<_, _> = weights.map(|(on, it, _)| (on.to_string(), json!(it))).collect();
    let assumed = outcome.tuned.lists.iter();
    let assumed: Map<_, _> = assumed.map(|(on, _, it)| (on.to_string(), json!(it))).collect();
    json!({
        "date": about.date,
        "operations": outcome.points.len(),
        "shapes": outcome.fit.shapes,
        "requests": about.requests,
        "left_out": outcome.left_out,
        "quality": outcome.fit.quality.as_ref().map(quality),
        "quality_of_cost": outcome.by_cost.as_ref().map(quality),
        "lists": outcome.fullness.as_ref().map(lists),
        "unit_ms": outcome.tuned.unit,
        "weights_ms": outcome.fit.weights.iter().map(weight).collect::<Vec<_>>(),
        "weights": weights,
        "assumed": assumed,
        "capacity": outcome.capacities.iter().map(capacity).collect::<Vec<_>>(),
        "limit": limit(outcome, about, patch),
        "next": next(outcome),
        "patch": patch.text,
    })
}

fn quality(it: &Quality) -> Value {
    json!({ "n": it.n, "median_error": it.median_error, "p90_error": it.p90_error,
        "r2_log": it.r2_log, "spearman": it.spearman })
}

fn lists(it: &Fullness) -> Value {
    json!({ "median_error": it.expected_error, "bound_error": it.bound_error,
        "coverage": it.coverage, "interval": [it.interval.low, it.interval.high] })
}

fn weight(it: &Weight) -> Value {
    json!({
        "column": column(&it.column),
        "ms": it.value,
        "low": it.interval.low,
        "high": it.interval.high,
        "rows": it.rows,
        "identified": it.identified == Identified::Yes,
    })
}

fn capacity((load, it): &(u32, Capacity)) -> Value {
    let cost = match it.largest {
        Largest::Cost(cost) => Some(cost),
        Largest::Nothing => Some(0),
        Largest::Any | Largest::Unknown => None,
    };
    json!({ "load": load, "base_ms": it.base, "ms_per_unit": it.each, "scale": it.scale,
        "cost": cost, "beyond_measured": it.is_beyond() })
}

fn limit(outcome: &Outcome, about: &Provenance, patch: &Patch) -> Value {
    let mode = if patch.to_enforce.is_some() { "report" } else { "enforce" };
    let Outcome { advice, traffic, .. } = outcome;
    let capacity = match advice {
        Advice::Conflict { capacity, .. } => Some(capacity),
        Advice::Fits(_) | Advice::Unmeasured(_) => None,
    };
    let dear = outcome.dear.iter();
    let dear = dear.map(|(name, cost)| json!({ "operation": name, "cost": cost }));
    json!({ "proposed": advice.limit(), "now": about.limit,
        "mode": mode, "to_enforce": patch.to_enforce,
        "largest": traffic.largest, "legitimate": traffic.n,
        "dearer_to_come": traffic.dearer, "conflict_with_capacity": capacity,
        "in_conflict": dear.collect::<Vec<_>>() })
}
