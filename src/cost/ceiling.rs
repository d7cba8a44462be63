//! The highest price of an operation whose request is not known: a manifest at load.
//!
//! Sizes are those of the defaults; conditions are taken every way they can turn out.

use crate::{
    cost::{
        arena::Expr,
        program::{Price, Program},
        slots::Request,
    },
    operation::{VariableIdx, Variables},
    verdict::Violation,
};

impl Program {
    /// The highest price over all conditions, with sizes as when no variable is given.
    ///
    /// # Errors
    /// As [`Program::price`].
    pub fn ceiling(&self) -> Result<Price, Violation> {
        let conditions = self.slots.conditions.iter().flatten().flatten();
        let mut booleans: Vec<VariableIdx> = conditions.map(|it| it.variable).collect();
        booleans.sort();
        booleans.dedup();
        let variables = Variables::default();
        let request = Request::new(&variables);
        if booleans.len() > MAX_BOOLEANS {
            // What nobody knows counts as true; that is the highest unless a weight is negative.
            if self.exprs.iter().any(|it| matches!(it, Expr::Less(..))) {
                return Ok(Price { types: u64::MAX, fields: u64::MAX });
            }
            return self.price_with(&request);
        }
        let mut highest = Price::default();
        for case in 0..1_u32 << booleans.len() {
            let assumed = booleans.iter().zip(0..).map(|(it, bit)| (*it, case >> bit & 1 == 1));
            let assumed: Vec<_> = assumed.collect();
            let price = self.price_with(&Request { assumed: &assumed, ..request })?;
            highest.types = highest.types.max(price.types);
            highest.fields = highest.fields.max(price.fields);
        }
        Ok(highest)
    }
}

/// More would take longer than it is worth: 2¹⁰ pricings take 50 µs.
const MAX_BOOLEANS: usize = 10;
