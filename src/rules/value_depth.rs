//! Limit `limits.variables.depth`: lists and objects inside each other in one value, in the document or in a variable.

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
        default: 10,
        ceiling: 32,
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
    id: "value-depth",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Nesting of a value",
    owasp: "API4",
    setting: "limits.variables.depth",
    page: include_str!("value_depth.md"),
};

fn measure(operation: &Operation) -> u64 {
    deepest(operation.document())
}

fn measure_request(facts: &Facts<'_>) -> u64 {
    facts.variables.shape().depth
}

fn deepest(document: &Document) -> u64 {
    // Values stand in preorder: the ends of the containers that are still open form a stack.
    let mut open: Vec<u32> = Vec::new();
    let mut deepest = 0;
    for (value, index) in document.values().iter().zip(0_u32..) {
        while open.last().is_some_and(|end| *end <= index) {
            open.pop();
        }
        if matches!(value.kind, ValueKind::List | ValueKind::Object) {
            open.push(value.end.0);
            deepest = deepest.max(open.len());
        }
    }
    deepest as u64
}
