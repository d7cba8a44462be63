//! Documents of exactly so many levels, or so many lists in lists, by whatever way the schema has.

use std::collections::{BTreeMap, BinaryHeap, btree_map::Entry};

use crate::{
    attack::{
        World,
        route::{self, Hop, Route},
    },
    schema::{OperationKind, TypeId},
};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Fields below fields.
    Depth,
    /// Lists inside lists.
    Lists,
}

/// How a type was reached after so many: from where, and by which step.
type Reached = BTreeMap<(usize, TypeId), Option<(TypeId, usize, Hop)>>;

/// A document of exactly `n`; `None` when the schema has no way to one.
pub(super) fn chain(world: &World<'_>, measure: Measure, n: usize) -> Option<String> {
    let root = world.schema().root(OperationKind::Query)?;
    let start = Route { kind: OperationKind::Query, root, hops: Vec::new() };
    // The leaf is one more level.
    let wanted = if measure == Measure::Depth { n.checked_sub(1)? } else { n };
    let mut best: Reached = Reached::new();
    let mut waiting =
        BinaryHeap::from([Waiting { cost: 0, reached: 0, at: root, last: None, from: None }]);
    let mut n_steps = 0_usize;
    while let Some(it) = waiting.pop() {
        match best.entry((it.reached, it.at)) {
            Entry::Occupied(_) => continue,
            Entry::Vacant(place) => {
                place.insert(it.from.zip(it.last).map(|((ty, n), hop)| (ty, n, hop)))
            }
        };
        if it.reached == wanted && it.at != root {
            return write(world, &start, (it.reached, it.at), &best);
        }
        n_steps = n_steps.saturating_add(1);
        if n_steps > MAX_STEPS {
            return None;
        }
        let so_far = Route { hops: it.last.into_iter().collect(), ..start.clone() };
        for hop in route::steps(world, &so_far) {
            let ty = &world.schema().field(hop.field).ty;
            let lists = ty.list_depth() as usize;
            let (more, dearer) = match measure {
                Measure::Depth => (1, lists.saturating_mul(100).saturating_add(1)),
                Measure::Lists => (lists, 1),
            };
            let reached = it.reached.saturating_add(more);
            if reached <= wanted {
                let cost = it.cost.saturating_add(dearer);
                let from = Some((it.at, it.reached));
                waiting.push(Waiting { cost, reached, at: ty.named, last: Some(hop), from });
            }
        }
    }
    None
}

/// Walks back from the end, and writes what was walked.
fn write(world: &World<'_>, start: &Route, end: (usize, TypeId), best: &Reached) -> Option<String> {
    let (mut at, mut hops) = (end, Vec::new());
    // Budget: every step goes to an entry that was made earlier.
    while let Some((ty, n, hop)) = best.get(&at).copied().flatten() {
        hops.push(hop);
        at = (n, ty);
    }
    hops.reverse();
    Route { hops, ..start.clone() }.write(world, "__typename", "")
}

/// A place to go on from; the cheapest comes first.
#[derive(PartialEq, Eq)]
struct Waiting {
    cost: usize,
    reached: usize,
    at: TypeId,
    last: Option<Hop>,
    from: Option<(TypeId, usize)>,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.cost, it.reached, it.at);
        key(other).cmp(&key(self))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Places that are looked at.
const MAX_STEPS: usize = 100_000;
