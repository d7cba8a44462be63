//! Limit `limits.depth`: levels of fields: a root field is 1, the leaf counts, fragments do not.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 15,
        ceiling: 200,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-depth",
    code: Code::MAX_DEPTH_LIMIT,
    title: "Depth of the selections",
    owasp: "API4",
    setting: "limits.depth",
    page: include_str!("max_depth.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.nodes().iter().map(|it| u64::from(it.depth)).max().unwrap_or(0)
}
