//! What one document spends of the rates that count calls or cost.
//!
//! Only where the policy has such a rate; otherwise no document has any of this. Keeps no count
//! of who has spent what.

use std::sync::Arc;

use crate::{
    cost::{self, Program},
    operation::{Calls, Operation, Variables},
    policy::{Counts, Policy},
    schema::FieldId,
    verdict::Spent,
};

/// What one document spends.
#[derive(Debug)]
pub(super) struct Rated {
    /// The groups are the rates of the policy.
    calls: Option<Calls>,
    /// The price, and the rates that count it.
    cost: Option<(Program, Vec<usize>)>,
}

impl Rated {
    /// Nothing, when no rate counts anything of it.
    pub(super) fn of(policy: &Policy, operation: &Arc<Operation>) -> Option<Self> {
        let groups: Vec<&[FieldId]> = policy.rates.iter().map(|it| called(&it.counts)).collect();
        let is_called = groups.iter().any(|it| !it.is_empty());
        let calls = if is_called { Calls::of(operation, &groups) } else { None };
        let of_cost = policy.rates.iter().enumerate().filter(|(_, it)| it.counts == Counts::Cost);
        let of_cost: Vec<_> = of_cost.map(|(place, _)| place).collect();
        let cost = (!of_cost.is_empty()).then(|| (cost::compile(&policy.cost, operation), of_cost));
        (calls.is_some() || cost.is_some()).then_some(Self { calls, cost })
    }

    /// What one request spends. What has no price, which report mode lets through, spends more
    /// than there is.
    pub(super) fn spent(&self, variables: &Variables<'_>) -> Vec<Spent> {
        let mut spent: Vec<Spent> = Vec::new();
        if let Some(calls) = &self.calls {
            calls.each(variables, |group| {
                let rate = usize::try_from(group).unwrap_or(usize::MAX);
                match spent.iter_mut().find(|it| it.rate == rate) {
                    Some(it) => it.amount = it.amount.saturating_add(1),
                    None => spent.push(Spent { rate, amount: 1 }),
                }
            });
        }
        if let Some((program, rates)) = &self.cost {
            let measure = program.model().measure();
            let amount = program.price(variables).map_or(u64::MAX, |it| it.combined(measure));
            spent.extend(rates.iter().map(|rate| Spent { rate: *rate, amount }));
        }
        spent
    }

    /// Roughly how much it holds.
    pub(super) fn n_parts(&self) -> usize {
        let calls = self.calls.as_ref().map_or(0, Calls::n_parts);
        calls.saturating_add(self.cost.as_ref().map_or(0, |(it, _)| it.n_expressions()))
    }
}

fn called(counts: &Counts) -> &[FieldId] {
    match counts {
        Counts::Calls(fields) => fields,
        Counts::Cost | Counts::Requests => &[],
    }
}
