//! Limit `limits.tokens`: lexical tokens of the document.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 2000,
        ceiling: 100_000,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-tokens",
    code: Code::MAX_TOKENS_LIMIT,
    title: "Lexical tokens of the document",
    owasp: "API4",
    setting: "limits.tokens",
    page: include_str!("max_tokens.md"),
};

fn measure(operation: &Operation) -> u64 {
    u64::from(operation.document().tokens())
}
