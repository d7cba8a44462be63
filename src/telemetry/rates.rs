//! Events of rates and of what replicas share. What is refused is a refusal like others.

use tracing::{info, warn};

use crate::telemetry::COUNTERS;

/// Requests come with what a proxy says of its client, and no proxy is trusted: rates by address
/// count the proxy.
#[derive(Debug)]
pub struct ProxyNotTrusted {
    /// The header.
    pub header: &'static str,
}

impl ProxyNotTrusted {
    /// Logs it.
    pub fn emit(&self) {
        let detail = "all clients of a proxy are one address until `--trusted-proxies` names it";
        warn!(event = "proxy-not-trusted", header = self.header, detail);
    }
}

/// There is no room for one more key of a rate: the quota of all of these decides. Too many to be
/// logged, by whoever wants them to be.
#[derive(Debug)]
pub struct Overflowed;

impl Overflowed {
    /// Counts it.
    pub fn emit(&self) {
        COUNTERS.rates_overflowed.count();
    }
}

/// What replicas share can be asked for: from now on all of them count together.
#[derive(Debug)]
pub struct SharedFound;

impl SharedFound {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.shared_found.count();
        info!(event = "shared-found");
    }
}

/// What replicas share cannot be asked for: `on_error` of every rate decides.
#[derive(Debug)]
pub struct SharedLost<'a> {
    /// Why, as the library says.
    pub detail: &'a str,
}

impl SharedLost<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.shared_lost.count();
        warn!(event = "shared-lost", detail = self.detail);
    }
}
