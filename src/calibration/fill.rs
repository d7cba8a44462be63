//! List fill: how much of what a list was priced with comes back.

use std::collections::BTreeMap;

use crate::calibration::{Length, expected::float, interval::conformal};

/// How full the lists of one coordinate are, or how often its object is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fill {
    /// Lists that were met.
    pub n: u64,
    /// Whether they are lists, or objects that may be null.
    pub is_list: bool,
    /// Elements that came back, of all.
    pub came: u64,
    /// Elements that they were priced with, of all.
    pub priced: u64,
    /// The longest.
    pub longest: u64,
    /// Lists that were longer than they were priced with.
    pub over: u64,
    /// By length, how many there were, and how many of them were full: those could be longer.
    lengths: BTreeMap<u64, (u64, u64)>,
    /// Length over size, of each.
    ratios: Vec<f64>,
}

impl Fill {
    /// How full on the whole, from 0 to 1, and above where lists are longer than priced.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.priced == 0 { 1.0 } else { float(self.came) / float(self.priced) }
    }

    /// How full at most, but for so many of one; 1 where too few were met to say so. The sound
    /// bound stays above it.
    #[must_use]
    pub fn upper(&self, alpha: f64) -> f64 {
        conformal(&self.ratios, alpha).unwrap_or(1.0).min(1.0)
    }

    /// How long at most, but for so many of one; nothing where too few were met.
    #[must_use]
    pub fn longest_but(&self, alpha: f64) -> Option<u64> {
        let lengths = self.lengths.iter();
        let all: Vec<f64> =
            lengths.flat_map(|(length, (n, _))| (0..*n).map(|_| float(*length))).collect();
        let bound = conformal(&all, alpha)?;
        self.lengths.keys().copied().find(|it| float(*it) >= bound)
    }

    /// How many elements come back of lists inside each other with these sizes.
    #[must_use]
    pub fn expected(&self, sizes: &[u64]) -> f64 {
        match sizes {
            [] => self.mean().min(1.0),
            [size] => self.expected_of(*size),
            [..] => sizes.iter().map(|it| float(*it) * self.mean()).product(),
        }
    }

    /// How many come back when so many are asked for: the sum of the chances that there is a first,
    /// a second, and so on. A full list says that there are as many, not that there are no more
    /// (the estimate of Kaplan and Meier).
    fn expected_of(&self, size: u64) -> f64 {
        let mut left = self.n;
        let (mut chance, mut sum, mut at) = (1.0, 0.0, 0_u64);
        for (length, (n, full)) in &self.lengths {
            if left == 0 || *length >= size {
                break;
            }
            sum += chance * float(length.saturating_sub(at));
            at = *length;
            chance *= 1.0 - float(n.saturating_sub(*full)) / float(left);
            left = left.saturating_sub(*n);
        }
        // Behind the longest that was met nothing is known: as full as all of them.
        let behind = float(size.saturating_sub(at));
        sum + chance * if left == 0 { behind * self.mean().min(1.0) } else { behind }
    }

    fn add(&mut self, it: &Length) {
        self.n = self.n.saturating_add(1);
        self.is_list |= it.is_list;
        self.came = self.came.saturating_add(it.length);
        self.priced = self.priced.saturating_add(it.bound);
        self.longest = self.longest.max(it.length);
        self.over = self.over.saturating_add(u64::from(it.length > it.bound));
        let (n, full) = self.lengths.entry(it.length).or_default();
        *n = n.saturating_add(1);
        *full = full.saturating_add(u64::from(it.length >= it.bound));
        if it.bound > 0 {
            self.ratios.push(float(it.length) / float(it.bound));
        }
    }
}

/// The fill of every coordinate.
#[must_use]
pub fn fills<'l>(lengths: impl IntoIterator<Item = &'l Length>) -> BTreeMap<Box<str>, Fill> {
    let mut fills: BTreeMap<Box<str>, Fill> = BTreeMap::new();
    for it in lengths {
        fills.entry(it.coordinate.clone()).or_default().add(it);
    }
    fills
}
