//! Limit `limits.variables.count`: variable definitions of the operation.

use crate::{
    document::Ceilings,
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 50,
        ceiling: Ceilings::VARIABLES,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-variables",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Variable definitions of the operation",
    owasp: "API4",
    setting: "limits.variables.count",
    page: include_str!("max_variables.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.variables().len() as u64
}
