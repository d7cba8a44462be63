//! What one document spends of the rates that count documents, calls or cost.
//!
//! Only where the policy has such a rate; otherwise no document has any of this. Keeps no count
//! of who has spent what.

mod argument;
mod canonical;

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    admission::rated::canonical::Canonical,
    cost::{self, Program},
    digest::Digest,
    json,
    operation::{Calls, Node, Operation, Resolved, Variables},
    policy::{Counts, Policy, Rate, RateKey},
    verdict::Spent,
    weight,
};

/// By rate and value of a variable: its digest.
type Known = HashMap<(usize, json::Place), Option<[u8; 32]>>;

/// What one document spends.
#[derive(Debug)]
pub(super) struct Rated {
    rates: Vec<Arc<Rate>>,
    /// The groups are the rates.
    calls: Option<Calls>,
    /// The price, when a rate counts it.
    cost: Option<Program>,
    /// SHA-256 of the canonical text, when a rate counts by it.
    document: Option<Digest>,
}

impl Rated {
    /// Nothing, when no rate counts anything of it.
    pub(super) fn of(policy: &Policy, operation: &Arc<Operation>, canonical: &str) -> Option<Self> {
        let rates = policy.rates.clone();
        let groups: Vec<_> = rates.iter().map(|it| it.counts.fields()).collect();
        let is_called = groups.iter().any(|it| !it.as_slice().is_empty());
        let calls = if is_called { Calls::of(operation, &groups) } else { None };
        let has_price = rates.iter().any(|it| it.counts == Counts::Cost);
        let cost = has_price.then(|| cost::compile(&policy.cost, operation));
        let by_document = rates.iter().any(|it| it.key == RateKey::Document);
        let document = by_document.then(|| Digest::of(canonical.as_bytes()));
        let is_rated = calls.is_some() || cost.is_some() || document.is_some();
        is_rated.then_some(Self { rates, calls, cost, document })
    }

    /// What one request spends. What has no price, which report mode lets through, spends more
    /// than there is.
    pub(super) fn spent(&self, variables: &Variables<'_>) -> Vec<Spent> {
        let (mut spent, mut known): (Vec<Spent>, Known) = Default::default();
        if let Some(calls) = &self.calls {
            calls.each(variables, |group, node| {
                let place = usize::try_from(group).unwrap_or(usize::MAX);
                let Some(rate) = self.rates.get(place) else { return };
                let of =
                    self.of_call((place, rate), (calls.operation(), node), variables, &mut known);
                let key = matches!(rate.counts, Counts::Failed(_));
                let key = key.then(|| calls.operation().key(node).into());
                match spent.iter_mut().find(|it| (it.rate, it.of) == (place, of)) {
                    Some(it) => {
                        it.amount = it.amount.saturating_add(1);
                        it.keys.extend(key);
                    }
                    None => {
                        let keys = key.into_iter().collect();
                        spent.push(Spent { rate: place, of, amount: 1, keys });
                    }
                }
            });
        }
        let price = self.cost.as_ref().map(|program| {
            let measure = program.model().measure();
            program.price(variables).map_or(u64::MAX, |it| it.combined(measure))
        });
        for (place, rate) in self.rates.iter().enumerate() {
            let amount = match rate.counts {
                Counts::Cost => price.unwrap_or(0),
                Counts::Requests if rate.key == RateKey::Document => 1,
                Counts::Calls(_) | Counts::Failed(_) | Counts::Requests => continue,
            };
            spent.push(Spent { rate: place, of: self.document_of(rate), amount, keys: Vec::new() });
        }
        spent
    }

    /// Roughly how many bytes it holds on to, beside the operation.
    pub(super) fn weight(&self) -> usize {
        /// Of a call: its group, its path and its node, and the room that a vector grows by.
        const PER_CALL: usize = 32;
        let calls = self.calls.as_ref().map_or(0, Calls::n_parts).saturating_mul(PER_CALL);
        let cost = self.cost.as_ref().map_or(0, Program::weight);
        weight::sum([size_of::<Self>(), weight::of_vec(&self.rates), calls, cost])
    }

    fn of_call(
        &self,
        (place, rate): (usize, &Rate),
        (operation, node): (&Operation, &Node),
        variables: &Variables<'_>,
        known: &mut Known,
    ) -> Option<[u8; 32]> {
        let RateKey::Argument(key) = &rate.key else { return self.document_of(rate) };
        let given = argument::given(operation, variables, node, &key.path)?;
        let digest = || {
            let text = argument::text(Canonical { operation, variables }, given)?;
            Some(Digest::of(key.normalise.apply(&text).as_bytes()).0)
        };
        match given {
            // A variable may be given to thousands of calls.
            Resolved::Json(it) => *known.entry((place, it.place())).or_insert_with(digest),
            Resolved::Absent | Resolved::Const(_) | Resolved::Literal(_) | Resolved::Unknown => {
                digest()
            }
        }
    }

    fn document_of(&self, rate: &Rate) -> Option<[u8; 32]> {
        self.document.filter(|_| rate.key == RateKey::Document).map(|it| it.0)
    }
}
