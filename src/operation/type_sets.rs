//! The sets of object types of one operation, interned.

use std::hash::Hash;

use ahash::HashMap;

use crate::{
    schema::{Field, FieldId, Kind, Schema, TypeId, TypeSet},
    weight,
};

/// An interned set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(u32);

/// The sets of one operation. There are few: one per type that selections are written on.
#[derive(Debug, Default)]
pub struct TypeSets {
    sets: Vec<TypeSet>,
    possible: Known<TypeId>,
    narrowed: Known<(SetId, TypeId)>,
    below: Known<(SetId, FieldId)>,
}

/// Sets that were asked for before: looked through while they are few, hashed when they are not.
#[derive(Debug)]
struct Known<K> {
    few: Vec<(K, SetId)>,
    many: HashMap<K, SetId>,
}

/// So many are compared faster than they are hashed.
const FEW: usize = 16;

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self { few: Vec::new(), many: HashMap::default() }
    }
}

impl<K: Copy + Eq + Hash> Known<K> {
    fn get(&self, key: K) -> Option<SetId> {
        let found = self.few.iter().find(|it| it.0 == key).map(|it| it.1);
        found.or_else(|| if self.many.is_empty() { None } else { self.many.get(&key).copied() })
    }

    fn insert(&mut self, key: K, set: SetId) {
        if self.few.is_empty() {
            self.few.reserve(FEW);
        }
        if self.few.len() < FEW {
            self.few.push((key, set));
        } else {
            self.many.insert(key, set);
        }
    }

    fn weight(&self) -> usize {
        weight::of_vec(&self.few).saturating_add(weight::of_map::<K, SetId>(self.many.capacity()))
    }
}

impl TypeSets {
    /// A set by its id; an id of another operation gives `None`.
    #[must_use]
    pub fn get(&self, id: SetId) -> Option<&TypeSet> {
        self.sets.get(id.0 as usize)
    }

    /// Roughly how many bytes it holds on to.
    pub(crate) fn weight(&self) -> usize {
        let known = [self.possible.weight(), self.narrowed.weight(), self.below.weight()];
        let sets = self.sets.iter().map(TypeSet::weight).chain([weight::of_vec(&self.sets)]);
        weight::sum(sets.chain(known))
    }

    /// Every object type that `ty` can be.
    pub(super) fn possible(&mut self, schema: &Schema, ty: TypeId) -> SetId {
        if let Some(id) = self.possible.get(ty) {
            return id;
        }
        let id = self.intern(schema.ty(ty).possible.clone());
        self.possible.insert(ty, id);
        id
    }

    /// What of `set` can be a `ty`.
    pub(super) fn narrow(&mut self, schema: &Schema, set: SetId, ty: TypeId) -> SetId {
        if let Some(id) = self.narrowed.get((set, ty)) {
            return id;
        }
        let narrowed = self.get(set).map(|it| it.intersection(&schema.ty(ty).possible));
        let id = self.intern(narrowed.unwrap_or_default());
        self.narrowed.insert((set, ty), id);
        id
    }

    /// What can stand below a field that any of `set` answers: an object type may declare a narrower
    /// type for a field than its interface does. Nothing, where nothing can answer.
    pub(super) fn below(&mut self, schema: &Schema, set: SetId, field: FieldId) -> SetId {
        let Field { name, parent, ty, .. } = schema.field(field);
        // Nearly always one object type answers, and with the type that is looked at already.
        if let Kind::Object { object } = schema.ty(*parent).kind
            && self.get(set).is_some_and(|it| it.contains(object))
        {
            return self.possible(schema, ty.named);
        }
        if let Some(id) = self.below.get((set, field)) {
            return id;
        }
        let mut below = TypeSet::empty(schema.n_objects());
        for object in self.get(set).into_iter().flat_map(TypeSet::iter) {
            if let Some(field) = schema.field_named(schema.object(object), name) {
                below.extend(&schema.ty(schema.field(field).ty.named).possible);
            }
        }
        let id = self.intern(below);
        self.below.insert((set, field), id);
        id
    }

    fn intern(&mut self, set: TypeSet) -> SetId {
        let found = self.sets.iter().position(|it| *it == set);
        let index = found.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len().saturating_sub(1)
        });
        SetId(u32::try_from(index).unwrap_or(u32::MAX))
    }
}
