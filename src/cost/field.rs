//! What one field costs around what stands below it: its call, its value, its lists.
//!
//! Does not look at selections, and merges nothing.

use crate::{
    cost::{
        arena::{Pair, Term},
        class::FieldClass,
        compile::Compiling,
        model::ClassId,
        slots::{Call, Purpose, Size},
    },
    operation::{Node, NodeId},
};

/// A field where it is priced.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) node: &'a Node,
    pub(super) class: &'a FieldClass,
    /// Under which it is there; `None`: always.
    pub(super) condition: Option<u32>,
    /// By the field around it.
    pub(super) handed_down: Option<HandedDown>,
}

/// A size that a list takes over from the field around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandedDown {
    from: NodeId,
    class: ClassId,
    condition: Option<u32>,
}

/// What a field costs, and how that came about.
pub(super) struct Priced {
    pub(super) call: Term,
    /// Outermost first; noted for `explain` only.
    pub(super) sizes: Vec<Term>,
    pub(super) pair: Pair,
}

impl At<'_> {
    /// What the fields below take over from it.
    pub(super) fn hands_down(&self, from: NodeId, class: ClassId) -> Option<HandedDown> {
        let handed_down = HandedDown { from, class, condition: self.condition };
        (!self.class.list.sized.is_empty()).then_some(handed_down)
    }
}

impl Compiling<'_> {
    /// The price of a field, whatever the conditions.
    pub(super) fn price(&mut self, at: At<'_>, below: Pair) -> Priced {
        let call = match self.slots.call(at.node, at.class) {
            Call::Fixed(value) => Term::Known(value),
            Call::Slot(slot) => self.arena.call(slot),
        };
        let types = self.arena.add_weight(below.types, at.class.weight);
        let (mut pair, sizes) = self.in_lists(at, Pair { types, ..below });
        pair.fields = self.arena.add(call, pair.fields);
        Priced { call, sizes, pair }
    }

    /// The same as often as the lists around a field's type have it.
    fn in_lists(&mut self, at: At<'_>, inner: Pair) -> (Pair, Vec<Term>) {
        let At { node, class, condition, .. } = at;
        let own = (!class.list.slicing.is_empty())
            // Looked at even when nothing is multiplied: a bad value is an offence by itself.
            .then(|| self.slots.size(node, &class.list, condition));
        let mut sizes = Vec::new();
        if class.list_depth == 0 || inner == Pair::ZERO {
            return (inner, sizes);
        }
        let mut pair = inner;
        for level in 0..class.list_depth {
            let size = match level {
                0 => self.inherited(at).or(own),
                _ => Some(match class.list.inner {
                    Some(size) => Size::Fixed(size),
                    None => self.slots.unsized_slot(node, condition),
                }),
            };
            let size = size.unwrap_or_else(|| self.slots.size(node, &class.list, condition));
            let size = match size {
                Size::Fixed(size) => Term::Known(size.into()),
                Size::Slot(slot) => self.arena.size(slot),
            };
            pair.types = self.arena.mul(size, pair.types);
            pair.fields = self.arena.mul(size, pair.fields);
            if self.slots.purpose == Purpose::Explain {
                sizes.push(size);
            }
        }
        (pair, sizes)
    }

    /// The size that the field around hands down to a list.
    fn inherited(&mut self, at: At<'_>) -> Option<Size> {
        let HandedDown { from, class, condition } = at.handed_down?;
        let class = self.model.class(class)?;
        let name = &self.operation.schema().field(at.node.field).name;
        if !class.list.sized.contains(name) {
            return None;
        }
        Some(self.slots.size(self.operation.node(from)?, &class.list, condition))
    }
}
