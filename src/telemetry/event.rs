//! Events: a struct each, whose `emit()` writes the log line and counts.
//!
//! Fields, not sentences; codes, coordinates and details of ours, never what a client wrote as a
//! document, a value, a token or a header. Errors page someone, warnings are for today.

use std::net::SocketAddr;

use tracing::{error, info, warn};

use crate::{
    diagnostic::Diagnostic,
    digest::TextDigest,
    policy::proposed_exception,
    telemetry::{
        COUNTERS, Carrier, GraphIndex, Outcome, RequestId, cells::count_request, enough::enough,
    },
    verdict::{Code, Violation},
};

/// An answer is larger than its request was priced for: one of its lists is longer than the bound.
#[derive(Debug)]
pub struct AboveStatic<'a> {
    /// The request.
    pub id: RequestId,
    /// The field whose list exceeds its bound by most.
    pub at: &'a str,
    /// Elements that the price has taken for possible.
    pub bound: u64,
    /// Elements that came.
    pub length: u64,
    /// How many places of the answer have such a list.
    pub n_places: usize,
}

impl AboveStatic<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.above_static.count(self.id.graph());
        warn!(
            event = "above-static",
            at = self.at,
            bound = self.bound,
            length = self.length,
            places = self.n_places,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// A connection could not be accepted.
#[derive(Debug)]
pub struct AcceptFailed<'a> {
    /// What the system says.
    pub detail: &'a dyn std::error::Error,
}

impl AcceptFailed<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.accept_failures.count();
        warn!(event = "accept-failed", detail = %self.detail);
    }
}

/// There is not room for as many connections as the configuration admits.
#[derive(Debug)]
pub struct FewOpenFiles {
    /// Files that the system lets this process have open.
    pub files: u64,
    /// Connections that each worker takes.
    pub connections: usize,
    /// Those that the configuration admits.
    pub wanted: usize,
}

impl FewOpenFiles {
    /// Logs it.
    pub fn emit(&self) {
        warn!(
            event = "few-open-files",
            files = self.files,
            connections = self.connections,
            wanted = self.wanted,
            "raise the limit of open files (`ulimit -n`, `LimitNOFILE`), or lower `bounds.connections`"
        );
    }
}

/// A connection ended with an error, by the client's doing as a rule.
#[derive(Debug)]
pub struct ConnectionEnded<'a> {
    /// What the protocol library says.
    pub detail: &'a dyn std::error::Error,
}

impl ConnectionEnded<'_> {
    /// Logs it.
    pub fn emit(&self) {
        tracing::debug!(event = "connection-ended", detail = %self.detail);
    }
}

/// The server was told to stop and finishes what is in flight.
#[derive(Debug)]
pub struct Draining {
    /// Seconds that requests in flight have.
    pub grace: u64,
}

impl Draining {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "draining", grace_seconds = self.grace);
    }
}

/// Portcullis failed at a request. Nothing was forwarded.
#[derive(Debug)]
pub struct Failed<'a> {
    /// The request.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// What happened.
    pub detail: &'a str,
}

impl Failed<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.failures.count(self.id.graph());
        count_request(self.id.graph(), Outcome::Failed(Code::INTERNAL_SERVER_ERROR), self.carrier);
        error!(
            event = "failed",
            detail = self.detail,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// A request could not be served for now, and the upstream was not asked.
#[derive(Debug)]
pub struct NotServed<'a> {
    /// The request.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// What happened.
    pub detail: &'a str,
}

impl NotServed<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        let code = Code::SERVICE_UNAVAILABLE;
        count_request(self.id.graph(), Outcome::Failed(code), self.carrier);
        warn!(
            event = "not-served",
            code = code.as_str(),
            detail = self.detail,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// A panic was caught. Nothing was forwarded after it.
#[derive(Debug)]
pub struct Panicked {
    /// The request, when it is known.
    pub id: Option<RequestId>,
}

impl Panicked {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.panics.count(self.id.map(RequestId::graph).unwrap_or_default());
        match self.id {
            Some(id) => error!(event = "panicked", graph = id.graph_name(), request_id = %id),
            None => error!(event = "panicked"),
        }
    }
}

/// The policy is in force, but something in it is surely not as meant.
#[derive(Debug)]
pub struct PolicyWarned<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// What is suspicious.
    pub found: &'a Diagnostic,
}

impl PolicyWarned<'_> {
    /// Logs it.
    pub fn emit(&self) {
        let Diagnostic { code, message, help, .. } = self.found;
        let (message, help, graph) = (&**message, help.as_deref(), self.graph.name());
        warn!(event = "policy-warning", code, message, at = self.found.located(), help, graph);
    }
}

/// An operation was admitted in report mode, and would have been refused otherwise.
#[derive(Debug)]
pub struct Reported<'a> {
    /// The request.
    pub id: RequestId,
    /// The objection.
    pub violation: &'a Violation,
    /// All objections to the same.
    pub beside: &'a [Violation],
    /// The document that it is about, when it is about one.
    pub document: Option<&'a TextDigest>,
}

impl Reported<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.reported.count(self.id.graph());
        info!(
            event = "reported",
            code = self.violation.code.as_str(),
            rule = self.violation.rule,
            at = self.violation.at.as_deref().map(enough),
            detail = enough(&self.violation.detail),
            document = self.document.map(|it| format!("sha256:{}", it.digest())),
            exception = self.exception(),
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }

    /// What one could paste into the policy before it enforces the rule.
    fn exception(&self) -> Option<String> {
        proposed_exception(self.violation.rule, self.beside.iter(), &self.document?.digest().0)
    }
}

/// The server listens.
#[derive(Debug)]
pub struct Started {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where operators connect.
    pub admin: Option<SocketAddr>,
    /// How many workers listen.
    pub workers: usize,
}

impl Started {
    /// Logs it.
    pub fn emit(&self) {
        let admin = self.admin.map(tracing::field::display);
        info!(event = "started", listen = %self.listen, admin, workers = self.workers);
    }
}

/// The server has stopped.
#[derive(Debug)]
pub struct Stopped {
    /// Connections that were cut off when the grace period ended.
    pub cut_off: u64,
}

impl Stopped {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "stopped", cut_off = self.cut_off);
    }
}

/// A judged request got no answer from the upstream.
#[derive(Debug)]
pub struct UpstreamFailed<'a> {
    /// The request.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// What the client was told.
    pub code: Code,
    /// What happened.
    pub detail: &'a str,
}

impl UpstreamFailed<'_> {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.upstream_failures.count(self.id.graph());
        count_request(self.id.graph(), Outcome::UpstreamFailed(self.code), self.carrier);
        warn!(
            event = "upstream-failed",
            code = self.code.as_str(),
            detail = self.detail,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}
