//! When an unknown `kid` is a reason to ask for the keys again.
//!
//! Anybody can write any `kid`: a flood of them must not become a flood of questions.

use std::collections::HashMap;

/// The unknown names that were a reason to ask, and when.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    kids: HashMap<Box<str>, u64>,
    last: Option<Asked>,
}

/// What becomes of a token whose key is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The keys are asked for, and it waits for them.
    Ask,
    /// It is bad.
    Refuse,
    /// They were asked for, and it waits, too.
    Wait,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: u64,
    /// How many answers there were before.
    n_asked: u64,
}

impl Unknown {
    /// What to do for a name. It is a reason to ask once in `every` seconds, and never more often
    /// than [`PAUSE`].
    pub(super) fn meet(&mut self, (kid, n_asked): (&str, u64), now: u64, every: u64) -> Step {
        if let Some(last) = self.last.filter(|it| now < it.at.saturating_add(PAUSE)) {
            return if last.n_asked == n_asked { Step::Wait } else { Step::Refuse };
        }
        self.kids.retain(|_, at| now < at.saturating_add(every));
        if self.kids.contains_key(kid) {
            return Step::Refuse;
        }
        if self.kids.len() >= MAX_KIDS {
            // In a flood, all of them are as good as any.
            self.kids.clear();
        }
        self.kids.insert(kid.into(), now);
        self.last = Some(Asked { at: now, n_asked });
        Step::Ask
    }
}

/// 10 s: what a new key may wait in a flood, and what an issuer notices of one.
const PAUSE: u64 = 10;
/// With one question per pause, more than come together in the default `refresh` of 5 min.
const MAX_KIDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_once_and_a_flood_once_per_pause() {
        let mut unknown = Unknown::default();
        let mut check = |kid: &str, n_asked, now, expect| {
            assert_eq!(unknown.meet((kid, n_asked), now, 300), expect, "{kid} at {now}");
        };
        check("a", 1, 1000, Step::Ask);
        // The answer is on its way, and may have any name.
        check("b", 1, 1001, Step::Wait);
        check("a", 2, 1002, Step::Refuse);
        check("b", 2, 1009, Step::Refuse);
        check("b", 2, 1010, Step::Ask);
        check("a", 3, 1020, Step::Refuse);
        check("c", 3, 1020, Step::Ask);
        check("a", 4, 1299, Step::Refuse);
        check("a", 4, 1300, Step::Ask);
    }

    #[test]
    fn names_are_bounded() {
        let mut unknown = Unknown::default();
        for n in 0..1_000 {
            assert_eq!(unknown.meet((&n.to_string(), n), n * PAUSE, u64::MAX), Step::Ask);
            assert!(unknown.kids.len() <= MAX_KIDS);
        }
    }
}
