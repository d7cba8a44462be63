//! Limit `limits.variables.list`: elements of the longest list value, in the document or in a variable.

use crate::{
    document::{Document, ValueId, ValueKind},
    operation::Operation,
    rules::{Batch, Entry, Facts, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 500,
        ceiling: 100_000,
        unit: Unit::Count,
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
    id: "list-length",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Elements of a list value",
    owasp: "API4",
    setting: "limits.variables.list",
    page: include_str!("list_length.md"),
};

fn measure(operation: &Operation) -> u64 {
    longest(operation.document())
}

fn measure_request(facts: &Facts<'_>) -> u64 {
    facts.variables.shape().list
}

fn longest(document: &Document) -> u64 {
    let lists = (0_u32..).zip(document.values()).filter(|(_, it)| it.kind == ValueKind::List);
    lists.map(|(id, _)| document.children(ValueId(id)).count()).max().unwrap_or(0) as u64
}
