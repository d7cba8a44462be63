//! Sets of object types, as bitsets over the schema's object types.

use crate::weight;

/// A set of object types of one schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeSet(Words);

/// Most schemas have few enough object types for one word, which then needs no room elsewhere.
// INVARIANT: sets of one schema are of one kind and length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Words {
    Many(Box<[u64]>),
    One(u64),
}

impl Default for TypeSet {
    fn default() -> Self {
        Self(Words::One(0))
    }
}

impl TypeSet {
    /// The empty set for a schema of `n_objects` object types.
    #[must_use]
    pub fn empty(n_objects: u32) -> Self {
        match (n_objects as usize).div_ceil(64) {
            0 | 1 => Self::default(),
            n_words => Self(Words::Many(vec![0; n_words].into())),
        }
    }

    /// Bytes it holds on to elsewhere.
    pub(crate) const fn weight(&self) -> usize {
        match &self.0 {
            Words::Many(words) => weight::of_slice(words),
            Words::One(_) => 0,
        }
    }

    fn words(&self) -> &[u64] {
        match &self.0 {
            Words::Many(words) => words,
            Words::One(word) => std::slice::from_ref(word),
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match &mut self.0 {
            Words::Many(words) => words,
            Words::One(word) => std::slice::from_mut(word),
        }
    }

    /// Adds the object type with this object index; an index of another schema is ignored.
    pub fn insert(&mut self, object: u32) {
        if let Some(word) = self.words_mut().get_mut(object as usize / 64) {
            *word |= 1 << (object % 64);
        }
    }

    /// True when the object type is in the set.
    #[must_use]
    pub fn contains(&self, object: u32) -> bool {
        self.words().get(object as usize / 64).is_some_and(|it| it & (1 << (object % 64)) != 0)
    }

    /// Adds every member of another set of the same schema.
    pub fn extend(&mut self, other: &Self) {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(a, b)| *a |= b);
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Words::One(a), Words::One(b)) => Self(Words::One(a & b)),
            _ => {
                let words = self.words().iter().zip(other.words());
                Self(Words::Many(words.map(|(a, b)| a & b).collect()))
            }
        }
    }

    /// True when both have a member in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.words().iter().zip(other.words()).any(|(a, b)| a & b != 0)
    }

    /// True when every member is in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.words().iter().zip(other.words()).all(|(a, b)| a & !b == 0)
    }

    /// True when no object type is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words().iter().all(|it| *it == 0)
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.words().iter().map(|it| it.count_ones()).sum()
    }

    /// The members' object indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).step_by(64).zip(self.words()).flat_map(|(first, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left.wrapping_sub(1);
                Some(first.saturating_add(bit))
            })
        })
    }
}
