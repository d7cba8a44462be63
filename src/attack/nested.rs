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

/// What a way avoids first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Avoid {
    /// Lists whose size no argument tells: what they cost is multiplied.
    Assumed,
    /// Lists of any kind.
    Lists,
}

/// A document of exactly `n`; `None` when the schema has no way to one.
pub(super) fn chain(
    world: &World<'_>,
    (measure, avoid): (Measure, Avoid),
    n: usize,
) -> Option<String> {
    // The leaf is one more level.
    let wanted = if measure == Measure::Depth { n.checked_sub(1)? } else { n };
    let weigh = |hop: Hop| {
        let lists = world.schema().field(hop.field).ty.list_depth() as usize;
        let assumed = usize::from(world.policy.cost.assumed(hop.field).is_some_and(|it| it > 1));
        let (list, items) = match avoid {
            Avoid::Assumed => (1, 1000),
            Avoid::Lists => (1000, 1),
        };
        match measure {
            Measure::Depth => {
                let dear = lists.saturating_mul(list).saturating_add(assumed.saturating_mul(items));
                (1, dear.saturating_add(1))
            }
            Measure::Lists => (lists, assumed.saturating_mul(items).saturating_add(1)),
        }
    };
    let walk = Walk { weigh: &weigh, wanted };
    let root = world.schema().root(OperationKind::Query)?;
    let (reached, end) = walk.until(world, &|at| at.0 == wanted && at.1 != root)?;
    let start = Route { kind: OperationKind::Query, root, hops: Vec::new() };
    Route { hops: reached.hops(end?), ..start }.write(world, "__typename", "")
}

/// A walk through the schema from the root of queries, to whatever can be reached.
pub(super) struct Walk<'w> {
    /// How much a step counts, and how dear it is.
    pub(super) weigh: &'w dyn Fn(Hop) -> (usize, usize),
    /// How much the steps may count together.
    pub(super) wanted: usize,
}

/// So much was counted on the way to this type.
pub(super) type At = (usize, TypeId);

/// How a type was reached after so many: from where, and by which step.
pub(super) struct Reached(BTreeMap<At, Option<(At, Hop)>>);

impl Walk<'_> {
    /// The cheapest way to everything, until the end is found.
    pub(super) fn until(
        &self,
        world: &World<'_>,
        is_end: &dyn Fn(At) -> bool,
    ) -> Option<(Reached, Option<At>)> {
        let root = world.schema().root(OperationKind::Query)?;
        let start = Route { kind: OperationKind::Query, root, hops: Vec::new() };
        let mut best = BTreeMap::new();
        let mut waiting = BinaryHeap::from([Waiting { cost: 0, at: (0, root), from: None }]);
        // Budget: so many places are looked at.
        while let Some(it) = waiting.pop().filter(|_| best.len() < MAX_STEPS) {
            match best.entry(it.at) {
                Entry::Occupied(_) => continue,
                Entry::Vacant(place) => place.insert(it.from),
            };
            if is_end(it.at) {
                return Some((Reached(best), Some(it.at)));
            }
            let last = it.from.map(|(_, hop)| hop);
            let so_far = Route { hops: last.into_iter().collect(), ..start.clone() };
            for hop in route::steps(world, &so_far) {
                let (more, dearer) = (self.weigh)(hop);
                let reached = it.at.0.saturating_add(more);
                if reached <= self.wanted {
                    let cost = it.cost.saturating_add(dearer);
                    let at = (reached, world.schema().field(hop.field).ty.named);
                    waiting.push(Waiting { cost, at, from: Some((it.at, hop)) });
                }
            }
        }
        Some((Reached(best), None))
    }
}

impl Reached {
    /// All of it.
    pub(super) fn places(&self) -> impl Iterator<Item = At> {
        self.0.keys().copied()
    }

    /// The steps that lead there.
    pub(super) fn hops(&self, end: At) -> Vec<Hop> {
        let (mut at, mut hops) = (end, Vec::new());
        // Budget: every step goes to an entry that was made earlier.
        while let Some((from, hop)) = self.0.get(&at).copied().flatten() {
            hops.push(hop);
            at = from;
        }
        hops.reverse();
        hops
    }
}

/// A place to go on from; the cheapest comes first.
#[derive(PartialEq, Eq)]
struct Waiting {
    cost: usize,
    at: At,
    from: Option<(At, Hop)>,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |it: &Self| (it.cost, it.at);
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
