//! Events of the certificates that we and others are met with.

use tracing::{error, info};

use crate::telemetry::{COUNTERS, GraphIndex};

/// Whom certificates are about, besides us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherEnd {
    /// Those who connect to us.
    Clients,
    /// Those whom we connect to.
    Upstreams,
}

impl OtherEnd {
    const fn name(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Upstreams => "upstreams",
        }
    }
}

/// New certificates cannot be used; the old ones stay in force.
#[derive(Debug)]
pub struct CertificateKept<'a> {
    /// For connections with whom.
    pub of: OtherEnd,
    /// The first mistake: stable, kebab-case.
    pub code: &'static str,
    /// What is wrong.
    pub message: &'a str,
}

impl CertificateKept<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reload_failures.count(GraphIndex::NONE);
        let of = self.of.name();
        error!(event = "certificate-kept", of, code = self.code, message = self.message);
    }
}

/// New connections are met with other certificates.
#[derive(Debug)]
pub struct CertificateReplaced {
    /// For connections with whom.
    pub of: OtherEnd,
}

impl CertificateReplaced {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reloads.count(GraphIndex::NONE);
        info!(event = "certificate-replaced", of = self.of.name());
    }
}
