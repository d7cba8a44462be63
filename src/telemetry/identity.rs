//! Events of credentials and of the keys that they are verified with. Nothing of a credential.

use tracing::{debug, info, warn};

use crate::telemetry::{About, COUNTERS, GraphIndex, audit};

/// A key of a fetched set is left out.
#[derive(Debug)]
pub struct KeyLeftOut<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// Which, and why.
    pub detail: &'a str,
}

impl KeyLeftOut<'_> {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "key-left-out", detail = self.detail, graph = self.graph.name());
    }
}

/// Keys were asked for and did not come; the last ones count as long as they may.
#[derive(Debug)]
pub struct KeysNotFetched<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// What happened.
    pub detail: &'a str,
}

impl KeysNotFetched<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.key_failures.count(self.graph);
        warn!(event = "keys-not-fetched", detail = self.detail, graph = self.graph.name());
    }
}

/// Other keys count from now on.
#[derive(Debug)]
pub struct KeysReplaced {
    /// The graph.
    pub graph: GraphIndex,
    /// How many.
    pub keys: usize,
}

impl KeysReplaced {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "keys-replaced", keys = self.keys, graph = self.graph.name());
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
        let (reason, id) = (self.reason, self.about.id);
        COUNTERS.unidentified.count(id.graph());
        debug!(event = "not-identified", reason, graph = id.graph_name(), request_id = %id);
        audit::identity_failure(self);
    }
}
