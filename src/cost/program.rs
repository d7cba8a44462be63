//! A compiled operation: priced in one pass over its expressions, without looking at the document.
//!
//! Does not know the limit; comparing is for the rule.

use std::sync::Arc;

use crate::{
    cost::{
        arena::{Arena, Expr, Pair, Slots, evaluate},
        model::Model,
        settings::Measure,
        size::NoSize,
        slots::{Request, SizeSlot, SlotTable, holds},
    },
    operation::Variables,
    schema::FieldId,
    verdict::{Code, Violation},
    weight,
};

/// The price of one operation, for any request. Owns all that it needs.
#[derive(Debug)]
pub struct Program {
    pub(super) model: Arc<Model>,
    pub(super) exprs: Box<[Expr]>,
    pub(super) slots: SlotTable,
    roots: Vec<RootField>,
    total: Pair,
    exactness: Exactness,
}

/// How near a price is to the most that an answer can cost, by each measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// It is the most.
    Exact,
    /// An abstract type weighs what its heaviest object type does, also where more is selected of
    /// a lighter one.
    Loose,
    /// The work budget was spent: an upper bound of the bound.
    Spent,
}

/// The cost of a request: the most that it can ask of the upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Objects that can come back, weighted.
    pub types: u64,
    /// Resolver calls, weighted.
    pub fields: u64,
}

/// The share of one root field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPrice<'a> {
    /// Its response key.
    pub key: &'a str,
    /// The field.
    pub field: FieldId,
    /// What it and everything below costs.
    pub price: Price,
}

#[derive(Debug)]
pub(super) struct RootField {
    pub(super) key: Box<str>,
    pub(super) field: FieldId,
    pub(super) pair: Pair,
}

/// What a compiler hands over.
pub(super) struct Parts {
    pub(super) model: Arc<Model>,
    pub(super) arena: Arena,
    pub(super) slots: SlotTable,
    pub(super) roots: Vec<RootField>,
    pub(super) total: Pair,
    pub(super) exactness: Exactness,
}

impl Price {
    /// The number that is compared with the limit.
    #[must_use]
    pub const fn combined(self, measure: Measure) -> u64 {
        match measure {
            Measure::Both => self.types.saturating_add(self.fields),
            Measure::Field => self.fields,
            Measure::Type => self.types,
        }
    }

    /// True when a measure does not fit its number any more; no limit allows that.
    #[must_use]
    pub const fn is_saturated(self) -> bool {
        self.types == u64::MAX || self.fields == u64::MAX
    }
}

impl std::ops::Add for Price {
    type Output = Self;

    /// What two operations of one batch cost together.
    fn add(self, other: Self) -> Self {
        Self {
            types: self.types.saturating_add(other.types),
            fields: self.fields.saturating_add(other.fields),
        }
    }
}

