//! Events of too much load, and of an upstream that fails.

use tracing::{debug, info, warn};

use crate::{
    telemetry::{
        COUNTERS, Carrier, GraphIndex, Lasting, Outcome, RequestId,
        cells::{count_asked, count_left, count_request},
    },
    verdict::Code,
};

/// A client has as many connections as one may have.
#[derive(Debug)]
pub struct ClientAtBound {
    /// Where it is; over IPv6 its network.
    pub address: std::net::IpAddr,
}

impl ClientAtBound {
    /// Logs and counts it.
    pub fn emit(&self) {
        COUNTERS.shed.count(GraphIndex::NONE);
        debug!(event = "client-at-bound", address = %self.address);
    }
}

/// There was no room for a request.
#[derive(Debug)]
pub struct Shed<'a> {
    /// The request.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// What the client was told.
    pub code: Code,
    /// Where there was none.
    pub detail: &'a str,
}

impl Shed<'_> {
    /// Logs and counts it; quietly, since there are many at such times.
    pub fn emit(&self) {
        COUNTERS.shed.count(self.id.graph());
        count_request(self.id.graph(), Outcome::Shed(self.code), self.carrier);
        debug!(
            event = "shed",
            code = self.code.as_str(),
            detail = self.detail,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// An address of the upstream has failed too often, and is left alone for a while.
#[derive(Debug)]
pub struct UpstreamEjected<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// Which.
    pub address: &'a str,
}

impl UpstreamEjected<'_> {
    /// Logs it, and counts it until what is returned is dropped.
    pub fn emit(&self) -> Lasting {
        warn!(event = "upstream-ejected", address = self.address, graph = self.graph.name());
        Lasting::begin(self.graph, (&COUNTERS.ejections, &COUNTERS.upstream_returns))
    }
}

/// An address of the upstream answers again.
#[derive(Debug)]
pub struct UpstreamReturned<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// Which.
    pub address: &'a str,
}

impl UpstreamReturned<'_> {
    /// Logs it.
    pub fn emit(&self) {
        info!(event = "upstream-returned", address = self.address, graph = self.graph.name());
    }
}

/// A request goes to the upstream.
#[derive(Debug)]
pub struct UpstreamAsked {
    /// The graph.
    pub graph: GraphIndex,
}

impl UpstreamAsked {
    /// Counts it.
    pub fn emit(&self) {
        count_asked(self.graph);
    }
}

/// The upstream is done with a request, and its answer has passed.
#[derive(Debug)]
pub struct UpstreamLeft {
    /// The graph.
    pub graph: GraphIndex,
}

impl UpstreamLeft {
    /// Counts it.
    pub fn emit(&self) {
        count_left(self.graph);
    }
}
