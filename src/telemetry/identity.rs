//! Events of credentials and of the keys that they are verified with. Nothing of a credential.

use tracing::{debug, info, warn};

use crate::telemetry::{About, COUNTERS, audit};

/// A key of a fetched set is left out.
#[derive(Debug)]
pub struct KeyLeftOut<'a> {
    /// Which, and why.
    pub detail: &'a str,
}

impl KeyLeftOut<'_> {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "key-left-out", detail = self.detail);
    }
}

/// Keys were asked for and did not come; the last ones count as long as they may.
#[derive(Debug)]
pub struct KeysNotFetched<'a> {
    /// What happened.
    pub detail: &'a str,
}

impl KeysNotFetched<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.key_failures.count();
        warn!(event = "keys-not-fetched", detail = self.detail);
    }
}

/// Other keys count from now on.
#[derive(Debug)]
pub struct KeysReplaced {
    /// How many.
    pub keys: usize,
}

impl KeysReplaced {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "keys-replaced", keys = self.keys);
    }
}

/// A credential was not accepted. The refusal itself is another event.
#[derive(Debug)]
pub struct NotIdentified<'a> {
    /// The request.
    pub about: &'a About<'a>,
    /// A word for what is wrong.
    pub reason: &'static str,
}

impl NotIdentified<'_> {
    /// Logs and counts it, and puts it on record.
    pub fn emit(&self) {
        COUNTERS.unidentified.count();
        debug!(event = "not-identified", reason = self.reason, request_id = %self.about.id);
        audit::identity_failure(self);
    }
}
