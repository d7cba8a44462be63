//! Which document came how often, and at which cost: for a person who looks.
//!
//! Counted beside what is known of a document, so that there is no other table to look in. Decides
//! nothing, and forgets a document when the cache does.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{
    admission::{
        judge::{Ready, Refused},
        known::Known,
    },
    policy::TrustedDocument,
    schema::OperationKind,
};

/// What a gate keeps and has seen.
#[derive(Debug)]
pub struct Usage {
    /// Documents in the cache that can be judged.
    pub n_documents: usize,
    /// Documents in the cache that are refused whoever asks.
    pub n_refused: usize,
    /// Texts of clients that were compiled.
    pub compiled: u64,
    /// Every document that came, in no order.
    pub uses: Vec<Use>,
}

/// One operation of a document, and how often it came.
#[derive(Clone, Debug)]
pub struct Use {
    /// SHA-256 of the document's text.
    pub document: [u8; 32],
    /// Its id, when it is listed in a manifest.
    pub trusted: Option<Box<str>>,
    /// Its name, as a JSON literal.
    pub name: Option<Box<str>>,
    /// Its kind.
    pub kind: OperationKind,
    /// How often it was admitted.
    pub admitted: u64,
    /// How often it was refused.
    pub refused: u64,
    /// The cost of all that were admitted.
    pub cost: u64,
    /// The largest cost that was admitted.
    pub largest: u64,
}

/// Counts the requests with one document.
#[derive(Debug, Default)]
pub(super) struct Tally {
    admitted: AtomicU64,
    refused: AtomicU64,
    cost: AtomicU64,
    largest: AtomicU64,
}

impl Tally {
    fn admit(&self, cost: u64) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
        self.cost.fetch_add(cost, Ordering::Relaxed);
        if self.largest.load(Ordering::Relaxed) < cost {
            self.largest.fetch_max(cost, Ordering::Relaxed);
        }
    }
}

impl Known {
    /// Tells a refusal what it is about.
    pub(super) fn name(&self, judged: Result<Ready, Refused>) -> Result<Ready, Refused> {
        match (self, judged) {
            (Self::Judgeable(it), Err(mut refused)) => {
                refused.subject.document = Some(it.hash.clone());
                refused.subject.kind = Some(it.kind);
                Err(refused)
            }
            (Self::Refused(_, hash, _), Err(mut refused)) => {
                refused.subject.document.clone_from(hash);
                Err(refused)
            }
            (Self::Judgeable(_) | Self::Refused(..), Ok(ready)) => Ok(ready),
        }
    }

    /// Counts a request, with its cost when it was admitted, once its batch is decided.
    pub(super) fn count(&self, admitted: Option<u64>) {
        match (self, admitted) {
            (Self::Judgeable(it), Some(cost)) => it.tally.admit(cost),
            (Self::Judgeable(it), None) => {
                it.tally.refused.fetch_add(1, Ordering::Relaxed);
            }
            (Self::Refused(..), _) => {}
        }
    }
}

impl Ready {
    /// The cost to count: a saturated one, which report mode lets through, would spoil the sum.
    pub(super) fn cost(&self) -> u64 {
        self.item.cost.filter(|it| *it < u64::MAX).unwrap_or(0)
    }
}

impl Use {
    /// Nothing for a document that never came.
    pub(super) fn of(known: &Known, trusted: Option<&TrustedDocument>) -> Option<Self> {
        let Known::Judgeable(it) = known else { return None };
        let value = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let tally = &it.tally;
        let found = Self {
            document: it.hash.digest().0,
            trusted: trusted.map(|it| it.id.to_string().into()),
            name: it.name.clone(),
            kind: it.kind,
            admitted: value(&tally.admitted),
            refused: value(&tally.refused),
            cost: value(&tally.cost),
            largest: value(&tally.largest),
        };
        (found.admitted > 0 || found.refused > 0).then_some(found)
    }
}
