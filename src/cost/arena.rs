//! The arena of a program: arithmetic over `u64` that saturates, each expression once.
//!
//! Knows nothing of GraphQL. Expressions only refer to earlier ones, so one pass evaluates all.

use ahash::HashMap;

/// Index of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ExprId(pub(super) u32);

impl ExprId {
    /// The constant 0, the first entry of every arena.
    pub(super) const ZERO: Self = Self(0);

    const fn index(self) -> usize {
        self.0 as usize
    }
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
        let mut arena = Self { exprs: Vec::with_capacity(32), ids: HashMap::default() };
        arena.intern(Expr::Const(0));
        arena
    }

    pub(super) fn into_exprs(self) -> Box<[Expr]> {
        self.exprs.into()
    }

    pub(super) fn constant(&mut self, value: u64) -> ExprId {
        if value == 0 { ExprId::ZERO } else { self.intern(Expr::Const(value)) }
    }

    pub(super) fn size(&mut self, slot: u32) -> ExprId {
        self.intern(Expr::Size(slot))
    }

    pub(super) fn call(&mut self, slot: u32) -> ExprId {
        self.intern(Expr::Call(slot))
    }

    pub(super) fn guard(&mut self, condition: u32, of: ExprId) -> ExprId {
        if of == ExprId::ZERO { of } else { self.intern(Expr::Guard(condition, of)) }
    }

    pub(super) fn add(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (self.known(a), self.known(b)) {
            (Some(0), _) => b,
            (_, Some(0)) => a,
            (Some(a), Some(b)) => self.constant(a.saturating_add(b)),
            _ => self.intern(Expr::Add(a.min(b), a.max(b))),
        }
    }

    /// Adds a weight, which can be negative: the sum is clamped at 0.
    pub(super) fn add_weight(&mut self, to: ExprId, weight: i64) -> ExprId {
        let size = weight.unsigned_abs();
        if weight >= 0 {
            let weight = self.constant(size);
            return self.add(to, weight);
        }
        match self.known(to) {
            Some(u64::MAX) => to,
            Some(value) => self.constant(value.saturating_sub(size)),
            None => self.intern(Expr::Less(to, size)),
        }
    }

    pub(super) fn mul(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (self.known(a), self.known(b)) {
            (Some(0), _) | (_, Some(0)) => ExprId::ZERO,
            (Some(1), _) => b,
            (_, Some(1)) => a,
            (Some(a), Some(b)) => self.constant(a.saturating_mul(b)),
            _ => self.intern(Expr::Mul(a.min(b), a.max(b))),
        }
    }

    pub(super) fn max(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (self.known(a), self.known(b)) {
            _ if a == b => a,
            (Some(0), _) => b,
            (_, Some(0)) => a,
            (Some(a), Some(b)) => self.constant(a.max(b)),
            _ => self.intern(Expr::Max(a.min(b), a.max(b))),
        }
    }

    fn known(&self, id: ExprId) -> Option<u64> {
        match self.exprs.get(id.index()) {
            Some(Expr::Const(value)) => Some(*value),
            _ => None,
        }
    }

    fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(id) = self.ids.get(&expr) {
            return *id;
        }
        let id = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        self.exprs.push(expr);
        self.ids.insert(expr, id);
        id
    }
}

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

    fn check(build: impl FnOnce(&mut Arena) -> ExprId, expect: u64) {
        let mut arena = Arena::new();
        let id = build(&mut arena);
        let exprs = arena.into_exprs();
        let mut values = vec![0; exprs.len()];
        let slots = Slots { sizes: &[3, u64::MAX], calls: &[5], conditions: &[1, 0] };
        evaluate(&exprs, &slots, &mut values);
        assert_eq!(values[id.index()], expect);
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
        check(
            |it| {
                let (a, b) = (it.constant(1 << 40), it.constant(1 << 40));
                it.mul(a, b)
            },
            u64::MAX,
        );
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
        check(
            |it| {
                let a = it.constant(7);
                it.add_weight(a, -7)
            },
            0,
        );
    }

    #[test]
    fn the_same_expression_is_there_once() {
        let mut arena = Arena::new();
        let (a, b) = (arena.size(0), arena.call(0));
        assert_eq!(arena.add(a, b), arena.add(b, a));
        assert_eq!(arena.max(a, a), a);
        assert_eq!(arena.mul(a, ExprId::ZERO), ExprId::ZERO);
    }
}
