//! Operation → program: the type cost and the field cost as expressions over the request.
//!
//! A stack of open places instead of recursion; a place that was priced before is looked up. When
//! the work exceeds its budget the plain sum takes over, which is higher but linear.

use std::{borrow::Cow, sync::Arc, vec};

use ahash::HashMap;

use crate::{
    cost::{
        arena::{Arena, Term},
        class::FieldClass,
        merge::{Keyed, Merged, merge},
        model::{ClassId, Model},
        outline::{Group, OutlineField, Region},
        plain,
        program::{Parts, Program, RootField},
        slots::{Call, Purpose, Size, SlotBuilder},
    },
    document::SelectionId,
    operation::{GuardId, Node, NodeId, Operation},
};

/// Compiles an operation; the result borrows nothing.
#[must_use]
pub fn compile(model: &Arc<Model>, operation: &Operation) -> Program {
    compile_within(model, operation, BUDGET)
}

/// The same with another budget than [`compile`] has, in key visits; with none left, the plain sum.
#[must_use]
pub fn compile_within(model: &Arc<Model>, operation: &Operation, budget: usize) -> Program {
    compile_for(model, (operation, Purpose::Price), budget).0
}

/// The same for a purpose, with the outline that `explain` draws.
pub(super) fn compile_for(
    model: &Arc<Model>,
    (operation, purpose): (&Operation, Purpose),
    budget: usize,
) -> (Program, Vec<Group>) {
    let mut compiling = Compiling::new(model, (operation, purpose), budget);
    if compiling.run() {
        let groups = std::mem::take(&mut compiling.groups);
        return (compiling.program(), groups);
    }
    (plain::sum(model, (operation, purpose)), Vec::new())
}

/// Work in key visits; real operations stay under a tenth of it.
pub(super) const BUDGET: usize = 20_000;

/// What makes two places cost the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Memo {
    parts: Box<[(SelectionId, GuardId)]>,
    /// Of the field they are below: it tells the type and the size that is handed down.
    class: ClassId,
}

/// The two measures of one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) types: Term,
    pub(super) fields: Term,
}

impl Pair {
    pub(super) const ZERO: Self = Self { types: Term::ZERO, fields: Term::ZERO };
}

/// A size that a list takes over from the field around it.
#[derive(Clone, Copy, Debug)]
struct HandedDown {
    from: NodeId,
    class: ClassId,
    condition: Option<u32>,
}

/// A place that is being priced.
#[derive(Debug)]
struct Frame {
    memo: Option<Memo>,
    /// The guards of the field around it: what stands under the same is always there.
    context: Cow<'static, [GuardId]>,
    handed_down: Option<HandedDown>,
    regions: vec::IntoIter<Vec<Keyed>>,
    /// What is left of the region that is being priced.
    fields: Option<vec::IntoIter<Keyed>>,
    /// The field whose place below was not priced yet.
    waiting: Option<Keyed>,
    sum: Pair,
    max: Pair,
    group: Group,
}

impl Frame {
    fn next(&mut self) -> Option<Keyed> {
        self.waiting.take().or_else(|| self.fields.as_mut()?.next())
    }
}

#[derive(Debug)]
struct Compiling<'a> {
    model: &'a Arc<Model>,
    operation: &'a Operation,
    arena: Arena,
    slots: SlotBuilder<'a>,
    done: HashMap<Memo, (Pair, u32)>,
    stack: Vec<Frame>,
    groups: Vec<Group>,
    roots: Vec<RootField>,
    total: Pair,
    budget: usize,
}

