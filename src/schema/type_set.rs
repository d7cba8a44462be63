//! Sets of object types, as bitsets over the schema's object types.

/// A set of object types of one schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TypeSet(Box<[u64]>);

impl TypeSet {
    /// The empty set for a schema of `n_objects` object types.
    #[must_use]
    pub fn empty(n_objects: u32) -> Self {
        Self(vec![0; (n_objects as usize).div_ceil(64)].into())
    }

    /// Adds the object type with this object index; an index of another schema is ignored.
    pub fn insert(&mut self, object: u32) {
        if let Some(word) = self.0.get_mut(object as usize / 64) {
            *word |= 1 << (object % 64);
        }
    }

    /// True when the object type is in the set.
    #[must_use]
    pub fn contains(&self, object: u32) -> bool {
        self.0.get(object as usize / 64).is_some_and(|it| it & (1 << (object % 64)) != 0)
    }

    /// Adds every member of another set of the same schema.
    pub fn extend(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// True when both have a member in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    /// True when every member is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// True when no object type is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|it| *it == 0)
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|it| it.count_ones()).sum()
    }

    /// The members' object indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).step_by(64).zip(&self.0).flat_map(|(first, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left.wrapping_sub(1);
                Some(first.saturating_add(bit))
            })
        })
    }
}
