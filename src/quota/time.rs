//! The time that rates are measured in. Of no clock in particular.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// A time that never goes back, counted from whenever.
#[derive(Clone)]
pub struct Time(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Time {
    /// Of the system.
    #[must_use]
    pub fn monotonic() -> Self {
        let origin = Instant::now();
        Self::new(move || origin.elapsed())
    }

    /// Told by a function.
    #[must_use]
    pub fn new(tell: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// In ns.
    pub(super) fn now(&self) -> u64 {
        // 2⁶² ns are 146 years; with a burst of as much, sums stay below 2⁶⁴.
        u64::try_from((self.0)().as_nanos()).unwrap_or(u64::MAX).min(1 << 62)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time(..)")
    }
}
