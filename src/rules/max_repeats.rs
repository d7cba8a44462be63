//! Limit `limits.repeats`: one field under one parent through different response keys.
//!
//! One parent is one object: what is asked on an interface is asked of every type that implements
//! it, and what is asked on types that exclude each other does not add up.

use ahash::HashMap;

use crate::{
    operation::{Node, Operation, SetId},
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    schema::{FieldId, TypeSet},
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

/// Nothing when there are more fields under aliases than it pays to compare in pairs, or when types
/// decide.
fn measure_few(operation: &Operation) -> Option<u64> {
    let (nodes, aliased) = (operation.nodes(), few_aliased(operation)?);
    // One for every response key under which such a field comes in one place.
    let mut distinct: Vec<&Node> = Vec::with_capacity(FEW);
    let mut most = u64::from(!nodes.is_empty());
    let mut budget = BUDGET;
    for node in nodes.iter().filter(|it| aliased.contains(&it.field)) {
        let key = operation.key(node);
        let (mut times, mut is_new) = (1_u64, true);
        for other in distinct.iter().filter(|it| it.field == node.field) {
            if are_beside(operation, (other, node), &mut budget)? {
                (other.parents == node.parents).then_some(())?;
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

/// The fields that come under an alias somewhere. Nothing when an object may be asked for one of
/// them by another type's field as well.
fn few_aliased(operation: &Operation) -> Option<Vec<FieldId>> {
    let (schema, nodes) = (operation.schema(), operation.nodes());
    let mut aliased: Vec<FieldId> = Vec::with_capacity(FEW);
    for node in nodes.iter().filter(|it| it.alias.is_some()) {
        if !aliased.contains(&node.field) {
            (aliased.len() < FEW).then(|| aliased.push(node.field))?;
        }
    }
    let possible = |it: FieldId| &schema.ty(schema.field(it).parent).possible;
    let is_one = |a: FieldId, b: FieldId| {
        a != b
            && schema.field(a).name == schema.field(b).name
            && possible(a).intersects(possible(b))
    };
    let is_apart = |it: &Node| !aliased.iter().any(|aliased| is_one(*aliased, it.field));
    nodes.iter().all(is_apart).then_some(aliased)
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

/// How often each object type is asked in each place.
fn measure_many(operation: &Operation) -> u64 {
    let mut asked = asked(operation);
    asked.sort_unstable();
    asked.dedup();
    let mut most = u64::from(!operation.nodes().is_empty());
    let mut by_object = vec![0; operation.schema().n_objects() as usize];
    for asked in asked.chunk_by(|a, b| (a.above, a.name) == (b.above, b.name)) {
        let places = asked.chunk_by(|a, b| a.place == b.place);
        // One object is asked at most for all of them.
        if places.clone().count() as u64 > most {
            most = most.max(most_of_one_type(operation, places, &mut by_object));
        }
    }
    most
}

/// A field that is asked for in a place. Its order brings together what is counted together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    above: Place,
    /// The number of the field's name.
    name: usize,
    place: Place,
    types: SetId,
}

/// The fields that come under an alias somewhere.
fn asked(operation: &Operation) -> Vec<Asked> {
    let nodes = operation.nodes();
    let mut aliased: HashMap<&str, usize> = HashMap::default();
    for node in nodes.iter().filter(|it| it.alias.is_some()) {
        let next = aliased.len();
        aliased.entry(name(operation, node.field)).or_insert(next);
    }
    let mut asked = Vec::new();
    if aliased.is_empty() {
        return asked;
    }
    let mut places: HashMap<(Place, &str), Place> = HashMap::default();
    let mut place_of_node: Vec<Place> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let name = aliased.get(name(operation, node.field)).copied();
        // A leaf that is called by its name throughout comes once in every place.
        if name.is_none() && node.end.index() == at.saturating_add(1) {
            place_of_node.push(Place::ROOT);
            continue;
        }
        let above = node.parent.and_then(|it| place_of_node.get(it.index())).copied();
        let above = above.unwrap_or(Place::ROOT);
        let next = Place(places.len().saturating_add(1));
        let place = *places.entry((above, operation.key(node))).or_insert(next);
        place_of_node.push(place);
        asked.extend(name.map(|name| Asked { above, name, place, types: node.parents }));
    }
    asked
}

/// The largest number of response keys for one object type. `by_object` is all zero, before and
/// after.
fn most_of_one_type<'a>(
    operation: &Operation,
    keys: impl Iterator<Item = &'a [Asked]>,
    by_object: &mut [u64],
) -> u64 {
    let sets = answering(operation, keys);
    let mut most = 0;
    for (set, times) in &sets {
        for object in set.iter() {
            if let Some(it) = by_object.get_mut(object as usize) {
                *it = it.saturating_add(*times);
                most = most.max(*it);
            }
        }
    }
    for object in sets.iter().flat_map(|it| it.0.iter()) {
        if let Some(it) = by_object.get_mut(object as usize) {
            *it = 0;
        }
    }
    most
}

/// The object types that answer response keys, with the number of those keys.
fn answering<'a>(
    operation: &Operation,
    keys: impl Iterator<Item = &'a [Asked]>,
) -> Vec<(TypeSet, u64)> {
    let mut alone: HashMap<SetId, u64> = HashMap::default();
    let mut answering = Vec::new();
    for key in keys {
        if let [one] = key {
            let times = alone.entry(one.types).or_default();
            *times = times.saturating_add(1);
            continue;
        }
        let mut all = TypeSet::empty(operation.schema().n_objects());
        for set in key.iter().filter_map(|it| operation.sets().get(it.types)) {
            all.extend(set);
        }
        answering.push((all, 1));
    }
    let set = |(it, times)| Some((operation.sets().get(it)?.clone(), times));
    answering.extend(alone.into_iter().filter_map(set));
    answering
}

fn name(operation: &Operation, field: FieldId) -> &str {
    &operation.schema().field(field).name
}
