//! Limit `limits.variables.bytes`: bytes of the JSON text of `variables`.

use std::sync::Arc;

use crate::{
    operation::Operation,
    rules::{Batch, Entry, Facts, Meta, Residual, Rule, Setting, Specialised, Unit},
    verdict::{Code, Findings, Mode},
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
        rule: |_| Box::new(VariablesBytes),
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

#[derive(Debug)]
struct VariablesBytes;

impl Rule for VariablesBytes {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// Depends on the request even where the operation declares nothing: what nobody declared was
    /// sent and read as well.
    fn specialise(&self, _operation: &Arc<Operation>) -> Specialised {
        Specialised::Depends(Box::new(Self))
    }
}

impl Residual for VariablesBytes {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        found.measure(facts.variables.shape().bytes);
    }

    fn weight(&self) -> Option<usize> {
        Some(0)
    }
}
