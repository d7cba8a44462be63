//! Under which @include and @skip conditions a selection takes part.

use crate::{
    operation::{VariableIdx, Variables},
    weight,
};

/// An interned conjunction of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GuardId(u32);

impl GuardId {
    /// No condition at all.
    pub const ALWAYS: Self = Self(0);
    /// Left out whatever the variables, as by `@skip(if: true)`.
    pub const NEVER: Self = Self(1);
}

/// One condition: a Boolean variable must have this value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The variable.
    pub variable: VariableIdx,
    /// `true` for @include, `false` for @skip.
    pub must_be: bool,
}

/// A condition and the conjunction it is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guard {
    /// What else must hold.
    pub rest: GuardId,
    /// What this one adds.
    pub condition: Condition,
}

/// The conjunctions of one operation.
#[derive(Clone, Debug, Default)]
pub struct Guards(Vec<Guard>);

/// The first two ids are not in the table.
const N_FIXED: u32 = 2;

impl Guards {
    /// The conjunction of `rest` and `condition`.
    pub(super) fn and(&mut self, rest: GuardId, condition: Condition) -> GuardId {
        if rest == GuardId::NEVER || self.conditions(rest).any(|it| it == condition) {
            return rest;
        }
        let guard = Guard { rest, condition };
        // Newest first: siblings under one fragment ask for the guard made last.
        let found = self.0.iter().rposition(|it| *it == guard);
        let index = found.unwrap_or_else(|| {
            self.0.push(guard);
            self.0.len().saturating_sub(1)
        });
        GuardId(u32::try_from(index).unwrap_or(u32::MAX).saturating_add(N_FIXED))
    }

    /// The conditions of a conjunction, newest first. `NEVER` has none to show.
    pub fn conditions(&self, id: GuardId) -> impl Iterator<Item = Condition> {
        let mut next = id;
        std::iter::from_fn(move || {
            let guard = self.0.get(next.0.checked_sub(N_FIXED)? as usize)?;
            next = guard.rest;
            Some(guard.condition)
        })
    }

    /// Roughly how many bytes it holds on to.
    pub(crate) const fn weight(&self) -> usize {
        weight::of_vec(&self.0)
    }

    /// Whether a selection takes part. A variable whose value is not known counts as fulfilling
    /// every condition, so that nothing is overlooked.
    #[must_use]
    pub fn admits(&self, id: GuardId, variables: &Variables<'_>) -> bool {
        id != GuardId::NEVER
            && self
                .conditions(id)
                .all(|it| variables.boolean(it.variable).is_none_or(|value| value == it.must_be))
    }
}
