//! Limit `operations.max`: operation definitions of the document.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 10,
        ceiling: 500,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-operations",
    code: Code::MAX_OPERATIONS_LIMIT,
    title: "Operations in the document",
    owasp: "API4",
    setting: "operations.max",
    page: include_str!("max_operations.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.document().operations().len() as u64
}
