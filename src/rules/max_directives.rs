//! Limit `limits.directives`: directives written in the document.

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
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Sum,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-directives",
    code: Code::MAX_DIRECTIVES_LIMIT,
    title: "Directives in the document",
    owasp: "API4",
    setting: "limits.directives",
    page: include_str!("max_directives.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.document().directives().len() as u64
}
