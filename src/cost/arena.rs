//! The arena of a program: arithmetic over `u64` that saturates, each expression once.
//!
//! Knows nothing of GraphQL. Expressions only refer to earlier ones, so one pass evaluates all.

use ahash::HashMap;

/// Index of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ExprId(u32);

impl ExprId {
    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What arithmetic is done with: a number as long as it is known, an expression once it is not.
/// Most of an operation is known, and never takes up room in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Depends(ExprId),
    Known(u64),
}

impl Term {
    pub(super) const ZERO: Self = Self::Known(0);

    /// Its value among those of a request. Whatever is missing counts as saturated.
    pub(super) fn value(self, values: &[u64]) -> u64 {
        match self {
            Self::Depends(id) => values.get(id.index()).copied().unwrap_or(u64::MAX),
            Self::Known(value) => value,
        }
    }
}

/// The two measures of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) types: Term,
    pub(super) fields: Term,
}

impl Pair {
    pub(super) const ZERO: Self = Self { types: Term::ZERO, fields: Term::ZERO };
}

/// An expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Expr {
    Add(ExprId, ExprId),
    /// The value of a call slot.
    Call(u32),
    Const(u64),
    /// The expression if the condition holds, else 0.
    Guard(u32, ExprId),
    /// The expression less a constant, at least 0: a negative weight.
    Less(ExprId, u64),
    Max(ExprId, ExprId),
    Mul(ExprId, ExprId),
    /// The value of a size slot.
    Size(u32),
}

/// Expressions, hash-consed while they are built.
#[derive(Debug)]
pub(super) struct Arena {
    exprs: Vec<Expr>,
    ids: HashMap<Expr, ExprId>,
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { exprs: Vec::new(), ids: HashMap::default() }
    }

    pub(super) fn into_exprs(self) -> Box<[Expr]> {
        self.exprs.into()
    }

    pub(super) fn size(&mut self, slot: u32) -> Term {
        self.intern(Expr::Size(slot))
    }

    pub(super) fn call(&mut self, slot: u32) -> Term {
        self.intern(Expr::Call(slot))
    }

    pub(super) fn guard(&mut self, condition: u32, of: Term) -> Term {
        if of == Term::ZERO {
            return of;
        }
        let of = self.id(of);
        self.intern(Expr::Guard(condition, of))
    }

    pub(super) fn add(&mut self, a: Term, b: Term) -> Term {
        match (a, b) {
            (Term::Known(0), other) | (other, Term::Known(0)) => other,
            (Term::Known(a), Term::Known(b)) => Term::Known(a.saturating_add(b)),
            _ => self.symmetric(Expr::Add, a, b),
        }
    }

    pub(super) fn guard_both(&mut self, condition: u32, of: Pair) -> Pair {
        let types = self.guard(condition, of.types);
        Pair { types, fields: self.guard(condition, of.fields) }
    }

    pub(super) fn add_both(&mut self, a: Pair, b: Pair) -> Pair {
        let types = self.add(a.types, b.types);
        Pair { types, fields: self.add(a.fields, b.fields) }
    }

    /// Adds a weight, which can be negative: the sum is clamped at 0.
    pub(super) fn add_weight(&mut self, to: Term, weight: i64) -> Term {
        let size = weight.unsigned_abs();
        if weight >= 0 {
            return self.add(to, Term::Known(size));
        }
        match to {
            Term::Known(u64::MAX) => to,
            Term::Known(value) => Term::Known(value.saturating_sub(size)),
            Term::Depends(id) => self.intern(Expr::Less(id, size)),
        }
    }

    pub(super) fn mul(&mut self, a: Term, b: Term) -> Term {
        match (a, b) {
            (Term::Known(0), _) | (_, Term::Known(0)) => Term::ZERO,
            (Term::Known(1), other) | (other, Term::Known(1)) => other,
            (Term::Known(a), Term::Known(b)) => Term::Known(a.saturating_mul(b)),
            _ => self.symmetric(Expr::Mul, a, b),
        }
    }

    pub(super) fn max(&mut self, a: Term, b: Term) -> Term {
        match (a, b) {
            _ if a == b => a,
            (Term::Known(0), other) | (other, Term::Known(0)) => other,
            (Term::Known(a), Term::Known(b)) => Term::Known(a.max(b)),
            _ => self.symmetric(Expr::Max, a, b),
        }
    }

    /// An operation that does not mind the order of its operands.
    fn symmetric(&mut self, of: fn(ExprId, ExprId) -> Expr, a: Term, b: Term) -> Term {
        let (a, b) = (self.id(a), self.id(b));
        self.intern(of(a.min(b), a.max(b)))
    }

    fn id(&mut self, of: Term) -> ExprId {
        match of {
            Term::Depends(id) => id,
            Term::Known(value) => self.place(Expr::Const(value)),
        }
    }

    fn intern(&mut self, expr: Expr) -> Term {
        Term::Depends(self.place(expr))
    }

    fn place(&mut self, expr: Expr) -> ExprId {
        if self.exprs.is_empty() {
            self.exprs.reserve(USUAL);
            self.ids.reserve(USUAL);
        }
        let next = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(expr).or_insert(next);
        if id == next {
            self.exprs.push(expr);
        }
        id
    }
}

