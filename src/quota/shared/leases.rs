//! What is known of keys without asking: permits that are taken already, and how long there are
//! none. Bounded; what is forgotten is asked for again.

use std::{num::NonZeroUsize, rc::Rc, time::Duration};

use lru::LruCache;
use tokio::time::Instant;

/// What is known of keys.
pub(super) struct Leases(LruCache<Rc<str>, Lease, ahash::RandomState>);

#[derive(Clone, Copy)]
struct Lease {
    permits: u64,
    /// When the key is at rest, by the clock of Redis.
    at_rest: f64,
    /// Until when they count.
    until: Instant,
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

    pub(super) fn take(&mut self, name: &Rc<str>, amount: u64) -> Leased {
        let now = Instant::now();
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

    /// Permits that were taken beside those that were needed.
    pub(super) fn grant(&mut self, name: &Rc<str>, more: u64, at_rest: f64) {
        let now = Instant::now();
        let before = self.0.get(name).filter(|it| it.until > now).map_or(0, |it| it.permits);
        let until = now.checked_add(LAPSE).unwrap_or(now);
        let permits = before.saturating_add(more);
        self.0.put(Rc::clone(name), Lease { permits, at_rest, until, refused: None });
    }

    /// So much is not left for so many µs.
    pub(super) fn refuse(&mut self, name: &Rc<str>, amount: u64, micros: u64) {
        let now = Instant::now();
        let wait = Duration::from_micros(micros);
        // What others give back comes sooner.
        let until = now.checked_add(wait.min(LAPSE)).unwrap_or(now);
        let back = now.checked_add(wait).unwrap_or(until);
        let before = self.0.get(name).filter(|it| it.until > now).copied();
        let nothing = Lease { permits: 0, at_rest: 0.0, until: now, refused: None };
        let refused = Some(Refused { least: amount, until, back });
        self.0.put(Rc::clone(name), Lease { refused, ..before.unwrap_or(nothing) });
    }

    /// Something was given back: whoever asks next may find it.
    pub(super) fn lift(&mut self, name: &Rc<str>) {
        if let Some(lease) = self.0.peek_mut(name) {
            lease.refused = None;
        }
    }
}

/// 1 s: so long permits wait for those who asked for them.
const LAPSE: Duration = Duration::from_secs(1);
/// 10,000 keys that are busy at a time; the others are asked for one by one.
const MAX_LEASES: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_used_up() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        assert_eq!(leases.take(&name, 1), Leased::Ask { is_busy: false });
        leases.grant(&name, 3, 7.0);
        assert_eq!(leases.take(&name, 2), Leased::Granted(7.0));
        assert_eq!(leases.take(&name, 2), Leased::Ask { is_busy: true });
        leases.grant(&name, 1, 8.0);
        assert_eq!(leases.take(&name, 2), Leased::Granted(8.0));
        assert_eq!(leases.take(&name, 1), Leased::Ask { is_busy: true });
    }

    #[test]
    fn what_is_refused_is_refused_for_a_while() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        leases.grant(&name, 1, 7.0);
        leases.refuse(&name, 2, 500_000);
        let refused = leases.take(&name, 3);
        assert!(
            matches!(refused, Leased::Refused { least: 2, micros: 1..=500_000 }),
            "{refused:?}"
        );
        assert_eq!(leases.take(&name, 1), Leased::Granted(7.0));
        leases.refuse(&name, 1, 0);
        assert_eq!(leases.take(&name, 1), Leased::Ask { is_busy: true });
    }

    #[test]
    fn the_whole_wait_is_told() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        leases.refuse(&name, 1, 360_000_000);
        let told = leases.take(&name, 1);
        assert!(matches!(told, Leased::Refused { least: 1, micros: 300_000_000.. }), "{told:?}");
    }

    #[test]
    fn what_is_given_back_may_be_asked_for() {
        let (mut leases, name): (_, Rc<str>) = (Leases::new(), "a".into());
        leases.refuse(&name, 1, 360_000_000);
        leases.lift(&name);
        assert_eq!(leases.take(&name, 1), Leased::Ask { is_busy: false });
    }
}
