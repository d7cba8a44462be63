//! The selections of one place, merged: which object types see which response keys.
//!
//! GraphQL §6.3.2 collects by response key; the type conditions split the possible types into
//! regions in which the same selections apply. Only here are selections merged.

use std::borrow::Cow;

use ahash::{HashMap, HashSet};

use crate::{
    cost::{
        class::FieldClass,
        model::{ClassId, Model, Variation},
    },
    document::SelectionId,
    operation::{GuardId, NodeId, Operation, SetId},
    schema::{Kind, TypeId},
};

/// Fields that answer one response key of one object.
#[derive(Debug)]
pub(super) struct Keyed {
    /// All of them name the same field with the same arguments, by validation.
    pub(super) first: NodeId,
    pub(super) class: ClassId,
    /// Each way in which the key is asked for, ascending.
    pub(super) parts: Vec<Part>,
}

/// One selection of a field and the guard under which it stands.
pub(super) type Part = (SelectionId, GuardId, NodeId);

impl Keyed {
    /// The guards under which the key is there, ascending, each once.
    pub(super) fn guards(&self) -> Cow<'static, [GuardId]> {
        if self.parts.iter().all(|it| it.1 == GuardId::ALWAYS) {
            return Cow::Borrowed(&[GuardId::ALWAYS]);
        }
        let mut guards: Vec<_> = self.parts.iter().map(|it| it.1).collect();
        guards.sort();
        guards.dedup();
        Cow::Owned(guards)
    }
}

/// What merging has found, and the work it took.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) regions: Vec<Vec<Keyed>>,
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
    let regions = regions((model, operation), returns, &picks);
    let work = regions.work.saturating_add(picks.len());
    let keyed = regions.members.iter().map(|it| by_key(operation, &picks, it)).collect();
    Merged { regions: keyed, work }
}

fn picks<'a>(model: &'a Model, operation: &Operation, parents: &[Option<NodeId>]) -> Vec<Pick<'a>> {
    let mut picks: Vec<Pick<'a>> = Vec::new();
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
    few: Vec<(SelectionId, GuardId, SetId)>,
    many: HashSet<(SelectionId, GuardId, SetId)>,
}

impl Seen {
    fn is_new(&mut self, it: (SelectionId, GuardId, SetId)) -> bool {
        if self.few.len() >= FEW {
            return !self.few.contains(&it) && self.many.insert(it);
        }
        let is_new = !self.few.contains(&it);
        if is_new {
            self.few.push(it);
        }
        is_new
    }
}

/// So many are compared faster than they are hashed.
const FEW: usize = 16;

#[derive(Default)]
struct Regions {
    /// For each region the picks that apply, by position, and their classes.
    members: Vec<Vec<(usize, ClassId)>>,
    work: usize,
}

fn regions(
    (model, operation): (&Model, &Operation),
    returns: TypeId,
    picks: &[Pick<'_>],
) -> Regions {
    let ty = model.schema().ty(returns);
    let applies = |it: &Pick<'_>, object: u32| {
        operation.sets().get(it.parents).is_some_and(|set| set.contains(object))
    };
    let members = |object: u32| {
        let picks = picks.iter().enumerate().filter(|(_, it)| applies(it, object));
        picks.filter_map(|(at, it)| Some((at, it.variation.of(object)?))).collect::<Vec<_>>()
    };
    if let Kind::Object { object } = ty.kind {
        return Regions { members: vec![members(object)], work: 0 };
    }
    let everywhere = picks.iter().enumerate().map(|(at, it)| match it.variation {
        Variation::Uniform(class) => {
            let set = operation.sets().get(it.parents)?;
            ty.possible.is_subset(set).then_some((at, *class))
        }
        Variation::Varied(_) => None,
    });
    if let Some(all) = everywhere.collect::<Option<Vec<_>>>() {
        return Regions { members: vec![all], work: 0 };
    }
    let mut regions = Regions::default();
    let mut seen = HashSet::default();
    for object in ty.possible.iter() {
        let region = members(object);
        regions.work = regions.work.saturating_add(1 + picks.len() / 16);
        if !region.is_empty() && seen.insert(region.clone()) {
            regions.members.push(region);
        }
    }
    regions
}

fn by_key(operation: &Operation, picks: &[Pick<'_>], members: &[(usize, ClassId)]) -> Vec<Keyed> {
    let mut found: Vec<Keyed> = Vec::with_capacity(members.len());
    let mut keys: Vec<&str> = Vec::with_capacity(members.len());
    let mut places: HashMap<&str, usize> = HashMap::default();
    for (pick, class) in members {
        let Some(pick) = picks.get(*pick) else { continue };
        let part = (pick.source, pick.guard, pick.node);
        let key = operation.node(pick.node).map_or("", |it| operation.key(it));
        let place = if members.len() <= FEW {
            keys.iter().position(|it| *it == key).unwrap_or(found.len())
        } else {
            *places.entry(key).or_insert(found.len())
        };
        if place == found.len() {
            keys.push(key);
        }
        match found.get_mut(place) {
            Some(keyed) => keyed.parts.push(part),
            None => found.push(Keyed { first: pick.node, class: *class, parts: vec![part] }),
        }
    }
    for keyed in found.iter_mut().filter(|it| it.parts.len() > 1) {
        keyed.parts.sort();
        keyed.parts.dedup_by_key(|it| (it.0, it.1));
    }
    found
}
