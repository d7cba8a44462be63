//! The time, for a core that has no clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::admission::UnixSeconds;

/// The time now. A clock before 1970 is broken; it then counts as the end of time, when every
/// exception and every token has expired.
#[must_use]
pub fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX);
    UnixSeconds(since.as_secs())
}
