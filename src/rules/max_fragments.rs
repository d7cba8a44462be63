//! Limit `limits.fragments`: fragment definitions of the document.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 50,
        ceiling: 500,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-fragments",
    code: Code::MAX_FRAGMENTS_LIMIT,
    title: "Fragment definitions in the document",
    owasp: "API4",
    setting: "limits.fragments",
    page: include_str!("max_fragments.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.document().fragments().len() as u64
}
