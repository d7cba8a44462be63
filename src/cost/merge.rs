//! The selections of one place, merged: which object types see which response keys.
//!
//! GraphQL §6.3.2 collects by response key; the type conditions split the possible types into
//! regions in which the same selections apply. Only here are selections merged.

use std::{borrow::Cow, collections::hash_map::Entry};

use ahash::{HashMap, HashSet};

use crate::{
    cost::{
        class::FieldClass,
        model::{ClassId, Model, Variation},
    },
    document::SelectionId,
    operation::{GuardId, NodeId, Operation, SetId},
    schema::{Kind, TypeId, TypeSet},
};

/// Fields that answer one response key of one object.
#[derive(Debug)]
pub(super) struct Keyed {
    /// All of them name the same field with the same arguments, by validation.
    pub(super) first: NodeId,
    pub(super) class: ClassId,
    pub(super) parts: Parts,
}

/// Each way in which a key is asked for, ascending. Nearly always there is one, which then takes
/// no allocation.
#[derive(Clone, Debug)]
pub(super) enum Parts {
    Many(Vec<Part>),
    One(Part),
}

impl Parts {
    pub(super) fn as_slice(&self) -> &[Part] {
        match self {
            Self::Many(parts) => parts,
            Self::One(part) => std::slice::from_ref(part),
        }
    }

    fn push(&mut self, part: Part) {
        match self {
            Self::Many(parts) => parts.push(part),
            Self::One(first) => *self = Self::Many(vec![*first, part]),
        }
    }

    fn sort(&mut self) {
        if let Self::Many(parts) = self {
            parts.sort();
            parts.dedup_by_key(|it| (it.0, it.1));
        }
    }
}

/// One selection of a field and the guard under which it stands.
pub(super) type Part = (SelectionId, GuardId, NodeId);

impl Keyed {
    /// The guards under which the key is there, ascending, each once.
    pub(super) fn guards(&self) -> Cow<'static, [GuardId]> {
        let parts = self.parts.as_slice();
        if parts.iter().all(|it| it.1 == GuardId::ALWAYS) {
            return Cow::Borrowed(&[GuardId::ALWAYS]);
        }
        let mut guards: Vec<_> = parts.iter().map(|it| it.1).collect();
        guards.sort();
        guards.dedup();
        Cow::Owned(guards)
    }
}

/// What merging has found, and the work it took.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) regions: Vec<Vec<Keyed>>,
    /// Something is selected of types that weigh less than another which is possible here: what
    /// weighs the most and what has the most below it may be two.
    pub(super) is_loose: bool,
    pub(super) work: usize,
}

/// A selection that may cost something.
#[derive(Clone, Copy)]
struct Pick<'a> {
    node: NodeId,
    source: SelectionId,
    guard: GuardId,
    parents: SetId,
    variation: &'a Variation,
}

/// Merges what is selected below `groups` on a value of type `returns`; without groups, at the
/// root.
pub(super) fn merge(
    (model, operation): (&Model, &Operation),
    returns: TypeId,
    groups: Option<&[Part]>,
) -> Merged {
    let picks = match groups {
        None => picks(model, operation, &[None]),
        Some(parts) => {
            let parents: Vec<_> = parts.iter().map(|it| Some(it.2)).collect();
            picks(model, operation, &parents)
        }
    };
    let mut merged = Merged { work: picks.len(), ..Merged::default() };
    let ty = model.schema().ty(returns);
    match ty.kind {
        Kind::Object { object } => {
            merged.regions.push(by_key(operation, on(operation, &picks, object)));
        }
        _ => match everywhere(operation, &ty.possible, &picks) {
            Some(all) => merged.regions.push(by_key(operation, all.into_iter())),
            None => split((model, operation), &ty.possible, &picks, &mut merged),
        },
    }
    merged
}

fn picks<'a>(model: &'a Model, operation: &Operation, parents: &[Option<NodeId>]) -> Vec<Pick<'a>> {
    let mut picks: Vec<Pick<'a>> = Vec::with_capacity(FEW);
    let mut seen = Seen::default();
    for parent in parents {
        for (node, it) in operation.children(*parent) {
            let Some(variation) = model.variation(it.field) else { continue };
            let is_free = |class: ClassId| model.class(class).is_none_or(FieldClass::is_free);
            let is_free = matches!(variation, Variation::Uniform(class) if is_free(*class));
            if is_free || it.guard == GuardId::NEVER {
                continue;
            }
            // A fragment spread twice in one place is collected once.
            if seen.is_new((it.source, it.guard, it.parents)) {
                let (source, guard, parents) = (it.source, it.guard, it.parents);
                picks.push(Pick { node, source, guard, parents, variation });
            }
        }
    }
    picks
}

