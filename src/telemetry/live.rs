//! Events of a policy and a schema that change while they are in force.

use tracing::{error, info, warn};

use crate::telemetry::COUNTERS;

/// A new policy cannot be used; the old one stays in force.
#[derive(Debug)]
pub struct PolicyKept<'a> {
    /// The first mistake: stable, kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'a str,
    /// How many mistakes there are.
    pub errors: usize,
}

impl PolicyKept<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reload_failures.count();
        error!(
            event = "policy-kept",
            code = self.code,
            message = self.message,
            errors = self.errors
        );
    }
}

/// Another policy is in force.
#[derive(Debug)]
pub struct PolicyReplaced<'a> {
    /// What it calls itself.
    pub name: &'a str,
    /// Of its file and schema.
    pub digest: &'a str,
}

impl PolicyReplaced<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reloads.count();
        info!(event = "policy-replaced", policy = self.name, digest = self.digest);
    }
}

/// The upstream's schema is another than the policy's.
#[derive(Debug)]
pub struct SchemaDrifted<'a> {
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
        COUNTERS.schema_drifts.count();
        warn!(
            event = "schema-drifted",
            at = self.at,
            detail = self.detail,
            differences = self.differences,
            refuses = self.refuses,
        );
    }
}

/// The upstream did not tell its schema; the last one known stays in force.
#[derive(Debug)]
pub struct SchemaNotFetched<'a> {
    /// What happened.
    pub detail: &'a str,
}

impl SchemaNotFetched<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.schema_failures.count();
        warn!(event = "schema-not-fetched", detail = self.detail);
    }
}
