//! A panic costs one request, not the thread that writes or judges: it is caught and told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::telemetry::{Panicked, RequestId};

/// Does something for a request; nothing, when that panicked.
///
/// What the step was about to change is for the caller to put right; the judge's caches take a
/// poisoned lock as an empty one.
pub(super) fn caught<T>(id: RequestId, step: impl FnOnce() -> T) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(step));
    done.inspect_err(|_payload| Panicked { id: Some(id) }.emit()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{COUNTERS, RequestIds};

    #[test]
    fn a_panic_is_told_and_costs_one_step() {
        let id = RequestIds::random().next();
        let before = COUNTERS.panics.value();
        assert_eq!(caught(id, || 1), Some(1));
        assert_eq!(caught(id, || -> u8 { panic!("on purpose") }), None);
        assert!(COUNTERS.panics.value() > before);
        assert_eq!(caught(id, || 2), Some(2));
    }
}
