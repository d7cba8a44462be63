//! How many messages a client may send: a burst, and then so many a second.

use std::time::Duration;

use tokio::time::Instant;

use crate::websocket::{Close, Ended};

/// What is left of them.
#[derive(Debug)]
pub(super) struct Pace {
    left: u32,
    since: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { left: BURST, since: Instant::now() }
    }

    /// Takes one message.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Ended> {
        let n = now.duration_since(self.since).as_millis() / EACH.as_millis();
        let n = u32::try_from(n).unwrap_or(u32::MAX).min(BURST);
        if n > 0 {
            self.left = self.left.saturating_add(n).min(BURST);
            self.since = now;
        }
        self.left = self.left.checked_sub(1).ok_or(Ended::Wrong(Close::TooMany))?;
        Ok(())
    }
}

/// 200: a page that ends and begins all its live parts several times over.
const BURST: u32 = 200;
/// 20 a second: a person who types into a live search.
const EACH: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let mut pace = Pace::new();
        let begun = pace.since;
        assert!((0..BURST).all(|_| pace.take(begun).is_ok()));
        assert_eq!(pace.take(begun), Err(Ended::Wrong(Close::TooMany)));
        let later = begun + EACH * 2;
        assert!(pace.take(later).is_ok() && pace.take(later).is_ok());
        assert!(pace.take(later).is_err());
    }
}
