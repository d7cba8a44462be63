//! What the conditions of a request may take: values made for them, and questions asked of the
//! interpreter. Each costs about as long as the next, and all rules and all items of a batch pay
//! from the same purse.

use crate::{
    expression::{Asked, When},
    operation::Operation,
    rules::Facts,
};

/// The purse of a request, as one rule sees it.
#[derive(Clone, Copy)]
pub(super) struct Purse<'a> {
    asked: &'a Asked<'a>,
    /// What the request may take.
    most: u64,
}

impl<'a> Purse<'a> {
    pub(super) fn of(operation: &Operation, facts: &'a Facts<'a>) -> Self {
        let written = operation.document().text().len() as u64;
        let sent = facts.variables.shape().bytes.saturating_add(written);
        Self { asked: facts.asked, most: VALUES.saturating_add(sent) }
    }

    /// Pays for making so many values; false when there is not enough.
    pub(super) fn spend(&self, n: u64) -> bool {
        let spent = self.asked.spend(n);
        if spent > self.most {
            // Another request for the same may have more left.
            self.asked.note_value();
        }
        spent <= self.most
    }

    /// Pays for asking a question.
    pub(super) fn spend_on(&self, when: &When) -> bool {
        self.spend(if is_interpreted(when) { INTERPRETED } else { 1 })
    }

    /// Pays for a condition that is given so many values.
    pub(super) fn spend_on_looking(&self, when: &When, n_values: u64) -> bool {
        self.spend(if is_interpreted(when) { n_values.saturating_mul(WALKED) } else { 0 })
    }

    /// True when something could not be paid: no answer since then counts.
    pub(super) fn is_spent(&self) -> bool {
        self.asked.spent() > self.most
    }
}

pub(super) fn is_interpreted(when: &When) -> bool {
    when.expression().is_some_and(|it| it.is_interpreted())
}

/// Values that may be made for the conditions of a request, beside one for each byte of document
/// and variables: they take some 40 ms, and what was sent can be made for each rule.
const VALUES: u64 = 100_000;

/// The interpreter takes as long to answer as it takes to make so many values.
const INTERPRETED: u64 = 10;

/// The interpreter may walk through all of a value, and takes twice as long as making it did.
const WALKED: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Conditions, Name, Resolve, Value};

    struct Nobody;

    impl Resolve for Nobody {
        fn resolve(&self, _: Name) -> Option<&Value> {
            None
        }
    }

    #[test]
    fn everyone_pays_from_the_same_purse() {
        let conditions = Conditions::default();
        let asked = Asked::new(&conditions, &Nobody);
        let purse = Purse { asked: &asked, most: 10 };
        let another = Purse { asked: &asked, most: 11 };
        assert!(purse.spend(4) && another.spend(6));
        assert!(!purse.is_spent() && !asked.has_seen_values());
        assert!(!purse.spend(1) && another.spend(0));
        assert!(purse.is_spent() && !another.is_spent());
        assert!(asked.has_seen_values(), "the same may be affordable next time");
        assert!(!another.spend(u64::MAX) && another.is_spent());
    }

    #[test]
    fn the_interpreter_costs_more() {
        let conditions = Conditions::default();
        let asked = Asked::new(&conditions, &Nobody);
        let purse = Purse { asked: &asked, most: 100 };
        assert!(purse.spend_on(&When::Always) && purse.spend_on_looking(&When::Always, 50));
        assert_eq!(asked.spent(), 1);
    }
}