/// What was picked: looked through while it is little, hashed when it is not.
#[derive(Default)]
struct Seen {
    few: Vec<Placed>,
    many: Option<HashSet<Placed>>,
}

/// A selection where it stands.
type Placed = (SelectionId, GuardId, SetId);

impl Seen {
    fn is_new(&mut self, it: Placed) -> bool {
        if self.few.contains(&it) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(it);
            return true;
        }
        self.many.get_or_insert_default().insert(it)
    }
}

/// So many are compared faster than they are hashed.
const FEW: usize = 16;

/// What applies to one object type, and as what it counts there.
fn on<'p, 'a>(
    operation: &Operation,
    picks: &'p [Pick<'a>],
    object: u32,
) -> impl Iterator<Item = (&'p Pick<'a>, ClassId)> {
    let applies = move |it: &&Pick<'_>| {
        operation.sets().get(it.parents).is_some_and(|set| set.contains(object))
    };
    picks.iter().filter(applies).filter_map(move |it| Some((it, it.variation.of(object)?)))
}

/// All picks, when every possible type sees each of them as the same.
fn everywhere<'p, 'a>(
    operation: &Operation,
    possible: &TypeSet,
    picks: &'p [Pick<'a>],
) -> Option<Vec<(&'p Pick<'a>, ClassId)>> {
    let of = |it: &'p Pick<'a>| match it.variation {
        Variation::Uniform(class) => {
            let set = operation.sets().get(it.parents)?;
            possible.is_subset(set).then_some((it, *class))
        }
        Variation::Varied(_) => None,
    };
    picks.iter().map(of).collect()
}

/// One region for all object types that see the same.
fn split(
    (model, operation): (&Model, &Operation),
    possible: &TypeSet,
    picks: &[Pick<'_>],
    merged: &mut Merged,
) {
    let mut seen = HashMap::default();
    let mut heaviest = i64::MIN;
    let mut n_parts = 0_usize;
    for object in possible.iter() {
        merged.work = merged.work.saturating_add(1 + picks.len() / 16);
        let weight = model.object_weight(object);
        heaviest = heaviest.max(weight);
        let region: Vec<_> = on(operation, picks, object).collect();
        if region.is_empty() {
            continue;
        }
        n_parts = n_parts.saturating_add(region.len());
        if n_parts > MAX_PARTS {
            // More than any budget, so that what there is of it so far is not counted.
            merged.work = usize::MAX;
            return;
        }
        let same = region.iter().map(|(it, class)| (it.node, *class)).collect::<Vec<_>>();
        match seen.entry(same) {
            Entry::Occupied(mut known) => drop(known.insert(weight.max(*known.get()))),
            Entry::Vacant(new) => {
                new.insert(weight);
                merged.regions.push(by_key(operation, region.into_iter()));
            }
        }
    }
    merged.is_loose = seen.values().any(|it| *it < heaviest);
}

/// 262,144 selections over the types of one place: some thirty times of what budgets have room for,
/// and less than 10 MB.
const MAX_PARTS: usize = 1 << 18;

fn by_key<'p, 'a: 'p>(
    operation: &Operation,
    members: impl Iterator<Item = (&'p Pick<'a>, ClassId)>,
) -> Vec<Keyed> {
    let mut found: Vec<Keyed> = Vec::with_capacity(FEW);
    let mut keys = Keys { few: Vec::with_capacity(FEW), many: None };
    for (pick, class) in members {
        let part = (pick.source, pick.guard, pick.node);
        let key = operation.node(pick.node).map_or("", |it| operation.key(it));
        match found.get_mut(keys.place(key)) {
            Some(keyed) => keyed.parts.push(part),
            None => found.push(Keyed { first: pick.node, class, parts: Parts::One(part) }),
        }
    }
    found.iter_mut().for_each(|it| it.parts.sort());
    found
}

/// Response keys by their place; looked through while they are few.
struct Keys<'a> {
    few: Vec<&'a str>,
    many: Option<HashMap<&'a str, usize>>,
}

impl<'a> Keys<'a> {
    /// Where the key stands; it is put behind the last when it is new.
    fn place(&mut self, key: &'a str) -> usize {
        if let Some(place) = self.few.iter().position(|it| *it == key) {
            return place;
        }
        if self.few.len() < FEW {
            self.few.push(key);
            return self.few.len().saturating_sub(1);
        }
        let many = self.many.get_or_insert_default();
        let next = self.few.len().saturating_add(many.len());
        *many.entry(key).or_insert(next)
    }
}
