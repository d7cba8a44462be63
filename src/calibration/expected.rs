//! What an operation will cost, beside what it can: the same program with its sizes scaled down to
//! what lists were seen to hold.

use std::collections::BTreeMap;

use crate::{
    calibration::fill::Fill,
    cost::{Explanation, Measure},
};

/// Both measures, as numbers that need not be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Objects that will come back, weighted.
    pub types: f64,
    /// Resolver calls, weighted.
    pub fields: f64,
}

impl Expected {
    /// What one request will cost; its price, where that could not be taken apart.
    #[must_use]
    pub fn of(told: &Explanation, fills: &BTreeMap<Box<str>, Fill>) -> Self {
        let static_ = Self::from(told.price);
        if told.parts.is_empty() {
            return static_;
        }
        // By depth, what stands below a place and is not yet added to it: as priced, as expected.
        let mut waiting: Vec<(Self, Self)> = Vec::new();
        for part in told.parts.iter().rev() {
            let depth = part.depth as usize;
            waiting.resize(waiting.len().max(depth.saturating_add(1)), Default::default());
            let (below, below_expected) = waiting.drain(depth..).next().unwrap_or_default();
            let price = Self::from(part.price);
            let size = part.sizes.iter().map(|it| float(*it)).product::<f64>();
            let fill = fills.get(&part.coordinate);
            let scaled = fill.map_or(size, |it| it.expected(&part.sizes));
            // One call, without what is below it.
            let own_call = (price.fields - size * below.fields).max(0.0);
            let own_types = (price.types - size * below.types).max(0.0);
            let of_own = if size > 0.0 { own_types / size * scaled } else { 0.0 };
            let expected = Self {
                types: of_own + scaled * below_expected.types,
                fields: own_call + scaled * below_expected.fields,
            };
            waiting.resize(depth, Default::default());
            if let Some((around, around_expected)) = waiting.last_mut() {
                (*around, *around_expected) = (*around + price, *around_expected + expected);
            }
        }
        let (all, expected) = waiting.into_iter().next().unwrap_or_default();
        // The root itself.
        let root = Self { types: (static_.types - all.types).max(0.0), fields: 0.0 };
        expected + root
    }

    /// The number that belongs to the limit.
    #[must_use]
    pub fn combined(self, measure: Measure) -> f64 {
        match measure {
            Measure::Both => self.types + self.fields,
            Measure::Field => self.fields,
            Measure::Type => self.types,
        }
    }
}

impl std::ops::Add for Expected {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { types: self.types + other.types, fields: self.fields + other.fields }
    }
}

impl From<crate::cost::Price> for Expected {
    fn from(price: crate::cost::Price) -> Self {
        Self { types: float(price.types), fields: float(price.fields) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a cost is told in a few digits")]
pub(super) const fn float(n: u64) -> f64 {
    n as f64
}
