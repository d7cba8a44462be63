//! What a request has spent, until its answer is known: what runs is freed at its end, and what
//! the answer says was not spent is given back.
//!
//! Refuses nothing.

use std::{rc::Rc, sync::Arc};

use crate::{
    cost::{Measure, Price},
    policy::{Counts, Rate},
    quota::{Held, Key, Limiter, Link, Outcomes, Slot, Taken},
    transport::Refusal,
    verdict::Fault,
};

/// What a request has spent.
#[derive(Debug, Default)]
pub(super) struct Charges {
    slots: Vec<Slot>,
    held: Vec<Charge>,
    /// The upstream was asked, so that calls may have failed.
    is_sent: bool,
}

/// What was spent of one rate.
#[derive(Debug)]
pub(super) struct Charge {
    rate: Arc<Rate>,
    limiter: Arc<Limiter>,
    key: Key,
    held: Held,
    /// The same in the budget that replicas share.
    shared: Option<(Rc<Link>, Taken)>,
    parts: Vec<Part>,
}

/// The part of one item of a batch.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) item: usize,
    pub(super) amount: u64,
    /// The response keys of its calls, where what fails is counted.
    pub(super) keys: Vec<Box<str>>,
}

/// What is known of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// By item, what it cost.
    pub(super) prices: &'a [Option<Price>],
    pub(super) measure: Measure,
    /// The whole of it, when that was kept.
    pub(super) outcomes: Option<&'a Outcomes<'a>>,
}

impl Charges {
    /// Something runs until this ends.
    pub(super) fn run(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// Something was spent; whether it stays so, others may have to say first.
    pub(super) fn hold(&mut self, charge: Charge) {
        self.held.push(charge);
    }

    /// What was spent last was taken from the budget that replicas share, too, or is not shared.
    pub(super) fn confirm(&mut self, shared: Option<(Rc<Link>, Taken)>) {
        if let Some(charge) = self.held.last_mut() {
            charge.shared = shared;
        }
        // Of the others nothing is ever given back.
        self.held.pop_if(|it| !it.rate.is_settled());
    }

    /// What was spent last is not: the amount is given back.
    pub(super) fn undo(&mut self, amount: u64) {
        self.held.pop().inspect(|it| it.give_back(amount));
    }

    /// The upstream is asked.
    pub(super) const fn sent(&mut self) {
        self.is_sent = true;
    }

    /// True when there is anything to be done once the answer is there.
    pub(super) fn wait(&self) -> bool {
        !self.slots.is_empty() || !self.held.is_empty()
    }

    /// True when failures are counted.
    pub(super) fn want_outcomes(&self) -> bool {
        self.held.iter().any(|it| matches!(it.rate.counts, Counts::Failed(_)))
    }

    /// Nothing is given back: there will be no answer that says all.
    pub(super) fn keep(&mut self) {
        self.held.clear();
    }

    /// Gives back what was not spent after all; once.
    pub(super) fn settle(&mut self, known: Known<'_>) {
        for charge in self.held.drain(..) {
            let unspent = charge.parts.iter().map(|it| charge.unspent(it, known));
            charge.give_back(unspent.fold(0, u64::saturating_add));
        }
    }
}

impl Drop for Charges {
    /// A call that never reached the upstream has not failed.
    fn drop(&mut self) {
        if self.is_sent {
            return;
        }
        for charge in self.held.drain(..) {
            if matches!(charge.rate.counts, Counts::Failed(_)) {
                let amounts = charge.parts.iter().map(|it| it.amount);
                charge.give_back(amounts.fold(0, u64::saturating_add));
            }
        }
    }
}

impl Charge {
    /// `parts` are those of the answer by which it is settled.
    pub(super) const fn new(
        rate: Arc<Rate>,
        limiter: Arc<Limiter>,
        (key, held): (Key, Held),
        parts: Vec<Part>,
    ) -> Self {
        Self { rate, limiter, key, held, shared: None, parts }
    }

    /// How much of a part the answer says was not spent. What it does not say was.
    fn unspent(&self, part: &Part, known: Known<'_>) -> u64 {
        match self.rate.counts {
            Counts::Cost => {
                let price = known.prices.get(part.item).copied().flatten();
                let actual = price.map(|it| it.combined(known.measure));
                actual.map_or(0, |it| part.amount.saturating_sub(it))
            }
            Counts::Failed(_) => {
                let has_failed =
                    |key: &str| known.outcomes.and_then(|it| it.has_failed(part.item, key));
                let n = part.keys.iter().filter(|it| has_failed(it) == Some(false)).count();
                u64::try_from(n).unwrap_or(0).min(part.amount)
            }
            Counts::Calls(_) | Counts::Requests => 0,
        }
    }

    fn give_back(&self, amount: u64) {
        if amount == 0 {
            return;
        }
        self.limiter.give_back(&self.key, self.held, amount);
        if let Some((link, taken)) = &self.shared {
            link.give_back(taken, amount);
        }
    }
}

/// A refusal that says that the upstream has seen nothing of the request. One that broke off may
/// have run it: what was tried there counts.
pub(super) fn note_unsent(why: &Refusal, charges: &mut Charges) {
    if matches!(why, Refusal::Fault(Fault::Busy { .. } | Fault::Unreached { .. })) {
        charges.is_sent = false;
    }
}