/// The median program has 17 expressions.
const USUAL: usize = 28;

/// The values of the slots of one request.
pub(super) struct Slots<'a> {
    pub(super) sizes: &'a [u64],
    pub(super) calls: &'a [u64],
    pub(super) conditions: &'a [u64],
}

/// Evaluates every expression, in order. Whatever is missing counts as saturated.
pub(super) fn evaluate(exprs: &[Expr], slots: &Slots<'_>, values: &mut [u64]) {
    for (at, expr) in exprs.iter().enumerate() {
        let (before, rest) = values.split_at_mut(at.min(values.len()));
        let value = |id: ExprId| before.get(id.index()).copied().unwrap_or(u64::MAX);
        let slot = |of: &[u64], slot: u32| of.get(slot as usize).copied().unwrap_or(u64::MAX);
        let result = match *expr {
            Expr::Add(a, b) => value(a).saturating_add(value(b)),
            Expr::Call(id) => slot(slots.calls, id),
            Expr::Const(value) => value,
            Expr::Guard(condition, of) => match slots.conditions.get(condition as usize) {
                Some(0) => 0,
                Some(_) | None => value(of),
            },
            // A saturated value is not a number any more: nothing brings it back below a limit.
            Expr::Less(of, by) => match value(of) {
                u64::MAX => u64::MAX,
                value => value.saturating_sub(by),
            },
            Expr::Max(a, b) => value(a).max(value(b)),
            Expr::Mul(a, b) => value(a).saturating_mul(value(b)),
            Expr::Size(id) => slot(slots.sizes, id),
        };
        if let Some(place) = rest.first_mut() {
            *place = result;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(build: impl FnOnce(&mut Arena) -> Term, expect: u64) {
        let mut arena = Arena::new();
        let term = build(&mut arena);
        let exprs = arena.into_exprs();
        let mut values = vec![0; exprs.len()];
        let slots = Slots { sizes: &[3, u64::MAX], calls: &[5], conditions: &[1, 0] };
        evaluate(&exprs, &slots, &mut values);
        assert_eq!(term.value(&values), expect);
    }

    #[test]
    fn arithmetic_saturates() {
        check(
            |it| {
                let (a, b) = (it.size(1), it.size(0));
                it.mul(a, b)
            },
            u64::MAX,
        );
        check(
            |it| {
                let (a, b) = (it.size(1), it.call(0));
                it.add(a, b)
            },
            u64::MAX,
        );
        check(|it| it.mul(Term::Known(1 << 40), Term::Known(1 << 40)), u64::MAX);
    }

    #[test]
    fn guards_leave_out() {
        check(
            |it| {
                let a = it.size(0);
                it.guard(0, a)
            },
            3,
        );
        check(
            |it| {
                let a = it.size(0);
                it.guard(1, a)
            },
            0,
        );
    }

    #[test]
    fn negative_weights_stop_at_nothing() {
        check(
            |it| {
                let a = it.size(0);
                it.add_weight(a, -2)
            },
            1,
        );
        check(
            |it| {
                let a = it.size(0);
                it.add_weight(a, -4)
            },
            0,
        );
        check(
            |it| {
                let a = it.size(1);
                it.add_weight(a, i64::MIN)
            },
            u64::MAX,
        );
        check(|it| it.add_weight(Term::Known(7), -7), 0);
    }

    #[test]
    fn the_same_expression_is_there_once() {
        let mut arena = Arena::new();
        let (a, b) = (arena.size(0), arena.call(0));
        assert_eq!(arena.add(a, b), arena.add(b, a));
        assert_eq!(arena.max(a, a), a);
        assert_eq!(arena.exprs.len(), 3);
        assert_eq!(arena.mul(a, Term::ZERO), Term::ZERO);
    }
}
