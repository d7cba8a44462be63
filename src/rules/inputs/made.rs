//! What `value` stands for, made once for each argument and paid for.

use std::cell::RefCell;

use ahash::HashMap;

use crate::{
    expression::Value as Answer,
    operation::Resolved,
    rules::{
        InputPlace,
        input_value::{value_as, value_of},
        inputs::{sites::Site, value::Reading, walk::Met},
        purse::Purse,
        scope::Source,
    },
    schema::InputId,
};

/// What `value` stands for, and how many values that is.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) value: Answer,
    pub(super) n_values: u64,
}

/// The values that one rule was given in one request.
pub(super) struct Values<'q> {
    reading: &'q Reading<'q>,
    purse: Purse<'q>,
    /// Those of arguments; as many as the purse pays for.
    made: RefCell<HashMap<(InputId, Source), Made>>,
}

impl<'q> Values<'q> {
    pub(super) fn new(reading: &'q Reading<'q>, purse: Purse<'q>) -> Self {
        Self { reading, purse, made: RefCell::default() }
    }

    /// What `value` stands for; `None` when nobody knows, or it costs too much.
    pub(super) fn of(&self, met: &Met<'_, 'q, 'q>, site: &Site) -> Option<Made> {
        if met.place != InputPlace::Input(site.input) {
            return self.make(met);
        }
        let key = (site.input, Source::of(self.reading.operation(), site.written));
        if let Some(made) = self.made.borrow().get(&key) {
            return Some(made.clone());
        }
        let made = self.make(met)?;
        self.made.borrow_mut().insert(key, made.clone());
        Some(made)
    }

    fn make(&self, met: &Met<'_, 'q, 'q>) -> Option<Made> {
        let known = (self.reading.operation(), self.reading.variables());
        let resolved = met.value.resolved;
        let (value, n_values) = match (resolved, met.place) {
            (Resolved::Absent, _) => (Answer::null(), 1),
            (_, InputPlace::Input(input)) => value_of(known, input, resolved, &self.purse)?,
            (_, InputPlace::Scalar(named)) => value_as(known, named, resolved, &self.purse)?,
        };
        Some(Made { value, n_values })
    }
}
