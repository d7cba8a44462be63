//! What is known of keys without asking: permits that are taken already, and how long there are
//! none. Bounded; what is forgotten is asked for again, and permits that nobody has used are handed
//! back to whoever gives them back.

use std::{num::NonZeroUsize, rc::Rc, time::Duration};

use lru::LruCache;
use tokio::time::Instant;

use crate::quota::shared::Taken;

/// What is known of keys.
pub(super) struct Leases(LruCache<Rc<str>, Lease, ahash::RandomState>);

#[derive(Clone, Copy)]
struct Lease {
    permits: u64,
    /// In µs.
    interval: f64,
    /// When the key is at rest, by the clock of Redis.
    at_rest: f64,
    /// Until when they count.
    until: Instant,
    /// So long others wait for the next lease, and take what they need alone.
    asked: Option<Instant>,
    refused: Option<Refused>,
}

/// An amount is not left.
#[derive(Clone, Copy)]
struct Refused {
    /// As much, or more.
    least: u64,
    /// So long nobody asks again.
    until: Instant,
    /// When it comes back, so far as it was told: later than that.
    back: Instant,
}

/// Permits that nobody has used, and whose they are.
pub(super) type Unused = (Taken, u64);

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Leased {
    /// Nothing. A key that was asked for lately is busy.
    Ask { is_busy: bool },
    /// It was taken before; when the key is at rest.
    Granted(f64),
    /// So much is not left for so many µs.
    Refused { least: u64, micros: u64 },
}

impl Leases {
    pub(super) fn new() -> Self {
        Self(LruCache::with_hasher(MAX_LEASES, ahash::RandomState::new()))
    }

    pub(super) fn take(&mut self, name: &Rc<str>, amount: u64, now: Instant) -> Leased {
        let Some(lease) = self.0.get_mut(name) else { return Leased::Ask { is_busy: false } };
        if let Some(Refused { least, until, back }) = lease.refused
            && amount >= least
            && until > now
        {
            let left = back.saturating_duration_since(now).as_micros();
            return Leased::Refused { least, micros: u64::try_from(left).unwrap_or(u64::MAX) };
        }
        if lease.until <= now {
            return Leased::Ask { is_busy: false };
        }
        match lease.permits.checked_sub(amount) {
            Some(left) => {
                lease.permits = left;
                Leased::Granted(lease.at_rest)
            }
            None => Leased::Ask { is_busy: true },
        }
    }

    /// Whether to ask for more than is needed: one at a time, so that no lease replaces another that
    /// was hardly used.
    pub(super) fn may_ask(&mut self, name: &Rc<str>, now: Instant) -> bool {
        let Some(lease) = self.0.get_mut(name) else { return false };
        let is_free = lease.asked.is_none_or(|it| it <= now);
        if is_free {
            // Nobody says when there is no answer.
            lease.asked = now.checked_add(LAPSE);
        }
        is_free
    }

    /// Permits that were taken beside those that were needed, in the place of those of before; the
    /// unused ones of which nothing is known any more.
    pub(super) fn grant(&mut self, taken: &Taken, more: u64, now: Instant) -> Vec<Unused> {
        let before = self.0.get(&taken.name).copied();
        // Without others in their place they stay.
        if let Some(before) = before.filter(|it| more == 0 && it.permits > 0 && it.until > now) {
            self.0.put(Rc::clone(&taken.name), Lease { refused: None, ..before });
            return Vec::new();
        }
        let until = now.checked_add(LAPSE).unwrap_or(now);
        let (interval, at_rest) = (taken.interval, taken.until);
        let asked = before.and_then(|it| it.asked).filter(|_| more == 0);
        let lease = Lease { permits: more, interval, at_rest, until, asked, refused: None };
        // Another key, when there are too many.
        let replaced = self.0.push(Rc::clone(&taken.name), lease);
        replaced.and_then(|(name, mut it)| it.unused(&name)).into_iter().collect()
    }

    /// So much is not left for so many µs.
    pub(super) fn refuse(
        &mut self,
        taken: &Taken,
        (amount, micros): (u64, u64),
        now: Instant,
    ) -> Vec<Unused> {
        let wait = Duration::from_micros(micros);
        // What others give back comes sooner.
        let until = now.checked_add(wait.min(LAPSE)).unwrap_or(now);
        let back = now.checked_add(wait).unwrap_or(until);
        let refused = Some(Refused { least: amount, until, back });
        if let Some(lease) = self.0.get_mut(&taken.name) {
            lease.refused = refused;
            return Vec::new();
        }
        let (interval, at_rest) = (taken.interval, taken.until);
        let lease = Lease { permits: 0, interval, at_rest, until: now, asked: None, refused };
        let replaced = self.0.push(Rc::clone(&taken.name), lease);
        replaced.and_then(|(name, mut it)| it.unused(&name)).into_iter().collect()
    }

    /// The permits, of so many keys at most, that nobody has used in time.
    pub(super) fn lapsed(&mut self, most: usize, now: Instant) -> Vec<Unused> {
        let lapsed = self.0.iter_mut().filter(|(_, it)| it.until <= now);
        // Budget: `MAX_LEASES`.
        lapsed.filter_map(|(name, it)| it.unused(name)).take(most).collect()
    }

    /// Something was given back: whoever asks next may find it.
    pub(super) fn lift(&mut self, name: &Rc<str>) {
        if let Some(lease) = self.0.peek_mut(name) {
            lease.refused = None;
        }
    }
}

impl Lease {
    /// Takes out what nobody has used.
    fn unused(&mut self, name: &Rc<str>) -> Option<Unused> {
        let permits = std::mem::take(&mut self.permits);
        let taken = Taken { name: Rc::clone(name), interval: self.interval, until: self.at_rest };
        (permits > 0).then_some((taken, permits))
    }
}

