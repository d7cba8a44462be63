//! Limit `limits.list_depth`: lists inside lists along one path.

use crate::{
    operation::{NodeId, Operation},
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
    // The lists around a place, and the node behind it.
    let mut open: Vec<(u64, NodeId)> = Vec::new();
    let (mut above, mut end) = (0_u64, NodeId(u32::MAX));
    let mut deepest = 0;
    for (id, node) in (0_u32..).map(NodeId).zip(operation.nodes()) {
        while id >= end {
            (above, end) = open.pop().unwrap_or((0, NodeId(u32::MAX)));
        }
        let own = u64::from(schema.field(node.field).ty.list_depth());
        let depth = above.saturating_add(own);
        deepest = depth.max(deepest);
        if node.end.0 > id.0.saturating_add(1) {
            open.push((above, end));
            (above, end) = (depth, node.end);
        }
    }
    deepest
}
