//! What an answer lacks: keys that were asked for unconditionally, and are never null.
//!
//! GraphQL §6.4.4: such a value that fails takes the object around it along, so that an object
//! never lacks the key. Servers that lack it all the same and say so in `errors` are excused; the
//! list may stand behind the data, so that what was found waits for the end of the answer.

use crate::{
    policy::Contract,
    response::{
        Guard, Wrong,
        breach::How,
        guard::{
            blamed::Step,
            place::{PART, Place},
        },
    },
};

/// A key that is not there.
#[derive(Debug)]
pub(super) struct Gap {
    /// The field.
    at: String,
    /// Where in the answer it should be.
    path: Vec<Step>,
}

/// What was found in one answer so far.
#[derive(Debug, Default)]
pub(super) struct Missing {
    gaps: Vec<Gap>,
    /// How often it was looked for.
    n_looked: u32,
}

impl Missing {
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

impl Guard {
    /// An object is about to end: looks for what it lacks.
    pub(super) fn look_for_gaps(&mut self) {
        let Some(Place::Object { place, ty, first_seen }) = self.open.last().copied() else {
            return;
        };
        let is_on = self.rules().contract != Contract::Off;
        if !is_on || self.missing.n_looked >= MAX_LOOKED || self.missing.gaps.len() >= MAX_GAPS {
            return;
        }
        let Some(expected) = self.about.expected.as_ref().and_then(|it| it.get(self.part)) else {
            return;
        };
        let is_seen = |n: usize| {
            let word = self.seen.get(first_seen.saturating_add(n / 64)).copied().unwrap_or(0);
            word & (1 << (n % 64)) != 0
        };
        let shape = &expected.shape;
        let absent = shape.keys(place).enumerate().filter(|(n, _)| !is_seen(*n));
        let absent: Vec<_> =
            absent.map(|(_, it)| it).filter(|(_, key)| shape.may_be_due(*key, ty)).collect();
        if absent.is_empty() {
            return;
        }
        self.missing.n_looked = self.missing.n_looked.saturating_add(1);
        let (objects, path) = self.way();
        for (name, key) in absent {
            if !expected.is_due(&objects, name) {
                continue;
            }
            let mut path = path.clone();
            path.push(name.as_bytes().into());
            if !self.blamed.excuses(&path) {
                self.missing.gaps.push(Gap { at: self.coordinate(key), path });
            }
        }
    }

    /// The objects around where we are, and the path to here.
    fn way(&self) -> (Vec<(u32, Option<u32>)>, Vec<Step>) {
        let (mut objects, mut path, mut in_list) = (Vec::new(), Vec::new(), false);
        let shape = self.expected().map(|it| &it.shape);
        let step = |it: Option<&str>| Step::from(it.unwrap_or_default().as_bytes());
        for place in &self.open {
            match place {
                Place::List { key, level, n } => {
                    if *level == 0 {
                        path.push(step(shape.and_then(|it| it.name(*key))));
                    }
                    path.push(n.saturating_sub(1).to_string().into_bytes().into());
                    in_list = true;
                }
                Place::Object { place, ty, .. } => {
                    if !in_list && !objects.is_empty() {
                        path.push(step(shape.and_then(|it| it.name_of(*place))));
                    }
                    objects.push((*place, *ty));
                    in_list = false;
                }
                Place::Any { .. }
                | Place::Anywhere { .. }
                | Place::Batch { .. }
                | Place::Envelope { .. }
                | Place::Envelopes { .. }
                | Place::Errors { .. }
                | Place::Extensions { .. } => {}
            }
        }
        (objects, path)
    }

    /// The answer is about to end: what is missing now, and not for an error, is a breach.
    pub(super) fn judge_gaps(&mut self, seen: u16) -> Result<(), Wrong> {
        let gaps = std::mem::take(&mut self.missing.gaps);
        // What comes later is none of its own.
        let is_part = seen & PART != 0;
        for gap in gaps.into_iter().filter(|_| !is_part) {
            if !self.blamed.excuses(&gap.path) {
                self.breach(gap.at, How::Missing)?;
            }
        }
        Ok(())
    }
}

/// 100 keys of one answer that may be excused later: one is enough for a breach.
const MAX_GAPS: usize = 100;
/// 1,000 objects of one answer that lack something are looked at closely.
const MAX_LOOKED: u32 = 1_000;
