//! The cost of one request, taken apart: as a tree with coordinates and multipliers, by coordinate,
//! and how far each slicing argument could go.
//!
//! For people, not for the road of a request: it compiles anew, with literals kept open. Draws
//! nothing.

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    cost::{
        compile::{BUDGET, compile_for},
        model::Model,
        outline::{Group, OutlineField, Region},
        program::{Exactness, Price, Program},
        settings::Measure,
        slots::{Knob, Purpose, Request, Written},
    },
    operation::{Operation, Variables},
    verdict::Violation,
};

/// The cost of one request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The whole.
    pub price: Price,
    /// Whether that is the most; when the work budget was spent, there are no parts.
    pub exactness: Exactness,
    /// The fields that cost something, in preorder.
    pub parts: Vec<PricedField>,
    /// What each coordinate costs by itself, the dearest first.
    pub coordinates: Vec<(Box<str>, Price)>,
    /// The slicing arguments, and how far they could go.
    pub slices: Vec<SliceAdvice>,
}

/// A field in the tree of an [`Explanation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedField {
    /// 1 for a root field.
    pub depth: u32,
    /// Its response key.
    pub key: Box<str>,
    /// `Type.field`
    pub coordinate: Box<str>,
    /// The sizes of its lists, outermost first.
    pub sizes: Vec<u64>,
    /// How often it is called: the product of the sizes around it.
    pub calls: u64,
    /// One call with everything below.
    pub price: Price,
}

/// A slicing argument that could have another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceAdvice {
    /// `Type.field(argument:)`
    pub coordinate: Box<str>,
    /// The variable that holds it, when one does.
    pub variable: Option<Box<str>>,
    /// The largest value with which the request stays within the limit; `None`: not even 0.
    pub largest: Option<u32>,
}

/// Takes the cost of one request apart, with respect to a limit.
///
/// # Errors
/// As [`Program::price`].
pub fn explain(
    model: &Arc<Model>,
    operation: &Operation,
    variables: &Variables<'_>,
    limit: u64,
) -> Result<Explanation, Violation> {
    let (program, groups) = compile_for(model, (operation, Purpose::Explain), BUDGET);
    let price = program.price(variables)?;
    let mut telling =
        Telling { model, operation, groups: &groups, parts: Vec::new(), own: HashMap::default() };
    program.with_values(&Request::new(variables), |values| telling.tell(values))?;
    let measure = model.measure();
    let mut coordinates: Vec<_> = telling.own.into_iter().collect();
    coordinates.sort_by(|a, b| {
        b.1.combined(measure).cmp(&a.1.combined(measure)).then_with(|| a.0.cmp(&b.0))
    });
    let knobs = (0..).zip(&program.slots.knobs);
    let slices = knobs.map(|(id, knob)| SliceAdvice {
        coordinate: coordinate(model, knob),
        variable: variable(operation, knob),
        largest: largest(&program, variables, id, limit),
    });
    Ok(Explanation {
        price,
        exactness: program.exactness(),
        slices: slices.collect(),
        parts: telling.parts,
        coordinates,
    })
}

fn coordinate(model: &Model, knob: &Knob) -> Box<str> {
    format!("{}({}:)", model.schema().coordinate(knob.field), knob.argument).into()
}

fn variable(operation: &Operation, knob: &Knob) -> Option<Box<str>> {
    let Written::In(variable, _) = knob.written else { return None };
    operation.variables().get(variable.index()).map(|it| it.name.clone())
}

/// Bisection: the price never falls when a slice grows, as long as no type weight is negative.
fn largest(program: &Program, variables: &Variables<'_>, knob: u32, limit: u64) -> Option<u32> {
    let measure = program.model().measure();
    let passes = |value: u32| {
        let price =
            program.price_with(&Request { turned: Some((knob, value)), ..Request::new(variables) });
        price.is_ok_and(|it| !it.is_saturated() && it.combined(measure) <= limit)
    };
    if !passes(0) {
        return None;
    }
    let (mut fine, mut over) = (0_u32, 1_u32 << 31);
    while over.abs_diff(fine) > 1 {
        let middle = fine.midpoint(over);
        if passes(middle) {
            fine = middle;
        } else {
            over = middle;
        }
    }
    Some(fine)
}

struct Telling<'a> {
    model: &'a Model,
    operation: &'a Operation,
    groups: &'a [Group],
    parts: Vec<PricedField>,
    own: HashMap<Box<str>, Price>,
}

/// A field that is still to be told.
struct Open<'a> {
    field: &'a OutlineField,
    depth: u32,
    calls: u64,
}

impl<'a> Telling<'a> {
    // The budget of this loop is the operation: of every place one region is told.
    fn tell(&mut self, values: &[u64]) {
        let mut open = Vec::new();
        if let Some(root) = self.groups.last() {
            self.open(root, (1, 1), values, &mut open);
        }
        while let Some(it) = open.pop() {
            let price = it.field.pair.price(values);
            // Left out by @skip or @include.
            if price == Price::default() {
                continue;
            }
            let sizes: Vec<_> = it.field.sizes.iter().map(|it| it.value(values)).collect();
            let inside = sizes.iter().fold(it.calls, |all, size| all.saturating_mul(*size));
            self.part(&it, (price, it.field.call.value(values)), (sizes, inside));
            if let Some(below) = self.groups.get(it.field.child as usize) {
                let depth = it.depth.saturating_add(1);
                self.open(below, (depth, inside), values, &mut open);
            }
        }
    }

    fn part(
        &mut self,
        it: &Open<'_>,
        (price, call): (Price, u64),
        (sizes, inside): (Vec<u64>, u64),
    ) {
        let Some(node) = self.operation.node(it.field.first) else { return };
        let coordinate: Box<str> = self.operation.coordinate(node).into();
        let weight = self.model.class(it.field.class).map_or(0, |it| it.weight);
        let own = Price {
            types: inside.saturating_mul(u64::try_from(weight).unwrap_or(0)),
            fields: it.calls.saturating_mul(call),
        };
        let sum = self.own.entry(coordinate.clone()).or_default();
        *sum = *sum + own;
        let key = self.operation.key(node).into();
        let (depth, calls) = (it.depth, it.calls);
        self.parts.push(PricedField { depth, key, coordinate, sizes, calls, price });
    }

    /// Opens the dearest region of a place; fields come off the stack in the order written.
    fn open(
        &self,
        group: &'a Group,
        (depth, calls): (u32, u64),
        values: &[u64],
        open: &mut Vec<Open<'a>>,
    ) {
        let price = |it: &&Region| it.sum.price(values).combined(Measure::Both);
        if let Some(region) = group.regions.iter().max_by_key(price) {
            open.extend(region.fields.iter().rev().map(|field| Open { field, depth, calls }));
        }
    }
}
