//! What the items of a batch add up to: their order decides nothing.

use crate::{
    admission::{Requests, known::Part},
    rules::{Batch, REGISTRY, RuleIdx, Setting},
};

/// What the items of a batch add up to, by rule. A request alone keeps no totals.
#[derive(Debug, Default)]
pub(super) struct Totals {
    measures: Option<Vec<Total>>,
    tallies: Vec<(RuleIdx, u32, u64)>,
    /// Whether nobody can tell what was taken out of one of them: they may add up to less.
    pub(super) is_doubtful: bool,
}

/// The items of one limit share it: one with a limit of its own takes nothing from the others, in
/// whatever order they come.
#[derive(Debug)]
struct Total {
    rule: RuleIdx,
    limit: u64,
    measured: u64,
}

impl Totals {
    pub(super) fn of(requests: &Requests<'_>) -> Self {
        Self::of_so_many(requests.rest.len().saturating_add(1))
    }

    pub(super) fn of_so_many(n_requests: usize) -> Self {
        let measures = (n_requests > 1).then(Vec::new);
        Self { measures, ..Self::default() }
    }

    /// Whether what was measured is all there is to say, and nothing to object to.
    pub(super) fn is_within(&self, part: &Part, limit: u64) -> bool {
        self.measures.is_none() && matches!(part, Part::Measured(it) if *it <= limit)
    }

    /// The measure to compare with the limit: the sum so far, or the measure itself.
    pub(super) fn add(&mut self, (rule, limit): (RuleIdx, u64), measured: u64) -> u64 {
        let Some(totals) = self.measures.as_mut().filter(|_| adds_up(rule)) else {
            return measured;
        };
        match totals.iter_mut().find(|it| (it.rule, it.limit) == (rule, limit)) {
            Some(total) => {
                total.measured = total.measured.saturating_add(measured);
                total.measured
            }
            None => {
                totals.push(Total { rule, limit, measured });
                measured
            }
        }
    }
}

fn adds_up(rule: RuleIdx) -> bool {
    REGISTRY.get(rule.0).is_some_and(|it| match it.setting {
        Setting::Limit { batch, .. } => batch == Batch::Sum,
        Setting::Bound { .. }
        | Setting::Input { .. }
        | Setting::Shape { .. }
        | Setting::Switch { .. } => false,
    })
}

impl Totals {
    /// How often something was called so far.
    pub(super) fn tally(&mut self, rule: RuleIdx, number: u32, times: u64) -> u64 {
        let is_it = |it: &&mut (RuleIdx, u32, u64)| (it.0, it.1) == (rule, number);
        match self.tallies.iter_mut().find(is_it) {
            Some((.., total)) => {
                *total = total.saturating_add(times);
                *total
            }
            None => {
                self.tallies.push((rule, number, times));
                times
            }
        }
    }
}
