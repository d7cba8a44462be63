//! Events of a policy and a schema that change while they are in force.

use tracing::{error, info, warn};

use crate::{
    diagnostic::{Diagnostics, Severity},
    telemetry::{COUNTERS, GraphIndex},
};

/// A new policy cannot be used; the old one stays in force.
#[derive(Debug)]
pub struct PolicyKept<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// What is wrong with the new one.
    pub found: &'a Diagnostics,
}

impl PolicyKept<'_> {
    /// Logs every mistake in it, and counts it.
    pub fn emit(&self) {
        COUNTERS.reload_failures.count(self.graph);
        let graph = self.graph.name();
        let errors: Vec<_> =
            self.found.iter().filter(|it| it.severity == Severity::Error).collect();
        for it in errors.iter().take(MOST_TOLD) {
            let (code, message, help) = (it.code, &*it.message, it.help.as_deref());
            error!(event = "policy-mistake", code, message, at = it.located(), help, graph);
        }
        error!(event = "policy-kept", errors = errors.len(), graph);
    }
}

/// 20: more than one edit makes. `/readyz` and `portcullis check` have them all.
const MOST_TOLD: usize = 20;

/// The files say again what is in force, after they could not be used.
#[derive(Debug)]
pub struct PolicyRestored {
    /// The graph.
    pub graph: GraphIndex,
}

impl PolicyRestored {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "policy-restored", graph = self.graph.name());
    }
}

/// Another policy is in force.
#[derive(Debug)]
pub struct PolicyReplaced<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// What it calls itself.
    pub name: &'a str,
    /// Of its file and schema.
    pub digest: &'a str,
}

impl PolicyReplaced<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reloads.count(self.graph);
        let (policy, digest, graph) = (self.name, self.digest, self.graph.name());
        info!(event = "policy-replaced", policy, digest, graph);
    }
}

/// The upstream's schema is another than the policy's.
#[derive(Debug)]
pub struct SchemaDrifted<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// One of the differences.
    pub at: &'a str,
    /// What it is.
    pub detail: &'a str,
    /// How many there are.
    pub differences: usize,
    /// Whether requests are refused until it ends.
    pub refuses: bool,
}

impl SchemaDrifted<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.schema_drifts.count(self.graph);
        warn!(
            event = "schema-drifted",
            at = self.at,
            detail = self.detail,
            differences = self.differences,
            refuses = self.refuses,
            graph = self.graph.name(),
        );
    }
}

/// The upstream did not tell its schema; the last one known stays in force.
#[derive(Debug)]
pub struct SchemaNotFetched<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// What happened.
    pub detail: &'a str,
}

impl SchemaNotFetched<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.schema_failures.count(self.graph);
        warn!(event = "schema-not-fetched", detail = self.detail, graph = self.graph.name());
    }
}
