//! Where traffic is written down, and how much of it.

use std::{fmt, str::FromStr};

use crate::traffic::Writing;

/// The traffic log of a process.
#[derive(Clone, Debug)]
pub struct TrafficFile {
    /// How it is written.
    pub writing: Writing,
    /// Which part of the requests.
    pub sample: Sample,
}

/// A part of all requests: 1 is all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample(f64);

impl Sample {
    /// All.
    pub const ALL: Self = Self(1.0);

    /// Whether a request belongs to the part; `n` is its number. Those that do are spread evenly.
    #[must_use]
    pub fn takes(self, n: u64) -> bool {
        // Multiples of the golden ratio fall nowhere twice as thick as elsewhere.
        let turn = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        #[expect(clippy::cast_precision_loss, reason = "a part of 2^64 need not be exact")]
        let at = turn as f64 / u64::MAX as f64;
        self.0 >= 1.0 || at < self.0
    }
}

impl Sample {
    /// From 0 to 1.
    #[must_use]
    pub const fn part(self) -> f64 {
        self.0
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
        if (0.0..=1.0).contains(&part) { Ok(Self(part)) } else { Err("from 0 to 1".to_owned()) }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &str, expect: usize) {
        let sample: Sample = sample.parse().unwrap();
        let taken = (0..10_000).filter(|it| sample.takes(*it)).count();
        assert!(taken.abs_diff(expect) <= 10, "{taken} of {expect}");
    }

    #[test]
    fn samples_are_of_the_size_that_was_asked_for() {
        check("0", 0);
        check("0.001", 10);
        check("0.25", 2_500);
        check("1", 10_000);
        for wrong in ["-0.1", "1.1", "NaN", "x", ""] {
            assert!(wrong.parse::<Sample>().is_err(), "{wrong}");
        }
    }
}
