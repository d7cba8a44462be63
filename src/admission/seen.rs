//! How often documents came of late: fingerprints of those that are not kept, and the counts that
//! they are compared by with those that are.

use std::sync::atomic::{AtomicU32, Ordering};

/// How often a document came, and when that was last looked at. As time goes by, half of it counts,
/// then a quarter; time is what is not found in the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    times: u8,
    age: u8,
}

impl Uses {
    /// How often, as far as it still counts.
    pub(super) fn of_late(self, age: u8) -> u8 {
        let since = u32::from(age.wrapping_sub(self.age));
        self.times.checked_shr(since).unwrap_or(0)
    }

    /// The same with one more.
    pub(super) fn once_more(self, age: u8) -> Self {
        Self { times: self.of_late(age).saturating_add(1).min(MAX_TIMES), age }
    }
}

/// 15: what came more often is in use, however often.
const MAX_TIMES: u8 = 15;

/// Fingerprints of documents that came and were not kept. A new one takes the place of an old one.
#[derive(Debug)]
pub(super) struct Seen {
    /// A fingerprint of twenty bits, four of the number of times, and eight of the age.
    places: Box<[AtomicU32]>,
    n: AtomicU32,
}

impl Seen {
    pub(super) fn new() -> Self {
        let places = std::iter::repeat_with(AtomicU32::default).take(N_PLACES).collect();
        Self { places, n: AtomicU32::new(0) }
    }

    /// The time.
    pub(super) fn age(&self) -> u8 {
        let [_, age, _, _] = self.n.load(Ordering::Relaxed).to_be_bytes();
        age
    }

    /// Notes a document by its hash; how often it came, when it was noted before. Another one may
    /// pass for it once in a million times, and is kept one time too early.
    pub(super) fn again(&self, hash: u64) -> Option<Uses> {
        self.n.fetch_add(1, Ordering::Relaxed);
        let [a, b, c, _, d, e, _, _] = hash.to_be_bytes();
        let print = u32::from_be_bytes([a, b, c & 0xf0, 0]);
        let place = self.places.get(usize::from(u16::from_be_bytes([d, e])))?;
        let [.., times, last] = place.load(Ordering::Relaxed).to_be_bytes();
        let is_noted = place.load(Ordering::Relaxed) & PRINT == print;
        let before = Uses { times: times & 0x0f, age: last };
        let uses = if is_noted { before } else { Uses::default() }.once_more(self.age());
        let noted = print | u32::from_be_bytes([0, 0, uses.times, uses.age]);
        // Of two that come at once one may count for both.
        place.store(noted, Ordering::Relaxed);
        is_noted.then_some(uses)
    }
}

/// The bits of a fingerprint.
const PRINT: u32 = 0xffff_f000;
/// 256 KiB of fingerprints: what comes again within some ten thousand others is known again.
const N_PLACES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_known_and_counted() {
        let seen = Seen::new();
        let times = |hash| seen.again(hash).map(|it| it.of_late(seen.age()));
        let one = 0x1234_5000_0001_0000;
        assert_eq!([times(one), times(one), times(one)], [None, Some(2), Some(3)]);
        // Another in its place.
        let other = 0x5432_1000_0001_0000;
        assert_eq!([times(other), times(one), times(one)], [None, None, Some(2)]);
        assert_eq!((0..20).filter_map(|_| times(one)).max(), Some(MAX_TIMES));
    }

    #[test]
    fn half_of_it_counts_when_time_has_passed() {
        let uses = (0..9).fold(Uses::default(), |it, _| it.once_more(0));
        let of_late = [0, 1, 2, 3, 4, 200].map(|it| uses.of_late(it));
        assert_eq!(of_late, [9, 4, 2, 1, 0, 0]);
        assert_eq!(uses.once_more(1).of_late(1), 5);
        assert_eq!(Uses { times: 8, age: 255 }.of_late(1), 2, "time goes round");
    }

    #[test]
    fn time_is_what_is_not_found() {
        let seen = Seen::new();
        assert_eq!(seen.age(), 0);
        seen.n.store((1 << 16) - 1, Ordering::Relaxed);
        seen.again(0);
        assert_eq!(seen.age(), 1);
    }
}
