//! A request as it is written down: what was decided, and what came of it.
//!
//! Offered when the last who knows something of it lets go; decides nothing, and waits for nobody.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Response, header::CONTENT_LENGTH};

use crate::{
    admission::Requests,
    config::Sample,
    identity::Caller,
    policy::Policy,
    server::{exchange::Exchange, logged},
    telemetry::{RequestId, TrafficLost, now_millis},
    traffic::{Observed, Shadow, TrafficLog},
    transport::Refusal,
    verdict::Verdict,
};

/// Where requests are offered.
#[derive(Debug, Default)]
pub(super) struct Taps {
    log: Option<(Arc<TrafficLog>, Sample)>,
    shadow: Option<Arc<Shadow>>,
    n: AtomicU64,
}

impl Taps {
    pub(super) const fn new(
        log: Option<(Arc<TrafficLog>, Sample)>,
        shadow: Option<Arc<Shadow>>,
    ) -> Self {
        Self { log, shadow, n: AtomicU64::new(0) }
    }

    /// The policy that is judged beside.
    pub(super) const fn shadow(&self) -> Option<&Arc<Shadow>> {
        self.shadow.as_ref()
    }

    /// Takes note of a request, when anybody wants to know.
    pub(super) fn note(
        self: &Arc<Self>,
        id: RequestId,
        policy: &Arc<Policy>,
        request: (&Requests<'_>, &Caller),
        verdict: &Verdict,
    ) -> Option<Rc<Noted>> {
        let takes =
            |(_, sample): &(_, Sample)| sample.takes(self.n.fetch_add(1, Ordering::Relaxed));
        let is_logged = self.log.as_ref().is_some_and(takes);
        if !is_logged && self.shadow.is_none() {
            return None;
        }
        let observed = Observed::new((id, now_millis()), policy, request, verdict);
        let (taps, observed) = (Arc::clone(self), RefCell::new(Some(observed)));
        Some(Rc::new(Noted { taps, is_logged, observed }))
    }
}

impl Exchange<'_> {
    /// Takes note of what was decided.
    pub(super) fn write_down(&self, request: (&Requests<'_>, &Caller), verdict: &Verdict) {
        let policy = self.state.gate.policy();
        let noted = self.site.taps().note(self.reply.id, policy, request, verdict);
        // A request is judged once.
        let _ = noted.map(|it| self.noted.set(it));
    }

    /// What is written down of it.
    pub(super) fn noted(&self) -> Option<&Rc<Noted>> {
        self.noted.get()
    }
}

/// A request of which note was taken.
#[derive(Debug)]
pub(super) struct Noted {
    taps: Arc<Taps>,
    is_logged: bool,
    /// Nothing once it was offered.
    observed: RefCell<Option<Observed>>,
}

impl Noted {
    /// It is refused, though the judge let it pass.
    pub(super) fn refused(&self, why: &Refusal) {
        if let Some(observed) = &mut *self.observed.borrow_mut()
            && observed.ruled.refused.is_empty()
        {
            observed.heard.refused = Some(logged::code(why));
        }
    }

    /// The upstream has begun to answer.
    pub(super) fn answered(&self, after: Duration) {
        if let Some(observed) = &mut *self.observed.borrow_mut() {
            observed.heard.upstream = u64::try_from(after.as_micros()).ok();
        }
    }

    /// The client is answered.
    pub(super) fn told<B>(&self, response: &Response<B>) {
        if let Some(observed) = &mut *self.observed.borrow_mut() {
            observed.heard.status = Some(response.status().as_u16());
            let length = response.headers().get(CONTENT_LENGTH);
            let length = length.and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok());
            observed.heard.bytes = length;
        }
    }

    /// The answer was counted.
    pub(super) fn cost(&self, types: u64, fields: u64) {
        if let Some(observed) = &mut *self.observed.borrow_mut() {
            observed.heard.actual = Some((types, fields));
        }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let Some(observed) = self.observed.take() else { return };
        let observed = Arc::new(observed);
        let log = self.taps.log.as_ref().filter(|_| self.is_logged);
        if let Some(tap) = log.and_then(|(log, _)| log.tap())
            && !tap.offer(&observed)
        {
            TrafficLost { n: tap.dropped() }.emit();
        }
        if let Some(shadow) = &self.taps.shadow {
            // What is dropped is told with what is judged.
            let _ = shadow.tap().offer(&observed);
        }
    }
}
