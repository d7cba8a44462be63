//! Limit `limits.document`: bytes of the document, as the client sent it.

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 32 * 1024,
        ceiling: 1024 * 1024,
        unit: Unit::Bytes,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-document",
    code: Code::MAX_DOCUMENT_LIMIT,
    title: "Bytes of the document",
    owasp: "API4",
    setting: "limits.document",
    page: include_str!("max_document.md"),
};

fn measure(operation: &Operation) -> u64 {
    operation.document().text().len() as u64
}
