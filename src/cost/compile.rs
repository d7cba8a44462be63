//! Operation → program: the type cost and the field cost as expressions over the request.
//!
//! A stack of open places instead of recursion; a place that was priced before is looked up. When
//! the work exceeds its budget the plain sum takes over, which is higher but linear. Where nothing
//! merges, `unmerged` comes to the same with less; what a field costs by itself is for `field`.

use std::{borrow::Cow, sync::Arc, vec};

use ahash::HashMap;

use crate::{
    cost::{
        arena::{Arena, Pair},
        field::{At, HandedDown, Priced},
        merge::{Keyed, Merged, merge},
        model::{ClassId, Model},
        outline::{Group, OutlineField, Region},
        plain,
        program::{Exactness, Parts, Program, RootField},
        slots::{Purpose, SlotBuilder},
    },
    document::SelectionId,
    operation::{GuardId, Node, Operation},
    schema::TypeId,
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
    let mut left = budget;
    if purpose == Purpose::Price {
        let first = budget.min(UNMERGED);
        let mut compiling = Compiling::new(model, (operation, purpose), first);
        if compiling.run_unmerged() {
            return (compiling.program(), Vec::new());
        }
        left = budget.saturating_sub(first.saturating_sub(compiling.budget));
    }
    let mut compiling = Compiling::new(model, (operation, purpose), left);
    if compiling.run() {
        let groups = std::mem::take(&mut compiling.groups);
        return (compiling.program(), groups);
    }
    (plain::sum(model, (operation, purpose)), Vec::new())
}

/// Work in key visits; real operations stay under a tenth of it.
pub(super) const BUDGET: usize = 20_000;

/// What of it may go into pricing without merging, which remembers no place that it has seen:
/// repeated fragments are left to merging, with most of the budget.
const UNMERGED: usize = BUDGET / 10;

/// What makes two places cost the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Memo {
    parts: Box<[(SelectionId, GuardId)]>,
    /// Of the field they are below: it tells the type and the size that is handed down.
    class: ClassId,
}

impl Memo {
    fn of(keyed: &Keyed) -> Self {
        let parts = keyed.parts.as_slice().iter().map(|it| (it.0, it.1));
        Self { parts: parts.collect(), class: keyed.class }
    }
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
pub(super) struct Compiling<'a> {
    pub(super) model: &'a Arc<Model>,
    pub(super) operation: &'a Operation,
    pub(super) arena: Arena,
    pub(super) slots: SlotBuilder<'a>,
    done: HashMap<Memo, (Pair, u32)>,
    stack: Vec<Frame>,
    groups: Vec<Group>,
    roots: Vec<RootField>,
    pub(super) total: Pair,
    exactness: Exactness,
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
            exactness: Exactness::Exact,
            budget,
        }
    }

    /// False when the budget is spent.
    fn run(&mut self) -> bool {
        let Some(root) = self.model.schema().root(self.operation.kind()) else { return true };
        let merged = merge((self.model, self.operation), root, None);
        let context = Cow::Borrowed(&[GuardId::ALWAYS][..]);
        if !self.open(merged, (None, context), None) || !self.settle() {
            return false;
        }
        self.add_root(root);
        true
    }

    /// Adds what the root itself weighs.
    pub(super) fn add_root(&mut self, root: TypeId) {
        self.total.types = self.arena.add_weight(self.total.types, self.model.root(root));
    }

    /// The price of the place below one field. Nothing when the budget is spent.
    pub(super) fn below(&mut self, keyed: &Keyed, at: At<'_>) -> Option<Pair> {
        let memo = Memo::of(keyed);
        if !self.done.contains_key(&memo) {
            let parts = keyed.parts.as_slice();
            let merged = merge((self.model, self.operation), at.class.returns, Some(parts));
            let handed_down = at.hands_down(keyed.first, keyed.class);
            let is_open = self.open(merged, (Some(memo.clone()), keyed.guards()), handed_down);
            (is_open && self.settle()).then_some(())?;
        }
        self.done.get(&memo).map(|it| it.0)
    }

    /// Prices all that is open. False when the budget is spent.
    fn settle(&mut self) -> bool {
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
        true
    }

    /// False when the budget is spent.
    pub(super) fn spend(&mut self, work: usize) -> bool {
        let left = self.budget.checked_sub(work);
        self.budget = left.unwrap_or(0);
        left.is_some()
    }

    fn open(
        &mut self,
        merged: Merged,
        (memo, context): (Option<Memo>, Cow<'static, [GuardId]>),
        handed_down: Option<HandedDown>,
    ) -> bool {
        let n_keys: usize = merged.regions.iter().map(Vec::len).sum();
        if !self.spend(merged.work.saturating_add(n_keys)) {
            return false;
        }
        if merged.is_loose {
            self.exactness = Exactness::Loose;
        }
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
        let handed_down = self.stack.last().and_then(|it| it.handed_down);
        let at = At { node, class, condition, handed_down };
        let below = if class.is_composite {
            let memo = Memo::of(&keyed);
            match self.done.get(&memo) {
                Some(done) => *done,
                None => {
                    let parts = keyed.parts.as_slice();
                    let merged = merge((model, operation), class.returns, Some(parts));
                    let handed_down = at.hands_down(keyed.first, keyed.class);
                    if let Some(frame) = self.stack.last_mut() {
                        frame.waiting = Some(keyed);
                    }
                    return self.open(merged, (Some(memo), guards), handed_down);
                }
            }
        } else {
            (Pair::ZERO, NO_GROUP)
        };
        self.add(&keyed, at, &guards, below);
        true
    }

    fn add(&mut self, keyed: &Keyed, at: At<'_>, guards: &[GuardId], (below, child): (Pair, u32)) {
        let mut priced = self.price(at, below);
        let Some(frame) = self.stack.last_mut() else { return };
        if let Some(condition) = at.condition.filter(|_| *frame.context != *guards) {
            priced.pair = self.arena.guard_both(condition, priced.pair);
        }
        frame.sum = self.arena.add_both(frame.sum, priced.pair);
        let pair = priced.pair;
        if self.slots.purpose == Purpose::Explain {
            let (first, class) = (keyed.first, keyed.class);
            let Priced { call, sizes, .. } = priced;
            frame.group.open.push(OutlineField { first, class, call, sizes, pair, child });
        }
        if frame.memo.is_none() {
            self.add_root_field(at.node, pair);
        }
    }

    pub(super) fn add_root_field(&mut self, node: &Node, pair: Pair) {
        let key = operation_key(self.operation, node);
        self.roots.push(RootField { key, field: node.field, pair });
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
            exactness: self.exactness,
        })
    }
}

/// A field without selections has no group.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// The response key of a node, owned.
pub(super) fn operation_key(operation: &Operation, node: &Node) -> Box<str> {
    operation.key(node).into()
}
