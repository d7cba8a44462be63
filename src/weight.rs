//! Roughly how many bytes a value holds on to: for what is kept under a bound.
//!
//! Counts room, not content: a vector that has grown holds more than is in it. Follows no `Arc`;
//! whoever keeps a value says which of those it keeps alive.

/// Bytes of a vector's room.
pub(crate) const fn of_vec<T>(it: &Vec<T>) -> usize {
    of_room::<T>(it.capacity())
}

/// Bytes of a boxed slice.
pub(crate) const fn of_slice<T>(it: &[T]) -> usize {
    of_room::<T>(it.len())
}

/// Bytes of a boxed text.
pub(crate) const fn of_text(it: &str) -> usize {
    of_slice(it.as_bytes())
}

/// Bytes of a hash map with room for so many.
pub(crate) const fn of_map<K, V>(capacity: usize) -> usize {
    // One byte beside every place, and an eighth of the places stays empty.
    of_room::<(K, V, u8)>(capacity.saturating_add(capacity / 7))
}

/// All of them together.
pub(crate) fn sum(parts: impl IntoIterator<Item = usize>) -> usize {
    parts.into_iter().fold(0, usize::saturating_add)
}

const fn of_room<T>(capacity: usize) -> usize {
    match capacity.saturating_mul(size_of::<T>()) {
        0 => 0,
        bytes => bytes.saturating_add(ALLOCATION),
    }
}

/// What an allocation takes beside what was asked for: allocators round up.
const ALLOCATION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_counts_and_not_content() {
        assert_eq!(of_vec(&Vec::<u64>::new()), 0);
        assert_eq!(of_vec(&Vec::<u64>::with_capacity(100)), 800 + ALLOCATION);
        assert_eq!(of_slice(&[0_u32; 10]), 40 + ALLOCATION);
        assert_eq!(of_text("four"), 4 + ALLOCATION);
        assert_eq!(of_map::<u32, u32>(0), 0);
        assert!(of_map::<u32, u32>(7) >= 8 * 9);
    }

    #[test]
    fn what_is_too_much_to_count_saturates() {
        assert_eq!(of_room::<u64>(usize::MAX), usize::MAX);
        assert_eq!(sum([usize::MAX, 1]), usize::MAX);
    }
}
