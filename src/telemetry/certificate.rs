//! Events of the certificate that clients are met with.

use tracing::{error, info};

use crate::telemetry::{COUNTERS, GraphIndex};

/// New certificates cannot be used; the old ones stay in force.
#[derive(Debug)]
pub struct CertificateKept<'a> {
    /// The first mistake: stable, kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'a str,
}

impl CertificateKept<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reload_failures.count(GraphIndex::NONE);
        error!(event = "certificate-kept", code = self.code, message = self.message);
    }
}

/// New connections are met with another certificate.
#[derive(Debug)]
pub struct CertificateReplaced;

impl CertificateReplaced {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reloads.count(GraphIndex::NONE);
        info!(event = "certificate-replaced");
    }
}
