//! What an operation spends of the rates, for a person and for a program.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use crate::policy::{Allowance, Counts, Rate};

pub(super) fn as_text(spent: &[(Arc<Rate>, u64)]) -> String {
    let mut out = String::new();
    for (rate, amount) in spent {
        let head = if out.is_empty() { "\n" } else { "" };
        let (name, most, key) = (&rate.name, rate.most(), &rate.key);
        let what = what(rate);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{head}  rate {name:<29} {amount} of {most} {what}, by `{key}`");
    }
    out
}

pub(super) fn as_json((rate, amount): &(Arc<Rate>, u64)) -> Value {
    json!({
        "rate": rate.name,
        "spends": amount,
        "of": rate.most(),
        "counts": what(rate),
        "key": rate.key.to_string(),
    })
}

const fn what(rate: &Rate) -> &'static str {
    match (&rate.counts, rate.allowance) {
        (_, Allowance::InFlight(_)) => "at a time",
        (Counts::Calls(_), Allowance::Paced(_)) => "calls",
        (Counts::Cost, Allowance::Paced(_)) => "cost",
        (Counts::Failed(_), Allowance::Paced(_)) => "failed calls",
        (Counts::Requests, Allowance::Paced(_)) => "requests",
    }
}
