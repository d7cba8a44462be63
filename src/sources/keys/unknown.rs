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

#[derive(Clone, Copy, Debug)]
struct Asked {
    at: u64,
    /// How many answers there were before.
    n_asked: u64,
}

impl Unknown {
    /// Whether to wait for an answer: because one is on its way, or because this name is a reason
    /// to ask. That is once in `every` seconds for a name, and never more often than [`PAUSE`].
    pub(super) fn may_ask(&mut self, (kid, n_asked): (&str, u64), now: u64, every: u64) -> bool {
        if self.last.is_some_and(|it| it.n_asked == n_asked && now < it.at.saturating_add(PAUSE)) {
            return true;
        }
        if self.last.is_some_and(|it| now < it.at.saturating_add(PAUSE)) {
            return false;
        }
        self.kids.retain(|_, at| now < at.saturating_add(every));
        if self.kids.contains_key(kid) {
            return false;
        }
        if self.kids.len() >= MAX_KIDS {
            // In a flood, all of them are as good as any.
            self.kids.clear();
        }
        self.kids.insert(kid.into(), now);
        self.last = Some(Asked { at: now, n_asked });
        true
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
            assert_eq!(unknown.may_ask((kid, n_asked), now, 300), expect, "{kid} at {now}");
        };
        check("a", 1, 1000, true);
        // The answer is on its way, and may have any name.
        check("b", 1, 1001, true);
        check("a", 2, 1002, false);
        check("b", 2, 1009, false);
        check("b", 2, 1010, true);
        check("a", 3, 1020, false);
        check("c", 3, 1020, true);
        check("a", 4, 1299, false);
        check("a", 4, 1300, true);
    }

    #[test]
    fn names_are_bounded() {
        let mut unknown = Unknown::default();
        for n in 0..1_000 {
            assert!(unknown.may_ask((&n.to_string(), n), n * PAUSE, u64::MAX));
            assert!(unknown.kids.len() <= MAX_KIDS);
        }
    }
}
