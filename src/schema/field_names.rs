//! The fields of all types by type and name, in one open table.
//!
//! Its hash has no secret. What is in the table is the schema's own, and a name that is only looked
//! up takes as many steps as fields stand together in a row, which nobody who asks can lengthen.

use crate::schema::{FieldId, TypeId};

/// The fields of a schema but `__typename`, which every composite type has.
#[derive(Debug)]
pub(super) struct FieldNames {
    /// A power of two, at most half of them taken.
    slots: Box<[Option<Slot>]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    field: FieldId,
}

impl FieldNames {
    /// Each name in a type once.
    pub(super) fn of<'a>(fields: impl Iterator<Item = (TypeId, &'a str, FieldId)>) -> Self {
        let fields: Vec<_> = fields.collect();
        let n_slots = fields.len().saturating_mul(2).next_power_of_two().max(2);
        let mut table = Self { slots: vec![None; n_slots].into() };
        for (parent, name, field) in fields {
            let hash = hash(parent, name);
            let mut places = table.places(hash);
            let free = places.find(|it| table.slots.get(*it).is_some_and(Option::is_none));
            if let Some(slot) = free.and_then(|it| table.slots.get_mut(it)) {
                *slot = Some(Slot { hash, field });
            }
        }
        table
    }

    /// The field of that type and name, which `is_it` tells from others.
    pub(super) fn find(
        &self,
        (parent, name): (TypeId, &str),
        is_it: impl Fn(FieldId) -> bool,
    ) -> Option<FieldId> {
        let hash = hash(parent, name);
        // The budget of this loop is the table, half of which is free.
        for place in self.places(hash) {
            let slot = (*self.slots.get(place)?)?;
            if slot.hash == hash && is_it(slot.field) {
                return Some(slot.field);
            }
        }
        None
    }

    /// Where a hash may stand, the likeliest place first.
    fn places(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let last = self.slots.len().wrapping_sub(1);
        (0..=last).map(move |it| it.wrapping_add(hash as usize) & last)
    }
}

/// Both ends of a name and its length; of a long one, everything.
fn hash(parent: TypeId, name: &str) -> u32 {
    let bytes = name.as_bytes();
    let (first, last) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            _ => (bytes.iter().fold(0, |all, it| all << 8 | u64::from(*it)), 0),
        },
    };
    let mut mixed = mix(first ^ u64::from(parent.0) << 32 ^ bytes.len() as u64);
    if bytes.len() > 16 {
        let (words, _) = bytes.as_chunks::<8>();
        mixed = words.iter().fold(mixed, |all, it| mix(all ^ u64::from_le_bytes(*it)));
    }
    let mixed = mix(mixed ^ last);
    let [.., a, b, c, d] = mixed.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The high half of the product carries over into the low one.
const fn mix(word: u64) -> u64 {
    let product = word.wrapping_mul(ODD);
    product ^ product >> 32
}

/// 2⁶⁴ by the golden ratio.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_and_nothing_else() {
        let mut names: Vec<String> =
            (0..300).map(|it| format!("{}f{it}", "x".repeat(it % 40))).collect();
        names.extend(["a", "b", "ab", "abc", "abcd", "abcdefgh"].map(str::to_owned));
        let all: Vec<_> =
            (0..3).flat_map(|ty| names.iter().map(move |it| (TypeId(ty), &**it))).collect();
        let table = FieldNames::of(all.iter().zip(1..).map(|(it, id)| (it.0, it.1, FieldId(id))));
        let find = |ty, name: &str| {
            let is_it = |it: FieldId| all[it.index() - 1] == (ty, name);
            table.find((ty, name), is_it)
        };
        for (it, id) in all.iter().zip(1..) {
            assert_eq!(find(it.0, it.1), Some(FieldId(id)));
        }
        assert_eq!(find(TypeId(3), "a"), None);
        assert_eq!(find(TypeId(0), "c"), None);
        assert_eq!(find(TypeId(0), ""), None);
        assert!(FieldNames::of(std::iter::empty()).find((TypeId(0), "a"), |_| true).is_none());
    }
}
