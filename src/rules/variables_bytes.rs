//! Limit `limits.variables.bytes`: bytes of the JSON text of `variables`.

use crate::{
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
        batch: Batch::Sum,
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
    id: "variables-bytes",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Bytes of the variables",
    owasp: "API4",
    setting: "limits.variables.bytes",
    page: include_str!("variables_bytes.md"),
};

fn measure(_operation: &Operation) -> u64 {
    0
}

fn measure_request(facts: &Facts<'_>) -> u64 {
    facts.variables.shape().bytes
}
