//! Limit `limits.repeats`: one field under one parent through different response keys.

use std::collections::hash_map;

use ahash::{HashMap, HashSet};

use crate::{
    operation::{Node, Operation},
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    schema::FieldId,
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 15,
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-repeats",
    code: Code::MAX_REPEATS_LIMIT,
    title: "One field under different aliases",
    owasp: "API4",
    setting: "limits.repeats",
    page: include_str!("max_repeats.md"),
};

/// A place in the answer: the response keys from the root, as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place(usize);

impl Place {
    const ROOT: Self = Self(0);
}

/// Selections with the same response keys from the root are one place in the answer, however
/// often their parents are written.
fn measure(operation: &Operation) -> u64 {
    measure_few(operation).unwrap_or_else(|| measure_many(operation))
}

/// Nothing when there are more fields under aliases than it pays to compare in pairs.
fn measure_few(operation: &Operation) -> Option<u64> {
    let nodes = operation.nodes();
    let mut aliased: Vec<FieldId> = Vec::with_capacity(FEW);
    for node in nodes.iter().filter(|it| it.alias.is_some()) {
        if !aliased.contains(&node.field) {
            (aliased.len() < FEW).then(|| aliased.push(node.field))?;
        }
    }
    // One for every response key under which such a field comes in one place.
    let mut distinct: Vec<&Node> = Vec::with_capacity(FEW);
    let mut most = u64::from(!nodes.is_empty());
    let mut budget = BUDGET;
    for node in nodes.iter().filter(|it| aliased.contains(&it.field)) {
        let key = operation.key(node);
        let (mut times, mut is_new) = (1_u64, true);
        for other in distinct.iter().filter(|it| it.field == node.field) {
            if are_beside(operation, (other, node), &mut budget)? {
                is_new &= operation.key(other) != key;
                times = times.saturating_add(1);
            }
        }
        if is_new {
            most = most.max(times);
            (distinct.len() < FEW).then(|| distinct.push(node))?;
        }
    }
    Some(most)
}

/// So many fields are compared faster than their places are hashed.
const FEW: usize = 16;

/// Steps of comparing; when more are due, hashing takes less.
const BUDGET: u32 = 2_000;

/// Whether two selections stand in one place of the answer. Nothing when the budget is spent.
fn are_beside(operation: &Operation, (a, b): (&Node, &Node), budget: &mut u32) -> Option<bool> {
    let (mut a, mut b) = (a.parent, b.parent);
    while a != b {
        *budget = budget.checked_sub(1)?;
        let (Some(one), Some(other)) = (a, b) else { return Some(false) };
        let (one, other) = (operation.node(one)?, operation.node(other)?);
        if operation.key(one) != operation.key(other) {
            return Some(false);
        }
        (a, b) = (one.parent, other.parent);
    }
    Some(true)
}

fn measure_many(operation: &Operation) -> u64 {
    let nodes = operation.nodes();
    let aliased: HashSet<FieldId> =
        nodes.iter().filter(|it| it.alias.is_some()).map(|it| it.field).collect();
    // A leaf that is called by its name throughout comes once in every place, and needs no look.
    let is_once = |at: usize, it: &Node| {
        it.end.index() == at.saturating_add(1) && !aliased.contains(&it.field)
    };
    if aliased.is_empty() {
        return u64::from(!nodes.is_empty());
    }
    // The place of every response key below a place, with the field that came there first.
    let mut places: HashMap<(Place, &str), (Place, FieldId)> = HashMap::default();
    let mut others: HashSet<(Place, FieldId)> = HashSet::default();
    let mut place_of_node: Vec<Place> = Vec::with_capacity(nodes.len());
    let mut repeated: Vec<(Place, FieldId)> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        if is_once(at, node) {
            place_of_node.push(Place::ROOT);
            continue;
        }
        let above = node.parent.and_then(|it| place_of_node.get(it.index())).copied();
        let above = above.unwrap_or(Place::ROOT);
        let next = Place(places.len().saturating_add(1));
        let (place, is_new) = match places.entry((above, operation.key(node))) {
            hash_map::Entry::Vacant(it) => (it.insert((next, node.field)).0, true),
            hash_map::Entry::Occupied(it) => {
                let (place, first) = *it.get();
                (place, first != node.field && others.insert((place, node.field)))
            }
        };
        place_of_node.push(place);
        if is_new {
            repeated.push((above, node.field));
        }
    }
    repeated.sort_unstable();
    let longest = repeated.chunk_by(|a, b| a == b).map(<[_]>::len).max();
    longest.unwrap_or(1) as u64
}
