//! Events about answers of the upstream.
//!
//! The one place where text of the upstream is logged: what clients no longer read has to stand
//! somewhere.

use tracing::{info, warn};

use crate::telemetry::{COUNTERS, RequestId};

/// An answer broke off on its way, after its head had gone to the client; of one in parts, an error
/// may stand where it did.
#[derive(Debug)]
pub struct AnswerCut<'a> {
    /// The request.
    pub id: RequestId,
    /// Why.
    pub detail: &'a dyn std::error::Error,
}

impl AnswerCut<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.answers_cut.count(self.id.graph());
        warn!(
            event = "answer-cut",
            detail = %self.detail,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// An answer is not what its operation asks for.
#[derive(Debug)]
pub struct ContractBroken<'a> {
    /// The request.
    pub id: RequestId,
    /// The field, or the place in the answer.
    pub at: &'a str,
    /// What is wrong there.
    pub detail: &'a str,
    /// How often anything was wrong with the answer so far.
    pub n: u64,
}

impl ContractBroken<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.contracts_broken.count(self.id.graph());
        warn!(
            event = "contract-broken",
            at = self.at,
            detail = self.detail,
            times = self.n,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// An error of the upstream that clients do not read.
#[derive(Debug)]
pub struct ErrorMasked<'a> {
    /// The request.
    pub id: RequestId,
    /// The error as the upstream wrote it, cut off when it is long.
    pub error: &'a str,
}

impl ErrorMasked<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.errors_masked.count(self.id.graph());
        info!(
            event = "error-masked",
            error = self.error,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}
