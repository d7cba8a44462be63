//! What becomes of requests as the operator learns of it, whatever the transport.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    telemetry::{
        About, Failed, GraphIndex, NotServed, Refused, Reported, RequestId, Shed, Timed,
        UpstreamFailed,
    },
    transport::Refusal,
    verdict::{Code, Fault, Item, Rejected, Violation},
};

/// Logs and counts a refusal.
pub(super) fn refusal(refusal: &Refusal, about: &About<'_>) {
    let (id, carrier) = (about.id, about.carrier);
    match refusal {
        Refusal::Fault(Fault::Busy { code, retry: _, detail }) => {
            Shed { id, carrier, code: *code, detail }.emit();
        }
        Refusal::Fault(Fault::Client(violation)) => one(about, violation),
        Refusal::Fault(Fault::Internal { detail }) => {
            Failed { id, carrier, detail }.emit();
        }
        Refusal::Fault(
            Fault::Later { code, retry: _, detail }
            | Fault::Unreached { code, detail }
            | Fault::Upstream { code, detail },
        ) => {
            UpstreamFailed { id, carrier, code: *code, detail }.emit();
        }
        Refusal::Fault(Fault::Unavailable { detail }) => {
            NotServed { id, carrier, detail }.emit();
        }
        Refusal::Limited(exceeded) => one(about, &exceeded.violation),
        Refusal::Rejected(Rejected { items, found, subjects, framing: _ }) => {
            let code = code_of(items);
            Refused { about, code, found, subjects }.emit();
        }
    }
}

/// Logs and counts what would have been refused of items, were it not for report mode.
pub(super) fn reported(id: RequestId, items: &[Item]) {
    for item in items {
        let (document, beside) = (Some(&item.document), &*item.reported);
        beside.iter().for_each(|violation| Reported { id, violation, beside, document }.emit());
    }
}

/// What the client is told of a refusal.
pub(super) fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Fault(fault) => fault.code(),
        Refusal::Limited(exceeded) => exceeded.violation.code,
        Refusal::Rejected(rejected) => code_of(&rejected.items),
    }
}

/// Of the items of a batch the one that is to blame.
fn code_of(items: &[Violation]) -> Code {
    let guilty = items.iter().find(|it| it.code != Code::BATCH_REFUSED);
    guilty.or_else(|| items.first()).map_or(Code::BATCH_REFUSED, |it| it.code)
}

fn one(about: &About<'_>, violation: &Violation) {
    let found = std::slice::from_ref(violation);
    Refused { about, code: violation.code, found, subjects: &[] }.emit();
}

/// How long a request takes of our time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    graph: GraphIndex,
    begun: Instant,
    own: Option<Duration>,
}

impl Stopwatch {
    /// From now on it is our time.
    pub(super) fn start(graph: GraphIndex) -> Self {
        Self { graph, begun: Instant::now(), own: None }
    }

    /// From now on it is the upstream's.
    pub(super) fn hand_over(&mut self) {
        let now = Instant::now();
        self.own = Some(now.saturating_duration_since(self.begun));
        self.begun = now;
    }

    /// Counts what it took when the upstream could begin at this time; one that did not wait for
    /// all that it was sent has no time of its own.
    pub(super) fn stop_at(self, complete: Option<Instant>) {
        let own = self.own.unwrap_or_default();
        let upstream = complete.map(|it| it.elapsed());
        Timed { graph: self.graph, own, upstream }.emit();
    }

    /// Counts what it took.
    pub(super) fn stop(self) {
        let (graph, last) = (self.graph, self.begun.elapsed());
        match self.own {
            Some(own) => Timed { graph, own, upstream: Some(last) }.emit(),
            None => Timed { graph, own: last, upstream: None }.emit(),
        }
    }
}
