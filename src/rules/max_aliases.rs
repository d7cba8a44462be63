//! Limit `limits.aliases`: aliased fields after spreading.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 60,
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Sum,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-aliases",
    code: Code::MAX_ALIASES_LIMIT,
    title: "Aliases after spreading fragments",
    owasp: "API4",
    setting: "limits.aliases",
    page: include_str!("max_aliases.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.nodes().iter().filter(|it| it.alias.is_some()).count() as u64
}
