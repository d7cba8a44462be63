//! What of a policy no case touches: rules that never object, items that never decide, conditions
//! that never hold or never fail, profiles that nobody has.

use std::collections::BTreeSet;

use crate::{
    cli::test::trial::Trial,
    policy::{Policy, ProfileIdx, Stance},
    rules::RuleIdx,
};

/// What no case touches.
#[derive(Debug)]
pub(super) struct Coverage {
    /// Rules that are on, and that the file does not leave to the default.
    pub(super) rules: Vec<&'static str>,
    /// How many such rules there are.
    pub(super) n_rules: usize,
    /// Items of rules, as `rule: item`.
    pub(super) items: Vec<String>,
    /// How many items there are.
    pub(super) n_items: usize,
    /// Conditions, as `name never holds`.
    pub(super) conditions: Vec<String>,
    /// Profiles.
    pub(super) profiles: Vec<Box<str>>,
}

/// Whether the file says something of a rule, and some profile has it.
fn is_on(policy: &Policy, rule: RuleIdx) -> bool {
    let mut profiles = (0..policy.profiles().len()).map(ProfileIdx);
    policy.says(rule) && profiles.any(|it| matches!(policy.stance(it, rule), Stance::On { .. }))
}

impl Coverage {
    pub(super) fn of<'t>(policy: &Policy, trials: impl Iterator<Item = &'t Trial>) -> Self {
        let mut objecting = BTreeSet::new();
        let mut items = BTreeSet::new();
        let mut answers = BTreeSet::new();
        let mut profiles = BTreeSet::new();
        for trial in trials {
            objecting.extend(trial.objecting.iter().copied());
            items.extend(trial.items.iter().cloned());
            answers.extend(trial.conditions.iter().cloned());
            profiles.extend(trial.profile);
        }
        let on: Vec<_> = policy.rules().filter(|(idx, _)| is_on(policy, *idx)).collect();
        let known = policy
            .rules()
            .flat_map(|(_, rule)| rule.items().into_iter().map(move |item| (rule.meta().id, item)));
        let known: Vec<_> = known.collect();
        let idle = known.iter().filter(|it| !items.contains(*it));
        let sides = [(true, "never holds"), (false, "never fails")];
        let names = policy.conditions.names();
        let one_sided = names.iter().flat_map(|name| {
            let missing = sides.iter().filter(|(it, _)| !answers.contains(&(name.clone(), *it)));
            missing.map(move |(_, what)| format!("{name} {what}"))
        });
        let unused = policy.profiles().iter().enumerate().skip(1);
        let unused = unused.filter(|(n, _)| !profiles.iter().any(|it| it.index() == *n));
        Self {
            rules: on
                .iter()
                .map(|(_, rule)| rule.meta().id)
                .filter(|it| !objecting.contains(it))
                .collect(),
            n_rules: on.len(),
            items: idle.map(|(rule, item)| format!("{rule}: {item}")).collect(),
            n_items: known.len(),
            conditions: one_sided.collect(),
            profiles: unused.map(|(_, it)| it.name.clone()).collect(),
        }
    }

    /// True when every item, condition and profile was touched. Rules without items, such as
    /// limits, are told and do not count: nobody needs a case for each number.
    pub(super) const fn is_complete(&self) -> bool {
        self.items.is_empty() && self.conditions.is_empty() && self.profiles.is_empty()
    }
}