impl Program {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { model, arena, slots, roots, total, exactness } = parts;
        Self { model, exprs: arena.into_exprs(), slots, roots, total, exactness }
    }

    /// Prices one request.
    ///
    /// # Errors
    /// A slicing argument that is not a whole number; a list without a size where the settings
    /// refuse one.
    pub fn price(&self, variables: &Variables<'_>) -> Result<Price, Violation> {
        self.price_with(&Request::new(variables))
    }

    /// The same with one knob turned.
    pub(super) fn price_with(&self, request: &Request<'_>) -> Result<Price, Violation> {
        self.with_values(request, |values| self.total.price(values))
    }

    /// Prices one request, root field by root field. The weight of the root type is not in it.
    ///
    /// # Errors
    /// As [`Program::price`].
    pub fn by_root(&self, variables: &Variables<'_>) -> Result<Vec<RootPrice<'_>>, Violation> {
        self.with_values(&Request::new(variables), |values| {
            let priced = |it| RootField::priced(it, values);
            self.roots.iter().map(priced).collect()
        })
    }

    /// True when no smaller price would hold for every answer.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exactness == Exactness::Exact
    }

    /// The same, with the reason.
    #[must_use]
    pub const fn exactness(&self) -> Exactness {
        self.exactness
    }

    /// Number of expressions: the work of one pricing.
    #[must_use]
    pub const fn n_expressions(&self) -> usize {
        self.exprs.len()
    }

    /// Roughly how many bytes it holds on to, beside the model.
    pub(crate) fn weight(&self) -> usize {
        weight::sum(self.roots.iter().map(|it| weight::of_text(&it.key)).chain([
            weight::of_slice(&self.exprs),
            weight::of_vec(&self.roots),
            self.slots.weight(),
        ]))
    }

    /// The model it was compiled with.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Evaluates all expressions and hands the values over.
    pub(super) fn with_values<T>(
        &self,
        request: &Request<'_>,
        then: impl FnOnce(&[u64]) -> T,
    ) -> Result<T, Violation> {
        let n = self.n_values();
        let mut few = [0; FEW];
        let mut many = Vec::new();
        let all = match few.get_mut(..n) {
            Some(few) => few,
            None => {
                many.resize(n, 0);
                many.as_mut_slice()
            }
        };
        let (sizes, rest) = all.split_at_mut(self.slots.sizes.len());
        let (calls, rest) = rest.split_at_mut(self.slots.calls.len());
        let (conditions, values) = rest.split_at_mut(self.slots.conditions.len());
        let mut open = Vec::new();
        for (at, (place, slot)) in sizes.iter_mut().zip(&self.slots.sizes).enumerate() {
            *place = match slot.value(request) {
                Ok(size) => size.into(),
                Err(NoSize::Unsized) => {
                    open.push((at, slot));
                    0
                }
                Err(_) if !slot.is_present(&self.slots, request) => 0,
                Err(problem) => return Err(self.objection(slot, problem)),
            };
        }
        for (place, slot) in calls.iter_mut().zip(&self.slots.calls) {
            *place = slot.value(&self.model, request.variables);
        }
        for (place, condition) in conditions.iter_mut().zip(&self.slots.conditions) {
            *place = holds(condition, request).into();
        }
        let mut filled = Filled { sizes, calls, conditions, values };
        filled.evaluate(&self.exprs);
        if !open.is_empty() {
            self.demand_sizes(&open, &mut filled)?;
        }
        Ok(then(filled.values))
    }

    /// Objects to the first list without a size that the price hangs on; they come with their
    /// places among the sizes. Where the price is the same with any size, the list was left out, or
    /// nothing in it costs. All of them are empty before and after.
    fn demand_sizes(
        &self,
        open: &[(usize, &SizeSlot)],
        filled: &mut Filled<'_>,
    ) -> Result<(), Violation> {
        let Some((_, mut slot)) = open.first().copied() else { return Ok(()) };
        let without = self.total.price(filled.values);
        let mut hangs_on = |n: usize| {
            for (nth, (at, _)) in open.iter().enumerate() {
                if let Some(size) = filled.sizes.get_mut(*at) {
                    *size = if nth < n { u64::MAX } else { 0 };
                }
            }
            filled.evaluate(&self.exprs);
            self.total.price(filled.values) != without
        };
        let (mut free, mut bound) = (0, open.len());
        if !hangs_on(bound) {
            hangs_on(0);
            return Ok(());
        }
        while bound.abs_diff(free) > 1 {
            let middle = free.midpoint(bound);
            if hangs_on(middle) {
                bound = middle;
            } else {
                free = middle;
            }
        }
        if let Some((_, last)) = open.get(free) {
            slot = last;
        }
        Err(self.objection(slot, NoSize::Unsized))
    }

    fn n_values(&self) -> usize {
        let SlotTable { sizes, calls, conditions, .. } = &self.slots;
        let slots = sizes.len().saturating_add(calls.len()).saturating_add(conditions.len());
        slots.saturating_add(self.exprs.len())
    }

    fn objection(&self, slot: &SizeSlot, problem: NoSize) -> Violation {
        let coordinate = self.model.schema().coordinate(slot.field);
        let (code, public, detail) = match problem {
            NoSize::AboveMost(most) => (
                Code::COST_SLICE_INVALID,
                "more elements of a list are asked for than may be",
                format!("`cost.lists` allows {most} elements of `{coordinate}` at most"),
            ),
            NoSize::Invalid => (
                Code::COST_SLICE_INVALID,
                "an argument that bounds a list is not a whole number from 0 on",
                format!("a slicing argument of `{coordinate}` is not a whole number in 0 … 2³¹−1"),
            ),
            NoSize::Unsized => (
                Code::COST_LIST_UNSIZED,
                "a list is asked for without a bound",
                format!("nothing tells the size of `{coordinate}`"),
            ),
        };
        Violation {
            rule: "cost",
            code,
            at: Some(coordinate.into()),
            public: public.into(),
            detail: detail.into(),
        }
    }
}

/// The slots of one request with their values, and room for those of the expressions.
struct Filled<'v> {
    sizes: &'v mut [u64],
    calls: &'v [u64],
    conditions: &'v [u64],
    values: &'v mut [u64],
}

impl Filled<'_> {
    fn evaluate(&mut self, exprs: &[Expr]) {
        let Self { sizes, calls, conditions, values } = self;
        evaluate(exprs, &Slots { sizes, calls, conditions }, values);
    }
}

impl Pair {
    pub(super) fn price(self, values: &[u64]) -> Price {
        Price { types: self.types.value(values), fields: self.fields.value(values) }
    }
}

impl RootField {
    fn priced<'a>(&'a self, values: &[u64]) -> RootPrice<'a> {
        RootPrice { key: &self.key, field: self.field, price: self.pair.price(values) }
    }
}

/// Values that fit on the stack: the median program has 17.
const FEW: usize = 64;
