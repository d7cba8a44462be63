//! Events of the traffic log and of the policy that is judged beside the one in force.

use tracing::{info, warn};

use crate::telemetry::{COUNTERS, RequestId};

/// The traffic log could not take a request: it is not in it.
#[derive(Debug)]
pub struct TrafficLost {
    /// How many so far.
    pub n: u64,
}

impl TrafficLost {
    /// Counts it, and logs it the first, the second, the fourth time and so on: there are many when
    /// there is one.
    pub fn emit(&self) {
        COUNTERS.traffic_lost.count();
        if self.n.is_power_of_two() {
            warn!(event = "traffic-lost", requests = self.n);
        }
    }
}

/// The traffic log could not be written.
#[derive(Debug)]
pub struct TrafficNotWritten<'a> {
    /// What the system says.
    pub detail: &'a dyn std::error::Error,
    /// Whether it could be before.
    pub is_first: bool,
}

impl TrafficNotWritten<'_> {
    /// Counts it, and logs it once until it works again.
    pub fn emit(&self) {
        COUNTERS.traffic_failures.count();
        if self.is_first {
            warn!(event = "traffic-not-written", detail = %self.detail);
        }
    }
}

/// The next policy decides otherwise than the one in force.
#[derive(Debug)]
pub struct ShadowDiffers<'a> {
    /// The request.
    pub id: RequestId,
    /// `newly-refused` or `newly-admitted`.
    pub change: &'static str,
    /// The rule that refuses, by whichever policy does.
    pub rule: &'a str,
    /// Its code.
    pub code: &'a str,
    /// SHA-256 of the document, when it is known.
    pub document: Option<&'a str>,
    /// What the client calls itself.
    pub client: Option<&'a str>,
}

impl ShadowDiffers<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.shadow_differences.count(self.id.graph());
        info!(
            event = "shadow-differs",
            change = self.change,
            rule = self.rule,
            code = self.code,
            document = self.document,
            client = self.client,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// How the next policy did so far.
#[derive(Debug)]
pub struct ShadowStands<'a> {
    /// What it calls itself.
    pub policy: &'a str,
    /// Operations that were judged by both.
    pub n: u64,
    /// How many of them it refuses and the one in force does not.
    pub newly_refused: u64,
    /// How many of them it admits and the one in force does not.
    pub newly_admitted: u64,
    /// How many could not be judged beside.
    pub dropped: u64,
    /// What that says, in words.
    pub criterion: &'a str,
}

impl ShadowStands<'_> {
    /// Logs it.
    pub fn emit(&self) {
        info!(
            event = "shadow-stands",
            policy = self.policy,
            operations = self.n,
            newly_refused = self.newly_refused,
            newly_admitted = self.newly_admitted,
            dropped = self.dropped,
            criterion = self.criterion,
        );
    }
}
