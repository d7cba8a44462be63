//! The cost of an operation: `cost.max`.
//!
//! Compiled to a program once per document, priced with the variables of every request. What
//! things cost, and how that is computed, is `crate::cost`'s.

use std::sync::Arc;

use crate::{
    cost::{Model, Program, compile},
    operation::Operation,
    rules::{Batch, Entry, Facts, Meta, Residual, Rule, Setting, Specialised, Unit},
    verdict::{Code, Findings, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 1000,
        ceiling: 1_000_000_000_000,
        unit: Unit::Count,
        batch: Batch::Sum,
        // The right number depends on the upstream: 162 of 1,254 real operations exceed 1000.
        mode: Mode::Report,
        rule: |ground| Box::new(Cost { model: Arc::clone(ground.cost) }),
    },
};

/// What the rule is called.
pub const ID: &str = "cost";

static META: Meta = Meta {
    id: ID,
    code: Code::COST_ESTIMATED_TOO_EXPENSIVE,
    title: "Cost of the operation",
    owasp: "API4",
    setting: "cost.max",
    page: include_str!("cost.md"),
};

#[derive(Debug)]
struct Cost {
    model: Arc<Model>,
}

impl Rule for Cost {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        Specialised::Depends(Box::new(Priced(compile(&self.model, operation))))
    }

    fn judges_what_goes_on(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Priced(Program);

impl Residual for Priced {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        match self.0.price(facts.variables) {
            // A saturated price is `u64::MAX` in one measure, which no limit allows.
            Ok(price) => found.measure(price.combined(self.0.model().measure())),
            Err(violation) => found.object(violation),
        }
    }

    fn weight(&self) -> Option<usize> {
        Some(size_of::<Self>().saturating_add(self.0.weight()))
    }
}
