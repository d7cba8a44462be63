//! Numbers that look random and are the same in every run: for shuffling and resampling.
//!
//! SplitMix64. Never for anything that somebody could gain by guessing.

/// A row of numbers, told by its seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The row of a seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    /// A number below `n`; 0 when there is none. Even to one in 2⁶⁴/n.
    pub fn below(&mut self, n: usize) -> usize {
        let scaled = u128::from(self.next()).saturating_mul(n as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// A fraction, from 0 on and below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Brings a slice into another order; every order is as likely.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            let other = self.below(last.saturating_add(1));
            all.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_the_row() {
        let mut row = Random::seeded(0);
        assert_eq!([row.next(), row.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let (mut row, mut seen) = (Random::seeded(7), [0_u32; 5]);
        (0..5000).for_each(|_| seen[row.below(5)] += 1);
        assert!(seen.iter().all(|it| (900..1100).contains(it)), "{seen:?}");
        assert_eq!((row.below(0), row.below(1)), (0, 0));
        assert!((0..1000).all(|_| (0.0..1.0).contains(&row.fraction())));
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut all: Vec<u32> = (0..100).collect();
        Random::seeded(1).shuffle(&mut all);
        assert_ne!(all, (0..100).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}
