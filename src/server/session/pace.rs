//! How many operations a client may begin, and how many messages it may send beside them: a burst,
//! and then so many in a time.
//!
//! What begins or ends an operation is no message beside them: `rate` and `max_operations` bound it.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    policy,
    websocket::{Close, Ended},
};

/// What is left of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    left: u32,
    most: u32,
    each: Duration,
    since: Instant,
}

/// Nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

impl From<Spent> for Ended {
    fn from(_spent: Spent) -> Self {
        Self::Wrong(Close::TooMany)
    }
}

impl Pace {
    /// Of messages beside operations.
    pub(super) fn beside() -> Self {
        Self { left: BURST, most: BURST, each: EACH, since: Instant::now() }
    }

    /// Of operations.
    pub(super) fn of(pace: policy::Pace) -> Self {
        let most = pace.n.get();
        Self { left: most, most, each: pace.interval(), since: Instant::now() }
    }

    /// Takes one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Spent> {
        let waited = now.duration_since(self.since);
        let n = waited.as_nanos().checked_div(self.each.as_nanos()).unwrap_or(u128::MAX);
        let n = u32::try_from(n).unwrap_or(u32::MAX).min(self.most);
        if n > 0 {
            self.left = self.left.saturating_add(n).min(self.most);
            let used = self.each.saturating_mul(n);
            // What is left of the time counts for the next; a full burst begins anew.
            self.since =
                if n == self.most { now } else { self.since.checked_add(used).unwrap_or(now) };
        }
        self.left = self.left.checked_sub(1).ok_or(Spent)?;
        Ok(())
    }
}

/// 300: more than a client has to say once a network that had stalled goes on, and fewer than a
/// flood.
const BURST: u32 = 300;
/// 20 a second: clients ping once in some seconds.
const EACH: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let mut pace = Pace::beside();
        let begun = pace.since;
        assert!((0..BURST).all(|_| pace.take(begun).is_ok()));
        assert_eq!(pace.take(begun), Err(Spent));
        let later = begun + EACH * 2;
        assert!(pace.take(later).is_ok() && pace.take(later).is_ok());
        assert!(pace.take(later).is_err());
    }

    #[test]
    fn operations_have_a_pace_of_their_own() {
        let two = policy::Pace { n: 2.try_into().unwrap(), per: Duration::from_secs(10) };
        let mut pace = Pace::of(two);
        let begun = pace.since;
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert!(pace.take(begun).is_ok() && pace.take(begun).is_ok() && pace.take(begun).is_err());
        assert!(pace.take(at(4)).is_err() && pace.take(at(9)).is_ok());
        assert!(pace.take(at(9)).is_err() && pace.take(at(10)).is_ok());
    }
}
