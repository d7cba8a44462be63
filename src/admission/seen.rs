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

/// Fingerprints of documents that came and were not kept: in rows, of which a hash has one. In a row
/// stand the latest first, and a new one pushes out the last. With one place to a row, two documents
/// that come in turns would push each other out for ever, and of 8,000 one in eight has such a twin.
#[derive(Debug)]
pub(super) struct Seen {
    /// A fingerprint of twenty bits, four of the number of times, and eight of the age.
    rows: Box<[[AtomicU32; N_PER_ROW]]>,
    n: AtomicU32,
}

impl Seen {
    pub(super) fn new() -> Self {
        let rows = std::iter::repeat_with(Default::default).take(N_ROWS).collect();
        Self { rows, n: AtomicU32::new(0) }
    }

    /// The time.
    pub(super) fn age(&self) -> u8 {
        let [_, age, _, _] = self.n.load(Ordering::Relaxed).to_be_bytes();
        age
    }

    /// Notes a document by its hash; how often it came, when it was noted before. Another one may
    /// pass for it four times in a million, and is kept one time too early.
    pub(super) fn again(&self, hash: u64) -> Option<Uses> {
        self.n.fetch_add(1, Ordering::Relaxed);
        let [a, b, c, _, d, e, _, _] = hash.to_be_bytes();
        let print = u32::from_be_bytes([a, b, c & 0xf0, 0]);
        let row = self.rows.get(usize::from(u16::from_be_bytes([d, e])) % N_ROWS)?;
        let noted = |it: &AtomicU32| it.load(Ordering::Relaxed);
        let found = row.iter().map(noted).find(|it| it & PRINT == print && it & !PRINT != 0);
        let before = found.map_or_else(Uses::default, |it| {
            let [.., times, age] = it.to_be_bytes();
            Uses { times: times & 0x0f, age }
        });
        let uses = before.once_more(self.age());
        let mut moved = print | u32::from_be_bytes([0, 0, uses.times, uses.age]);
        // Of two that come at once one may be lost, or count for both.
        for place in row {
            let was = noted(place);
            place.store(moved, Ordering::Relaxed);
            if found == Some(was) {
                break;
            }
            moved = was;
        }
        found.map(|_| uses)
    }
}

/// The bits of a fingerprint.
const PRINT: u32 = 0xffff_f000;
const N_PER_ROW: usize = 4;
/// 256 KiB of fingerprints: what comes again within some ten thousand others is known again.
const N_ROWS: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use ahash::RandomState;

    use super::*;

    #[test]
    fn what_comes_again_is_known_and_counted() {
        let seen = Seen::new();
        let times = |hash| seen.again(hash).map(|it| it.of_late(seen.age()));
        let one = 0x1234_5000_0001_0000;
        assert_eq!([times(one), times(one), times(one)], [None, Some(2), Some(3)]);
        // As many others as there is room for in its row, and one more.
        let are_new = |mut others: Range<u64>| others.all(|it| times(one ^ (it << 48)).is_none());
        assert!(are_new(1..4));
        assert_eq!(times(one), Some(4));
        assert!(are_new(4..8));
        assert_eq!([times(one), times(one)], [None, Some(2)]);
        assert_eq!((0..20).filter_map(|_| times(one)).max(), Some(MAX_TIMES));
    }

    #[test]
    fn documents_that_come_in_turns_do_not_hide_each_other() {
        let seen = Seen::new();
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        let n_known = || (0..8_000).filter(|it| seen.again(hasher.hash_one(it)).is_some()).count();
        assert_eq!(n_known(), 0);
        let again = n_known();
        assert!(again > 7_950, "{again}");
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
