//! Limit `limits.variables.depth`: lists and objects inside each other in one value, in the document or in a variable.

use std::sync::Arc;

use crate::{
    document::{Document, ValueId, ValueKind},
    operation::{Given, Operation, VariableIdx},
    rules::{Batch, Entry, Facts, Meta, Residual, Rule, Setting, Specialised, Unit},
    verdict::{Code, Findings, Mode},
    weight,
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 10,
        ceiling: 32,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(ValueDepth),
    },
};

static META: Meta = Meta {
    id: "value-depth",
    code: Code::MAX_VARIABLES_LIMIT,
    title: "Nesting of a value",
    owasp: "API4",
    setting: "limits.variables.depth",
    page: include_str!("value_depth.md"),
};

#[derive(Debug)]
struct ValueDepth;

impl Rule for ValueDepth {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let (mut at_least, mut inner) = (0, Vec::new());
        for Nested { id, kind, around } in nested(operation.document()) {
            match kind {
                ValueKind::List | ValueKind::Object => {
                    at_least = at_least.max(around.saturating_add(1));
                }
                ValueKind::Variable(_) if around > 0 => add(operation, (id, around), &mut inner),
                _ => {}
            }
        }
        if operation.variables().is_empty() {
            return Specialised::Measured(at_least);
        }
        Specialised::Depends(Box::new(Deepest { at_least, inner: inner.into() }))
    }
}

/// A variable inside lists and objects of the document.
#[derive(Debug)]
struct Inner {
    variable: VariableIdx,
    /// How many of them are around it; the most, where it stands more than once.
    around: u64,
    /// How deep its default is.
    default: u64,
}

#[derive(Debug)]
struct Deepest {
    at_least: u64,
    inner: Box<[Inner]>,
}

impl Residual for Deepest {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        let inner = self.inner.iter().map(|it| {
            let own = match facts.variables.given(it.variable) {
                Some(Given::Value(value)) => u64::from(value.height()),
                Some(Given::Default) => it.default,
                Some(Given::Absent) | None => 0,
            };
            it.around.saturating_add(own)
        });
        found.measure(inner.fold(self.at_least.max(facts.variables.shape().depth), u64::max));
    }

    fn weight(&self) -> Option<usize> {
        Some(weight::sum([size_of::<Self>(), weight::of_slice(&self.inner)]))
    }
}

/// Adds a variable that stands so deep in a value.
fn add(operation: &Operation, (id, around): (ValueId, u64), all: &mut Vec<Inner>) {
    let Some(variable) = operation.variable_at(id) else { return };
    if let Some(it) = all.iter_mut().find(|it| it.variable == variable) {
        it.around = it.around.max(around);
        return;
    }
    let default = operation.variables().get(variable.index()).and_then(|it| it.default);
    let default = default.map_or(0, |it| height(operation.document(), it));
    all.push(Inner { variable, around, default });
}

/// How deep a literal is.
fn height(document: &Document, literal: ValueId) -> u64 {
    let end = document.value(literal).map_or(literal, |it| it.end);
    let its = nested(document).filter(|it| (literal.0..end.0).contains(&it.id.0));
    let is_deep = |it: &Nested| matches!(it.kind, ValueKind::List | ValueKind::Object);
    let (mut outside, mut deepest) = (None, 0);
    for it in its {
        let outside = *outside.get_or_insert(it.around);
        let own = it.around.saturating_sub(outside).saturating_add(u64::from(is_deep(&it)));
        deepest = deepest.max(own);
    }
    deepest
}

/// A value with the number of lists and objects around it.
struct Nested {
    id: ValueId,
    kind: ValueKind,
    around: u64,
}

/// Every value of a document.
fn nested(document: &Document) -> impl Iterator<Item = Nested> {
    // Values stand in preorder: the ends of the containers that are still open form a stack.
    let mut open: Vec<u32> = Vec::new();
    (0..).map(ValueId).zip(document.values()).map(move |(id, value)| {
        while open.last().is_some_and(|end| *end <= id.0) {
            open.pop();
        }
        let around = open.len() as u64;
        if matches!(value.kind, ValueKind::List | ValueKind::Object) {
            open.push(value.end.0);
        }
        Nested { id, kind: value.kind, around }
    })
}