/// 1 s: so long permits wait for those who asked for them.
pub(super) const LAPSE: Duration = Duration::from_secs(1);
/// 10,000 keys that are busy at a time; the others are asked for one by one.
const MAX_LEASES: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, until: f64) -> Taken {
        Taken { name: name.into(), interval: 1.0, until }
    }

    fn of(unused: Vec<Unused>) -> Vec<(String, f64, u64)> {
        unused.into_iter().map(|(it, n)| (it.name.to_string(), it.until, n)).collect()
    }

    #[test]
    fn permits_are_used_up() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        let now = Instant::now();
        assert_eq!(leases.take(&name, 1, now), Leased::Ask { is_busy: false });
        assert!(leases.grant(&taken("a", 7.0), 3, now).is_empty());
        assert_eq!(leases.take(&name, 2, now), Leased::Granted(7.0));
        assert_eq!(leases.take(&name, 2, now), Leased::Ask { is_busy: true });
        // One that was asked for without more leaves what is there.
        assert!(leases.grant(&taken("a", 8.0), 0, now).is_empty());
        assert_eq!(leases.take(&name, 1, now), Leased::Granted(7.0));
        assert_eq!(leases.take(&name, 1, now), Leased::Ask { is_busy: true });
    }

    #[test]
    fn one_lease_of_a_key_waits_at_a_time() {
        let (mut leases, now) = (Leases::new(), Instant::now());
        assert!(leases.grant(&taken("a", 7.0), 3, now).is_empty());
        assert_eq!(of(leases.grant(&taken("a", 9.0), 2, now)), [("a".into(), 7.0, 3)]);
        assert_eq!(leases.take(&"a".into(), 2, now), Leased::Granted(9.0));
        assert!(leases.grant(&taken("a", 11.0), 1, now).is_empty());
    }

    #[test]
    fn one_asks_for_the_next_lease() {
        let (mut leases, now) = (Leases::new(), Instant::now());
        let name = "a".into();
        assert!(!leases.may_ask(&name, now), "nobody has asked before");
        leases.grant(&taken("a", 7.0), 0, now);
        assert!(leases.may_ask(&name, now) && !leases.may_ask(&name, now));
        leases.grant(&taken("a", 8.0), 0, now);
        assert!(!leases.may_ask(&name, now), "the answer is still to come");
        leases.grant(&taken("a", 9.0), 3, now);
        assert!(leases.may_ask(&name, now));
        assert!(leases.may_ask(&name, now + LAPSE), "there was no answer");
    }

    #[test]
    fn what_lapses_is_handed_back_once() {
        let (mut leases, begun) = (Leases::new(), Instant::now());
        let now = begun;
        leases.grant(&taken("a", 7.0), 3, now);
        leases.grant(&taken("b", 8.0), 0, now);
        assert_eq!(leases.take(&"a".into(), 1, now), Leased::Granted(7.0));
        let now = begun + LAPSE - Duration::from_millis(1);
        assert!(leases.lapsed(9, now).is_empty());
        let now = begun + LAPSE;
        assert_eq!(leases.take(&"a".into(), 1, now), Leased::Ask { is_busy: false });
        leases.refuse(&taken("a", 0.0), (1, 1), now);
        assert!(leases.lapsed(0, now).is_empty());
        assert_eq!(of(leases.lapsed(9, now)), [("a".into(), 7.0, 2)]);
        assert!(leases.lapsed(9, now).is_empty());
    }

    #[test]
    fn what_has_lapsed_is_handed_back_by_the_next_one() {
        let (mut leases, now) = (Leases::new(), Instant::now());
        leases.grant(&taken("a", 7.0), 3, now);
        let now = now + LAPSE;
        assert_eq!(of(leases.grant(&taken("a", 9.0), 0, now)), [("a".into(), 7.0, 3)]);
        assert!(leases.lapsed(9, now).is_empty());
    }

    #[test]
    fn what_is_forgotten_is_handed_back() {
        let (mut leases, now) = (Leases::new(), Instant::now());
        leases.grant(&taken("a", 7.0), 3, now);
        for n in 1..MAX_LEASES.get() {
            assert!(leases.grant(&taken(&n.to_string(), 8.0), 0, now).is_empty());
        }
        assert_eq!(of(leases.grant(&taken("b", 9.0), 1, now)), [("a".into(), 7.0, 3)]);
    }

    #[test]
    fn what_is_refused_is_refused_for_a_while() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        let now = Instant::now();
        leases.grant(&taken("a", 7.0), 1, now);
        leases.refuse(&taken("a", 0.0), (2, 500_000), now);
        let refused = leases.take(&name, 3, now);
        assert!(
            matches!(refused, Leased::Refused { least: 2, micros: 1..=500_000 }),
            "{refused:?}"
        );
        assert_eq!(leases.take(&name, 1, now), Leased::Granted(7.0));
        leases.refuse(&taken("a", 0.0), (1, 0), now);
        assert_eq!(leases.take(&name, 1, now), Leased::Ask { is_busy: true });
    }

    #[test]
    fn the_whole_wait_is_told() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        let now = Instant::now();
        leases.refuse(&taken("a", 0.0), (1, 360_000_000), now);
        let told = leases.take(&name, 1, now);
        assert!(matches!(told, Leased::Refused { least: 1, micros: 300_000_000.. }), "{told:?}");
    }

    #[test]
    fn what_is_given_back_may_be_asked_for() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        let now = Instant::now();
        leases.refuse(&taken("a", 0.0), (1, 360_000_000), now);
        leases.lift(&name);
        assert_eq!(leases.take(&name, 1, now), Leased::Ask { is_busy: false });
    }
}
