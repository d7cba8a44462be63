//! What all limits have in common: a number of the operation, and perhaps one of the request.

use std::sync::Arc;

use crate::{
    operation::Operation,
    rules::{Facts, Meta, Residual, Rule, Specialised},
    verdict::Findings,
};

/// A rule that only measures; the comparison is `admission`'s.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) meta: &'static Meta,
    /// What the document alone decides.
    pub(super) of_operation: fn(&Operation) -> u64,
    /// What variables add; the larger of the two counts.
    pub(super) of_request: Option<fn(&Facts<'_>) -> u64>,
}

impl Rule for Limit {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let at_least = (self.of_operation)(operation);
        match self.of_request {
            None => Specialised::Measured(at_least),
            // Without variables there is nothing that a request could add.
            Some(_) if operation.variables().is_empty() => Specialised::Measured(at_least),
            Some(of_request) => Specialised::Depends(Box::new(Larger { at_least, of_request })),
        }
    }
}

#[derive(Debug)]
struct Larger {
    at_least: u64,
    of_request: fn(&Facts<'_>) -> u64,
}

impl Residual for Larger {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        found.measure(self.at_least.max((self.of_request)(facts)));
    }

    fn weight(&self) -> Option<usize> {
        Some(size_of::<Self>())
    }
}
