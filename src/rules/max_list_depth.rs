//! Limit `limits.list_depth`: lists inside lists along one path.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 8,
        ceiling: 200,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-list-depth",
    code: Code::MAX_LIST_DEPTH_LIMIT,
    title: "Lists inside lists along one path",
    owasp: "API4",
    setting: "limits.list_depth",
    page: include_str!("max_list_depth.md"),
};

fn measure(operation: &Operation) -> u64 {
    let schema = operation.schema();
    let mut depths: Vec<u64> = Vec::with_capacity(operation.nodes().len());
    for node in operation.nodes() {
        let above = node.parent.and_then(|it| depths.get(it.index())).copied().unwrap_or(0);
        let own = u64::from(schema.field(node.field).ty.list_depth());
        depths.push(above.saturating_add(own));
    }
    depths.into_iter().max().unwrap_or(0)
}
