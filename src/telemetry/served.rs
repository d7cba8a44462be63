//! Events of requests that were judged: what went on, what was answered, what was refused.

use std::time::Duration;

use tracing::{debug, info};

use crate::{
    digest::{Digest, TextDigest},
    policy::proposed_exception,
    telemetry::{
        About, COUNTERS, Carrier, GraphIndex, Outcome, RequestId, audit,
        cells::{count_admitted_cost, count_refused_cost, count_request, count_rule, count_times},
        enough::enough,
        recent,
    },
    verdict::{Code, Item, Subject, Violation},
};

/// Operations may go on.
pub struct Judged<'a> {
    /// The graph.
    pub graph: GraphIndex,
    /// The request.
    pub about: &'a dyn Fn() -> About<'a>,
    /// The operations.
    pub items: &'a [Item],
}

impl Judged<'_> {
    /// Counts what they cost, and puts mutations on record.
    pub fn emit(&self) {
        for item in self.items {
            item.cost.into_iter().for_each(|it| count_admitted_cost(self.graph, it));
            let Some(changes) = &item.changes else { continue };
            COUNTERS.mutations.count(self.graph);
            if audit::is_on() {
                audit::mutation(&(self.about)(), item, changes);
            }
        }
    }
}

/// A request was refused.
#[derive(Debug)]
pub struct Refused<'a> {
    /// The request.
    pub about: &'a About<'a>,
    /// What the client was told.
    pub code: Code,
    /// Every objection, deciding ones among them.
    pub found: &'a [Violation],
    /// What is known of the refused operations.
    pub subjects: &'a [Subject],
}

impl Refused<'_> {
    /// Logs every objection, counts the request once, and puts it on record.
    pub fn emit(&self) {
        let (id, graph) = (self.about.id, self.about.id.graph());
        COUNTERS.refused.count(graph);
        count_request(graph, Outcome::Refused(self.code), self.about.carrier);
        let costs = self.subjects.iter().filter_map(|it| it.cost);
        costs.for_each(|it| count_refused_cost(graph, it));
        for it in self.found {
            count_rule(graph, it.rule);
            info!(
                event = "refused",
                code = it.code.as_str(),
                rule = it.rule,
                at = it.at.as_deref().map(enough),
                detail = enough(&it.detail),
                document = self.document().map(|it| format!("sha256:{it}")),
                exception = self.exception(it),
                graph = graph.name(),
                request_id = %id,
            );
        }
        audit::refusal(self);
        recent::note(self);
    }

    /// The one document that it is about.
    pub(super) fn document(&self) -> Option<Digest> {
        match self.subjects {
            [subject] => subject.document.as_ref().map(TextDigest::digest),
            _ => None,
        }
    }

    /// What one could paste into the policy.
    pub(super) fn exception(&self, violation: &Violation) -> Option<String> {
        proposed_exception(violation.rule, self.found.iter(), &self.document()?.0)
    }
}

/// A request is done with.
#[derive(Debug)]
pub struct Served {
    /// The request.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// What became of it.
    pub outcome: Outcome,
}

impl Served {
    /// Logs and counts it.
    pub fn emit(&self) {
        count_request(self.id.graph(), self.outcome, self.carrier);
        debug!(
            event = "served",
            outcome = self.outcome.as_str(),
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// A client left before it was answered: its connection ended, or the side of it that it sends on.
/// What ran for it was dropped.
#[derive(Debug)]
pub struct ClientLeft {
    /// The request.
    pub id: RequestId,
    /// Whether it was on its way to the upstream, and what it asked for may have run; or not, since
    /// it may not have been written yet.
    pub is_forwarded: bool,
}

impl ClientLeft {
    /// Logs it.
    pub fn emit(&self) {
        info!(
            event = "client-left",
            forwarded = self.is_forwarded,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}

/// How long a request took, apart from the time in which its bytes came.
#[derive(Debug)]
pub struct Timed {
    /// The graph.
    pub graph: GraphIndex,
    /// Until it went on or was answered.
    pub own: Duration,
    /// Until the head of the upstream's answer.
    pub upstream: Option<Duration>,
}

impl Timed {
    /// Counts it.
    pub fn emit(&self) {
        count_times(self.graph, self.own, self.upstream);
    }
}
