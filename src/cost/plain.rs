//! The plain sum: every selection priced by itself, nothing merged, every type at once.
//!
//! Linear, and never below what merging gives; it is not the bound that we want, but one that holds.

use std::sync::Arc;

use crate::{
    cost::{
        arena::{Arena, Pair, Term},
        class::FieldClass,
        compile::operation_key,
        model::{ClassId, Model},
        program::{Exactness, Parts, Program, RootField},
        slots::{Call, Purpose, Size, SlotBuilder},
    },
    operation::{GuardId, Node, Operation},
};

/// Compiles an operation without merging.
// The budget of this loop is the number of nodes, which `document::count` has bounded; children
// come after their parents, so the last node comes first.
pub(super) fn sum(model: &Arc<Model>, (operation, purpose): (&Operation, Purpose)) -> Program {
    let mut summing = Summing {
        model,
        operation,
        arena: Arena::new(),
        slots: SlotBuilder::new(model, operation, purpose),
    };
    let mut below = vec![Pair::ZERO; operation.nodes().len()];
    let mut total = Pair::ZERO;
    let mut roots = Vec::new();
    for (at, node) in operation.nodes().iter().enumerate().rev() {
        let inner = below.get(at).copied().unwrap_or(Pair::ZERO);
        let pair = summing.node(node, inner);
        let outer = match node.parent.and_then(|it| below.get_mut(it.index())) {
            Some(outer) => outer,
            None => {
                roots.push(RootField {
                    key: operation_key(operation, node),
                    field: node.field,
                    pair,
                });
                &mut total
            }
        };
        outer.types = summing.arena.add(outer.types, pair.types);
        outer.fields = summing.arena.add(outer.fields, pair.fields);
    }
    roots.reverse();
    let root = model.schema().root(operation.kind()).map_or(0, |it| model.root(it));
    // A negative weight is only sound behind merging.
    total.types = summing.arena.add_weight(total.types, root.max(0));
    let Summing { arena, slots, .. } = summing;
    let (model, slots) = (Arc::clone(model), slots.table);
    Program::new(Parts { model, arena, slots, roots, total, exactness: Exactness::Spent })
}

struct Summing<'a> {
    model: &'a Model,
    operation: &'a Operation,
    arena: Arena,
    slots: SlotBuilder<'a>,
}

impl<'a> Summing<'a> {
    /// The costliest way in which a node can run, by each of its parts.
    fn node(&mut self, node: &Node, below: Pair) -> Pair {
        if node.guard == GuardId::NEVER {
            return Pair::ZERO;
        }
        let condition = self.slots.condition(&[node.guard]);
        let mut pair = Pair::ZERO;
        for id in self.classes(node) {
            let Some(class) = self.model.class(id).filter(|it| !it.is_free()) else { continue };
            let one = self.class(node, class, condition, below);
            pair.types = self.arena.max(pair.types, one.types);
            pair.fields = self.arena.max(pair.fields, one.fields);
        }
        let Some(condition) = condition else { return pair };
        let types = self.arena.guard(condition, pair.types);
        Pair { types, fields: self.arena.guard(condition, pair.fields) }
    }

    fn class(
        &mut self,
        node: &Node,
        class: &FieldClass,
        condition: Option<u32>,
        below: Pair,
    ) -> Pair {
        let mut pair = below;
        pair.types = self.arena.add_weight(pair.types, class.weight.max(0));
        for depth in 0..class.list_depth {
            let size = match depth {
                0 => self.outer_size(node, class, condition),
                _ => {
                    let inner = class.list.inner.map(Size::Fixed);
                    let inner = inner.unwrap_or_else(|| self.slots.unsized_slot(node, condition));
                    self.size(inner)
                }
            };
            pair.types = self.arena.mul(size, pair.types);
            pair.fields = self.arena.mul(size, pair.fields);
        }
        let call = match self.slots.call(node, class) {
            Call::Fixed(value) => Term::Known(value),
            Call::Slot(slot) => self.arena.call(slot),
        };
        pair.fields = self.arena.add(call, pair.fields);
        pair
    }

    /// The largest of all sizes that the list can have or inherit.
    fn outer_size(&mut self, node: &Node, class: &FieldClass, condition: Option<u32>) -> Term {
        let name = &self.operation.schema().field(node.field).name;
        let parent = node.parent.and_then(|it| self.operation.node(it));
        let around = parent.map(|it| self.classes(it)).unwrap_or_default();
        let mut inherits_always = !around.is_empty();
        let mut size = Term::ZERO;
        for outer in around.iter().filter_map(|it| self.model.class(*it)) {
            match parent.filter(|_| outer.list.sized.contains(name)) {
                Some(parent) => {
                    let condition = self.slots.condition(&[parent.guard]);
                    let inherited = self.slots.size(parent, &outer.list, condition);
                    let inherited = self.size(inherited);
                    size = self.arena.max(size, inherited);
                }
                None => inherits_always = false,
            }
        }
        if !inherits_always {
            let own = self.slots.size(node, &class.list, condition);
            let own = self.size(own);
            size = self.arena.max(size, own);
        }
        size
    }

    fn size(&mut self, size: Size) -> Term {
        match size {
            Size::Fixed(size) => Term::Known(size.into()),
            Size::Slot(slot) => self.arena.size(slot),
        }
    }

    fn classes(&self, node: &Node) -> Vec<ClassId> {
        let variation = self.model.variation(node.field);
        let objects = self.operation.sets().get(node.parents);
        match (variation, objects) {
            (Some(variation), Some(objects)) => variation.among(objects),
            _ => Vec::new(),
        }
    }
}
