//! Limit `limits.root_fields`: root fields after spreading and before merging.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 20,
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Sum,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-root-fields",
    code: Code::MAX_ROOT_FIELDS_LIMIT,
    title: "Root fields after spreading fragments",
    owasp: "API4",
    setting: "limits.root_fields",
    page: include_str!("max_root_fields.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.nodes().iter().filter(|it| it.parent.is_none()).count() as u64
}
