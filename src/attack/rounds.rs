//! The order of attempts: rule by rule in turn, so that a bound cuts from all of them.

use std::collections::BTreeMap;

use crate::attack::Attempt;

/// The first of every rule, coordinate and caller, then the second of each, and so on.
pub(super) fn mixed(attempts: Vec<Attempt>) -> Vec<Attempt> {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut placed: Vec<(usize, Attempt)> = Vec::new();
    for attempt in attempts {
        let n = seen.entry((attempt.rule, attempt.at.clone(), attempt.who.clone())).or_default();
        placed.push((*n, attempt));
        *n = n.saturating_add(1);
    }
    // Stable: within a round the order stays.
    placed.sort_by_key(|(round, _)| *round);
    placed.into_iter().map(|(_, it)| it).collect()
}
