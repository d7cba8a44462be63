//! Named conditions, and their answers for one request: each is evaluated at most once.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::expression::{Expression, Outcome, Resolve, evaluate::evaluate};

/// The named conditions of a policy, in the order written. One may name those before it.
#[derive(Debug, Default)]
pub struct Conditions {
    names: Vec<Box<str>>,
    expressions: Vec<Expression>,
}

impl Conditions {
    /// Adds one. Its expression was compiled with the names so far, so there are no circles.
    pub fn push(&mut self, name: &str, expression: Expression) {
        self.names.push(name.into());
        self.expressions.push(expression);
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// Every condition with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.names.iter().map(|it| &**it).zip(&self.expressions)
    }

    /// The position of a condition.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|it| **it == *name)
    }
}

/// The answers to the conditions for one request.
pub struct Asked<'r> {
    conditions: &'r Conditions,
    base: &'r dyn Resolve,
    answers: OnceLock<Box<[OnceLock<Outcome>]>>,
    noted: AtomicBool,
    spent: AtomicU64,
}

impl<'r> Asked<'r> {
    /// No question was asked yet. `base` knows the names of [`super::Scope::Request`].
    #[must_use]
    pub const fn new(conditions: &'r Conditions, base: &'r dyn Resolve) -> Self {
        let (noted, spent) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { conditions, base, answers: OnceLock::new(), noted, spent }
    }

    /// The same where conditions were answered before, by position.
    #[must_use]
    pub fn recalling(
        conditions: &'r Conditions,
        base: &'r dyn Resolve,
        answers: impl Iterator<Item = Option<Outcome>>,
    ) -> Self {
        let known = |it: Option<Outcome>| it.map_or_else(OnceLock::new, OnceLock::from);
        let answers = OnceLock::from(answers.map(known).collect::<Box<[_]>>());
        let (noted, spent) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { conditions, base, answers, noted, spent }
    }

    /// Whether an input value was looked at since this was asked last.
    pub fn has_seen_values(&self) -> bool {
        self.noted.swap(false, Ordering::Relaxed)
    }

    /// Adds to what the questions of the request have taken so far, and gives the sum, which the
    /// caller compares with its budget.
    pub fn spend(&self, n: u64) -> u64 {
        let spent = self.spent().saturating_add(n);
        self.spent.store(spent, Ordering::Relaxed);
        spent
    }

    /// What the questions of the request have taken so far.
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    pub(crate) fn note_value(&self) {
        self.noted.store(true, Ordering::Relaxed);
    }

    /// Evaluates an expression; `local` knows the names of a field or an input.
    #[must_use]
    pub fn evaluate(&self, expression: &Expression, local: Option<&dyn Resolve>) -> Outcome {
        evaluate(expression, self, local)
    }

    /// The answer to a named condition.
    // Recursion from a condition to those before it: as deep as there are conditions, of which the
    // policy has at most a hundred.
    #[must_use]
    pub fn condition(&self, condition: usize) -> Outcome {
        let n = self.conditions.expressions.len();
        let answers =
            self.answers.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(n).collect());
        let found = self.conditions.expressions.get(condition).zip(answers.get(condition));
        let Some((expression, answer)) = found else {
            return Outcome::Nothing("there is no such condition".into());
        };
        answer.get_or_init(|| self.evaluate(expression, None)).clone()
    }

    /// Every condition that was asked for, with its answer: for logs.
    pub fn answered(&self) -> impl Iterator<Item = (&str, &Outcome)> {
        let answers = self.answers.get().map(|it| &**it).unwrap_or_default();
        let named = self.conditions.names.iter().zip(answers);
        named.filter_map(|(name, it)| Some((&**name, it.get()?)))
    }

    pub(super) fn base(&self) -> &dyn Resolve {
        self.base
    }

    pub(super) const fn conditions(&self) -> &Conditions {
        self.conditions
    }
}

impl std::fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.answered()).finish()
    }
}
