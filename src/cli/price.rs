//! The cost of a request on paper: a tree, the limit and the margin, and what would pass.
//!
//! Computes nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    admission::CostTold,
    cost::{Exactness, Measure, Price, PricedField, SliceAdvice},
};

/// The cost for a person; also what decides in its place, an operation that is not selected.
pub(super) fn as_text(cost: &CostTold, dearer: Option<(&str, u64)>) -> String {
    let CostTold { measure, combined, limit, told } = cost;
    let Price { types, fields } = told.price;
    let mut out = match limit {
        None => format!("cost {combined}, no limit\n"),
        Some(limit) if combined > limit => {
            format!("cost {combined} of {limit}: over by {}\n", combined.saturating_sub(*limit))
        }
        Some(limit) => {
            format!("cost {combined} of {limit}: {} to spare\n", limit.saturating_sub(*combined))
        }
    };
    // Writing to a string cannot fail.
    if let Some((other, cost)) = dearer {
        let _ =
            writeln!(out, "  of the selected operation; {other}, which is judged too, has {cost}");
    }
    let _ = writeln!(out, "  type {types}, field {fields}; compared: {}", word(*measure));
    if told.price.is_saturated() {
        out.push_str("  more than a number can hold; no limit allows that\n");
    }
    out.push_str(match told.exactness {
        Exactness::Exact => "",
        Exactness::Loose => {
            "  an upper bound: an abstract type weighs what the heaviest does that it can be\n"
        }
        Exactness::Spent => {
            "  too large to be priced exactly: this is an upper bound of the bound\n"
        }
    });
    for field in &told.parts {
        row(&mut out, field, *measure);
    }
    for slice in told.slices.iter().filter(|_| limit.is_some_and(|it| *combined > it)) {
        let _ = writeln!(out, "  {}", advice(slice));
    }
    out
}

/// The cost of all calls together, the place, and how it comes about.
fn row(out: &mut String, field: &PricedField, measure: Measure) {
    let all = all_calls(field).combined(measure);
    let indent = (field.depth as usize).saturating_mul(2);
    let _ = write!(out, "{all:>22}{:indent$}{}", "", field.coordinate);
    let name = field.coordinate.rsplit_once('.').map(|it| it.1);
    if name != Some(&*field.key) {
        let _ = write!(out, " as {}", field.key);
    }
    if field.calls != 1 {
        let _ = write!(out, ", {} calls", field.calls);
    }
    for size in &field.sizes {
        let _ = write!(out, ", × {size}");
    }
    out.push('\n');
}

fn all_calls(field: &PricedField) -> Price {
    let Price { types, fields } = field.price;
    Price { types: types.saturating_mul(field.calls), fields: fields.saturating_mul(field.calls) }
}

fn advice(slice: &SliceAdvice) -> String {
    let (field, argument) = slice.coordinate.split_once('(').unwrap_or((&slice.coordinate, ""));
    let argument = argument.trim_end_matches(":)");
    let held = slice.variable.as_ref().map(|it| format!(" (`${it}`)")).unwrap_or_default();
    match slice.largest {
        Some(largest) => format!("`{argument}`{held} of {field} ≤ {largest} would pass"),
        None => format!("no `{argument}`{held} of {field} alone would pass"),
    }
}

/// The cost for a program.
pub(super) fn as_json(cost: &CostTold) -> Value {
    let CostTold { measure, combined, limit, told } = cost;
    let margin = |it: u64| it.checked_signed_diff(*combined).unwrap_or(i64::MIN);
    json!({
        "type": told.price.types,
        "field": told.price.fields,
        "combined": combined,
        "measure": word(*measure),
        "exact": told.exactness == Exactness::Exact,
        "saturated": told.price.is_saturated(),
        "limit": limit,
        "margin": limit.map(margin),
        "tree": told.parts.iter().map(field).collect::<Vec<_>>(),
        "coordinates": told.coordinates.iter().map(coordinate).collect::<Vec<_>>(),
        "slices": told.slices.iter().map(slice).collect::<Vec<_>>(),
    })
}

fn field(field: &PricedField) -> Value {
    let Price { types, fields } = all_calls(field);
    json!({
        "depth": field.depth,
        "key": field.key,
        "coordinate": field.coordinate,
        "sizes": field.sizes,
        "calls": field.calls,
        "type": types,
        "field": fields,
    })
}

fn coordinate((coordinate, price): &(Box<str>, Price)) -> Value {
    json!({ "coordinate": coordinate, "type": price.types, "field": price.fields })
}

fn slice(slice: &SliceAdvice) -> Value {
    json!({
        "coordinate": slice.coordinate,
        "variable": slice.variable,
        "largest": slice.largest,
        "advice": advice(slice),
    })
}

const fn word(measure: Measure) -> &'static str {
    match measure {
        Measure::Both => "both",
        Measure::Field => "field",
        Measure::Type => "type",
    }
}
