//! Limit `limits.variables.string`: bytes of the longest string value, escapes resolved, in the document or in a variable.

use crate::{
    document::{Document, ValueKind},
    operation::Operation,
    rules::{Batch, Entry, Facts, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 64 * 1024,
        ceiling: 16 * 1024 * 1024,
        unit: Unit::Bytes,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| {
            Box::new(Limit {
                meta: &META,
                of_operation: measure,
                of_request: Some(measure_request),
            })
        },
    },
};

static META: Meta = Meta {
    id: "string-length",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Bytes of a string value",
    owasp: "API4",
    setting: "limits.variables.string",
    page: include_str!("string_length.md"),
};

fn measure(operation: &Operation) -> u64 {
    longest(operation.document())
}

fn measure_request(facts: &Facts<'_>) -> u64 {
    facts.variables.shape().string
}

fn longest(document: &Document) -> u64 {
    let strings = document.values().iter().filter_map(|it| match it.kind {
        ValueKind::String(string) => Some(document.string(string).len()),
        _ => None,
    });
    strings.max().unwrap_or(0) as u64
}