impl<'a> Compiling<'a> {
    fn new(
        model: &'a Arc<Model>,
        (operation, purpose): (&'a Operation, Purpose),
        budget: usize,
    ) -> Self {
        Self {
            model,
            operation,
            arena: Arena::new(),
            slots: SlotBuilder::new(model, operation, purpose),
            done: HashMap::default(),
            stack: Vec::new(),
            groups: Vec::new(),
            roots: Vec::new(),
            total: Pair::ZERO,
            budget,
        }
    }

    /// False when the budget is spent.
    fn run(&mut self) -> bool {
        let Some(root) = self.model.schema().root(self.operation.kind()) else { return true };
        let merged = merge((self.model, self.operation), root, None);
        if !self.open(merged, (None, Cow::Borrowed(&[GuardId::ALWAYS])), None) {
            return false;
        }
        while let Some(frame) = self.stack.last_mut() {
            if let Some(keyed) = frame.next() {
                if !self.field(keyed) {
                    return false;
                }
            } else if frame.fields.take().is_some() {
                self.close_region();
            } else if let Some(region) = frame.regions.next() {
                frame.fields = Some(region.into_iter());
            } else {
                self.close();
            }
        }
        self.total.types = self.arena.add_weight(self.total.types, self.model.root(root));
        true
    }

    fn open(
        &mut self,
        merged: Merged,
        (memo, context): (Option<Memo>, Cow<'static, [GuardId]>),
        handed_down: Option<HandedDown>,
    ) -> bool {
        let n_keys: usize = merged.regions.iter().map(Vec::len).sum();
        let work = merged.work.saturating_add(n_keys);
        let Some(left) = self.budget.checked_sub(work) else { return false };
        self.budget = left;
        self.stack.push(Frame {
            memo,
            context,
            handed_down,
            regions: merged.regions.into_iter(),
            fields: None,
            waiting: None,
            sum: Pair::ZERO,
            max: Pair::ZERO,
            group: Group::default(),
        });
        true
    }

    /// Prices the next field of the place on top, or opens the place below it. False when the
    /// budget is spent.
    fn field(&mut self, keyed: Keyed) -> bool {
        let (model, operation) = (self.model, self.operation);
        let class = model.class(keyed.class);
        let (Some(node), Some(class)) = (operation.node(keyed.first), class) else {
            return true;
        };
        let guards = keyed.guards();
        let condition = self.slots.condition(&guards);
        let below = if class.is_composite {
            let parts = keyed.parts.as_slice();
            let parts = parts.iter().map(|it| (it.0, it.1)).collect();
            let memo = Memo { parts, class: keyed.class };
            match self.done.get(&memo) {
                Some(done) => *done,
                None => {
                    let merged =
                        merge((model, operation), class.returns, Some(keyed.parts.as_slice()));
                    let handed_down = (!class.list.sized.is_empty()).then_some(HandedDown {
                        from: keyed.first,
                        class: keyed.class,
                        condition,
                    });
                    if let Some(frame) = self.stack.last_mut() {
                        frame.waiting = Some(keyed);
                    }
                    return self.open(merged, (Some(memo), guards), handed_down);
                }
            }
        } else {
            (Pair::ZERO, NO_GROUP)
        };
        self.add(&keyed, (node, class, condition), &guards, below);
        true
    }

    fn add(
        &mut self,
        keyed: &Keyed,
        (node, class, condition): (&Node, &FieldClass, Option<u32>),
        guards: &[GuardId],
        (below, child): (Pair, u32),
    ) {
        let call = match self.slots.call(node, class) {
            Call::Fixed(value) => Term::Known(value),
            Call::Slot(slot) => self.arena.call(slot),
        };
        let mut pair = Pair { types: self.arena.add_weight(below.types, class.weight), ..below };
        let sizes = self.sizes((node, class, condition), pair);
        for size in &sizes {
            pair.types = self.arena.mul(*size, pair.types);
            pair.fields = self.arena.mul(*size, pair.fields);
        }
        pair.fields = self.arena.add(call, pair.fields);
        let Some(frame) = self.stack.last_mut() else { return };
        if let Some(condition) = condition.filter(|_| *frame.context != *guards) {
            pair.types = self.arena.guard(condition, pair.types);
            pair.fields = self.arena.guard(condition, pair.fields);
        }
        frame.sum.types = self.arena.add(frame.sum.types, pair.types);
        frame.sum.fields = self.arena.add(frame.sum.fields, pair.fields);
        if frame.memo.is_none() {
            let key = operation_key(self.operation, node);
            self.roots.push(RootField { key, field: node.field, pair });
        }
        if self.slots.purpose == Purpose::Explain {
            let (first, class) = (keyed.first, keyed.class);
            frame.group.open.push(OutlineField { first, class, call, sizes, pair, child });
        }
    }

    /// The sizes of the lists around a field's type, outermost first.
    fn sizes(
        &mut self,
        (node, class, condition): (&Node, &FieldClass, Option<u32>),
        inner: Pair,
    ) -> Vec<Term> {
        let own = (!class.list.slicing.is_empty())
            // Looked at even when nothing is multiplied: a bad value is an offence by itself.
            .then(|| self.slots.size(node, &class.list, condition));
        if class.list_depth == 0 || (inner.types, inner.fields) == (Term::ZERO, Term::ZERO) {
            return Vec::new();
        }
        let outer = match self.inherited(node) {
            Some(size) => size,
            None => own.unwrap_or_else(|| self.slots.size(node, &class.list, condition)),
        };
        let mut sizes = vec![self.size(outer)];
        for _ in 1..class.list_depth {
            let inner = class.list.inner.map(Size::Fixed);
            let inner = inner.unwrap_or_else(|| self.slots.unsized_slot(node, condition));
            sizes.push(self.size(inner));
        }
        sizes
    }

    /// The size that the field around hands down to the list `node`.
    fn inherited(&mut self, node: &Node) -> Option<Size> {
        let HandedDown { from, class, condition } = self.stack.last()?.handed_down?;
        let class = self.model.class(class)?;
        let name = &self.operation.schema().field(node.field).name;
        if !class.list.sized.contains(name) {
            return None;
        }
        Some(self.slots.size(self.operation.node(from)?, &class.list, condition))
    }

    fn size(&mut self, size: Size) -> Term {
        match size {
            Size::Fixed(size) => Term::Known(size.into()),
            Size::Slot(slot) => self.arena.size(slot),
        }
    }

    fn close_region(&mut self) {
        let Some(frame) = self.stack.last_mut() else { return };
        let sum = std::mem::replace(&mut frame.sum, Pair::ZERO);
        frame.max.types = self.arena.max(frame.max.types, sum.types);
        frame.max.fields = self.arena.max(frame.max.fields, sum.fields);
        if self.slots.purpose == Purpose::Explain {
            let fields = std::mem::take(&mut frame.group.open);
            frame.group.regions.push(Region { sum, fields });
        }
    }

    fn close(&mut self) {
        let Some(frame) = self.stack.pop() else { return };
        let mut id = NO_GROUP;
        if self.slots.purpose == Purpose::Explain {
            id = u32::try_from(self.groups.len()).unwrap_or(NO_GROUP);
            self.groups.push(frame.group);
        }
        match frame.memo {
            Some(memo) => drop(self.done.insert(memo, (frame.max, id))),
            None => self.total = frame.max,
        }
    }

    fn program(self) -> Program {
        Program::new(Parts {
            model: Arc::clone(self.model),
            arena: self.arena,
            slots: self.slots.table,
            roots: self.roots,
            total: self.total,
            is_exact: true,
        })
    }
}

/// A field without selections has no group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// The response key of a node, owned.
pub(super) fn operation_key(operation: &Operation, node: &Node) -> Box<str> {
    operation.key(node).into()
}
