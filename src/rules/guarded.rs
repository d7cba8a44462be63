//! Objections to selections that @skip or @include may leave out.

use crate::{
    operation::{Condition, GuardId, Operation},
    rules::{Facts, Residual, Specialised},
    verdict::{Findings, Violation},
    weight,
};

/// An objection, and the conditions under which the selection takes part.
#[derive(Debug)]
struct Guarded {
    conditions: Vec<Condition>,
    violation: Violation,
}

/// Objects to selections: at once where they always take part, per request where they may not.
pub(super) fn object_to(
    operation: &Operation,
    objections: impl Iterator<Item = (GuardId, Violation)>,
) -> Specialised {
    let mut certain = Vec::new();
    let mut possible = Vec::new();
    for (guard, violation) in objections.filter(|(guard, _)| *guard != GuardId::NEVER) {
        let conditions: Vec<_> = operation.guards().conditions(guard).collect();
        if conditions.is_empty() {
            certain.push(violation);
        } else {
            possible.push(Guarded { conditions, violation });
        }
    }
    if !certain.is_empty() {
        Specialised::Violated(certain)
    } else if possible.is_empty() {
        Specialised::Holds
    } else {
        Specialised::Depends(Box::new(Possible(possible)))
    }
}

#[derive(Debug)]
struct Possible(Vec<Guarded>);

impl Residual for Possible {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        for guarded in &self.0 {
            // A value that is not known counts as fulfilling the condition.
            let takes_part = guarded.conditions.iter().all(|it| {
                facts.variables.boolean(it.variable).is_none_or(|value| value == it.must_be)
            });
            if takes_part {
                found.object(guarded.violation.clone());
            }
        }
    }

    fn weight(&self) -> Option<usize> {
        let each = |it: &Guarded| [weight::of_vec(&it.conditions), it.violation.weight()];
        Some(weight::sum(self.0.iter().flat_map(each).chain([weight::of_vec(&self.0)])))
    }
}
