//! The tuned file, as YAML.

use std::fmt::Write as _;

use crate::{
    calibration::{Advice, Column, Fill, Identified, Interval, Largest},
    cli::tune::{outcome::Outcome, told::Provenance},
};

/// The text of the file.
pub(super) fn write(outcome: &Outcome, about: &Provenance) -> String {
    let mut out = format!(
        "# Written by `portcullis tune`. A policy reads it with `cost: {{ tuned: {} }}`;\n\
         # what the policy says itself wins.\n",
        about.file
    );
    // Writing to a string cannot fail.
    let _ = provenance(&mut out, outcome, about);
    let _ = numbers(&mut out, outcome);
    out
}

fn provenance(out: &mut String, outcome: &Outcome, about: &Provenance) -> std::fmt::Result {
    writeln!(out, "provenance:")?;
    writeln!(out, "  date: {}", about.date)?;
    writeln!(out, "  schema: \"sha256:{}\"", about.schema)?;
    writeln!(out, "  target: {:?}", about.target)?;
    writeln!(
        out,
        "  n: {{ operations: {}, shapes: {}, requests: {} }}",
        outcome.points.len(),
        outcome.fit.shapes,
        about.requests
    )?;
    quality(out, outcome)?;
    writeln!(out, "  unit_ms: {:.6}", outcome.tuned.unit)?;
    limit(out, outcome)?;
    fills(out, outcome)
}

/// How well the weights and the list sizes predict.
fn quality(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    if let Some(it) = outcome.fit.quality {
        writeln!(
            out,
            "  quality: {{ median_error: {:.3}, p90_error: {:.3}, r2_log: {:.3}, spearman: {:.3} }}",
            it.median_error, it.p90_error, it.r2_log, it.spearman
        )?;
    }
    if let Some(it) = outcome.fullness {
        writeln!(
            out,
            "  lists: {{ median_error: {:.3}, bound_error: {:.3}, coverage: {:.3}, interval: [{:.3}, {:.3}] }}",
            it.expected_error, it.bound_error, it.coverage, it.interval.low, it.interval.high
        )?;
    }
    Ok(())
}

/// The limit that is proposed, and what it was weighed against.
fn limit(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let Outcome { advice, traffic, .. } = outcome;
    let verdict = match advice {
        Advice::Conflict { .. } => "conflict",
        Advice::Fits(_) => "fits",
        Advice::Unmeasured(_) => "unmeasured",
    };
    write!(out, "  limit: {{ proposed: {}, side: traffic, capacity: ", advice.limit())?;
    match outcome.capacities.last().map(|it| it.1.largest) {
        Some(Largest::Cost(it)) => write!(out, "{it}")?,
        Some(Largest::Nothing) => write!(out, "0")?,
        Some(Largest::Any | Largest::Unknown) | None => write!(out, "unknown")?,
    }
    writeln!(
        out,
        ", verdict: {verdict}, budget_ms: {:.0}, largest: {}, seen: {}, dearer_to_come: {:.4} }}",
        outcome.budget, traffic.largest, traffic.n, traffic.dearer
    )
}

/// How full lists were: the bound stays what arguments say.
fn fills(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let lists: Vec<(&Box<str>, &Fill)> = outcome.fills.iter().filter(|it| it.1.is_list).collect();
    if lists.is_empty() {
        return Ok(());
    }
    writeln!(out, "  # How full lists were: on the whole, and nine of ten at most.")?;
    writeln!(out, "  fill:")?;
    for (coordinate, fill) in lists {
        writeln!(
            out,
            "    {coordinate}: {{ mean: {:.3}, upper: {:.3}, n: {} }}",
            fill.mean(),
            fill.upper(0.1),
            fill.n
        )?;
    }
    Ok(())
}

fn numbers(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let tuned = &outcome.tuned;
    if let Some(it) = tuned.defaults {
        let (object, mutation) = (it.fields.object, it.mutation);
        writeln!(out, "defaults: {{ field: {{ object: {object} }}, mutation: {mutation} }}")?;
    }
    if !tuned.weights.is_empty() {
        writeln!(out, "weights:")?;
    }
    for (coordinate, weight, place) in &tuned.weights {
        let Some(found) = outcome.fit.weights.get(*place) else { continue };
        let Interval { low, high } = found.interval;
        write!(out, "  {coordinate}: {weight}  # {:.3} ms, {low:.3} to {high:.3}", found.value)?;
        match (&found.column, &found.identified) {
            (Column::Others { of, .. }, _) => writeln!(out, ", as others of {of}")?,
            (_, Identified::With(_)) => writeln!(out, ", not told apart")?,
            (_, Identified::Rare | Identified::Yes) => writeln!(out)?,
        }
    }
    if !tuned.lists.is_empty() {
        writeln!(out, "lists:")?;
    }
    for (coordinate, before, now) in &tuned.lists {
        let n = outcome.fills.get(coordinate).map_or(0, |it| it.n);
        writeln!(out, "  {coordinate}: {{ assumed: {now} }}  # {before} before; {n} lists")?;
    }
    Ok(())
}
