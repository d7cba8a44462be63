//! Places in which nothing merges, which nearly all are: every response key once, on whatever
//! object. They need no regions, no lists of guards and no look back at places like them.
//!
//! Comes to the same prices as `compile` does. What is below a field where that does not hold is
//! left to `compile`.

use crate::{
    cost::{
        arena::Pair,
        compile::Compiling,
        field::{At, HandedDown},
        merge::{Keyed, Parts},
        model::{ClassId, Variation},
    },
    operation::{GuardId, NodeId, SetId},
    schema::TypeId,
};

/// A place that is being priced.
struct Place<'a> {
    /// The field that it is below; the root is below none.
    of: Option<Field<'a>>,
    handed_down: Option<HandedDown>,
    /// Its picks among those of all open places; the one that comes next.
    first: usize,
    next: usize,
    end: usize,
    sum: Pair,
}

/// A field that is being priced.
#[derive(Clone, Copy)]
struct Field<'a> {
    pick: Pick,
    at: At<'a>,
}

/// A field that may cost something.
#[derive(Clone, Copy)]
struct Pick {
    node: NodeId,
    class: ClassId,
}

/// The fields of all places that are open, those of the innermost last.
struct Picks<'a> {
    all: Vec<Pick>,
    /// The response keys of one place.
    keys: Vec<&'a str>,
    /// What the others of that place cost together: leaves that no request changes.
    fixed: Pair,
}

/// What the fields of a place are.
enum Found {
    /// Something merges, or not every object has the same.
    Mixed,
    /// More than the budget allows.
    Surplus,
    /// Each stands for itself.
    Unmerged,
}

impl<'a> Compiling<'a> {
    /// False when it cannot be done so or within the budget; then nothing is known.
    // The budget of this loop is that of the compilation: every field takes from it.
    pub(super) fn run_unmerged(&mut self) -> bool {
        let Some(root) = self.model.schema().root(self.operation.kind()) else { return true };
        let (all, keys) = (Vec::with_capacity(USUAL), Vec::with_capacity(FEW));
        let mut picks = Picks { all, keys, fixed: Pair::ZERO };
        let Found::Unmerged = self.find(None, root, &mut picks) else { return false };
        let mut open = Vec::with_capacity(FEW);
        open.push(Place::new(None, 0, &picks));
        while let Some(place) = open.last_mut() {
            let Some(field) = place.take().and_then(|it| self.field_at(place, *picks.all.get(it)?))
            else {
                let Some(closed) = open.pop() else { break };
                picks.all.truncate(closed.first);
                self.close_unmerged(&closed, open.last_mut());
                continue;
            };
            let first = picks.all.len();
            match self.find_below(field, &mut picks) {
                Found::Mixed => {
                    picks.all.truncate(first);
                    let parts =
                        Parts::One((field.at.node.source, field.at.node.guard, field.pick.node));
                    let keyed = Keyed { first: field.pick.node, class: field.pick.class, parts };
                    let Some(below) = self.below(&keyed, field.at) else { return false };
                    self.add_unmerged(place, field, below);
                }
                Found::Surplus => return false,
                Found::Unmerged if picks.all.len() == first => {
                    self.add_unmerged(place, field, picks.fixed);
                }
                Found::Unmerged => open.push(Place::new(Some(field), first, &picks)),
            }
        }
        self.add_root(root);
        true
    }

    fn field_at(&mut self, place: &Place<'_>, pick: Pick) -> Option<Field<'a>> {
        let (node, class) = (self.operation.node(pick.node)?, self.model.class(pick.class)?);
        let condition = self.slots.condition(&[node.guard]);
        let handed_down = place.handed_down;
        Some(Field { pick, at: At { node, class, condition, handed_down } })
    }

    fn find_below(&mut self, field: Field<'_>, picks: &mut Picks<'a>) -> Found {
        picks.fixed = Pair::ZERO;
        match field.at.class.is_composite {
            true => self.find(Some(field.pick.node), field.at.class.returns, picks),
            false => Found::Unmerged,
        }
    }

    /// Adds what is selected below a field on values of type `returns`, or at the root.
    fn find(&mut self, below: Option<NodeId>, returns: TypeId, picks: &mut Picks<'a>) -> Found {
        let (model, operation) = (self.model, self.operation);
        let possible = &model.schema().ty(returns).possible;
        let context = below.and_then(|it| operation.node(it)).map(|it| it.guard);
        let mut on_all: Option<SetId> = None;
        picks.keys.clear();
        for (id, node) in operation.children(below) {
            let Some(variation) = model.variation(node.field) else { continue };
            let Variation::Uniform(class) = *variation else { return Found::Mixed };
            let Some(it) = model.class(class).filter(|it| !it.is_free()) else { continue };
            if node.guard == GuardId::NEVER {
                continue;
            }
            if on_all != Some(node.parents) {
                let set = operation.sets().get(node.parents);
                if !set.is_some_and(|it| possible.is_subset(it)) {
                    return Found::Mixed;
                }
                on_all = Some(node.parents);
            }
            let key = operation.key(node);
            if picks.keys.len() >= FEW || picks.keys.contains(&key) {
                return Found::Mixed;
            }
            picks.keys.push(key);
            // Root fields are told apart, and what has a guard of its own may not be there.
            match it.fixed().filter(|_| context == Some(node.guard)) {
                Some(price) => picks.fixed = self.arena.add_both(picks.fixed, price),
                None => picks.all.push(Pick { node: id, class }),
            }
        }
        // As much as merging takes: every selection is looked at, and every key.
        let work = picks.keys.len().saturating_mul(2);
        if self.spend(work) { Found::Unmerged } else { Found::Surplus }
    }

    fn close_unmerged(&mut self, closed: &Place<'a>, around: Option<&mut Place<'a>>) {
        match (closed.of, around) {
            (Some(field), Some(around)) => self.add_unmerged(around, field, closed.sum),
            _ => self.total = closed.sum,
        }
    }

    fn add_unmerged(&mut self, place: &mut Place<'a>, field: Field<'_>, below: Pair) {
        let mut pair = self.price(field.at, below).pair;
        // What stands under the guard of the field around it is always there.
        let context = place.of.map_or(GuardId::ALWAYS, |it| it.at.node.guard);
        if let Some(condition) = field.at.condition.filter(|_| context != field.at.node.guard) {
            pair = self.arena.guard_both(condition, pair);
        }
        place.sum = self.arena.add_both(place.sum, pair);
        if place.of.is_none() {
            self.add_root_field(field.at.node, pair);
        }
    }
}

impl<'a> Place<'a> {
    /// Its picks are the last ones.
    fn new(of: Option<Field<'a>>, first: usize, picks: &Picks<'_>) -> Self {
        let handed_down = of.and_then(|it| it.at.hands_down(it.pick.node, it.pick.class));
        Self { of, handed_down, first, next: first, end: picks.all.len(), sum: picks.fixed }
    }

    fn take(&mut self) -> Option<usize> {
        let taken = self.next;
        self.next = taken.saturating_add(1);
        (taken < self.end).then_some(taken)
    }
}

/// So many response keys are compared in pairs; more are for merging, which looks them up.
const FEW: usize = 16;

/// Room for the picks of the places that are open at one time.
const USUAL: usize = 32;
