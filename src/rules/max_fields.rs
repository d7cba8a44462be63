//! Limit `limits.fields`: fields after spreading and before merging; guarded ones count.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 1500,
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Sum,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-fields",
    code: Code::MAX_FIELDS_LIMIT,
    title: "Fields after spreading fragments",
    owasp: "API4",
    setting: "limits.fields",
    page: include_str!("max_fields.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.nodes().len() as u64
}
