//! What the policy wants of an answer: its head is judged, and its body put behind the guards.

use std::{future::pending, sync::Arc};

use http::{Response, header::CONTENT_TYPE};
use tokio::time::{Instant, sleep_until};

use crate::{
    admission::Delivery,
    operation::Expected,
    response::{self, About, Course, Filter, Guard, Head, MustBe},
    server::{guarded::Guarded, state::State},
    telemetry::RequestId,
    transport::{Media, answer_status},
    upstream::Relayed,
    verdict::{Code, Fault, Framing},
};

/// A request that was forwarded, for which an answer comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) state: &'a State,
    pub(super) id: RequestId,
    pub(super) media: Media,
    /// When it was forwarded.
    pub(super) at: Instant,
}

/// What is known of answers before they come.
pub(super) struct Foreseen {
    pub(super) framing: Framing,
    pub(super) expected: Option<Vec<Expected>>,
    pub(super) delivery: Delivery,
}

impl Asked<'_> {
    /// Waits for the head of the answer, as long as the policy wants to wait.
    pub(super) async fn head<T>(
        self,
        answer: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let late = async {
            match self.until_head() {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = answer => answer,
            () = late => Err(late_fault()),
        }
    }

    /// When the head of the answer must have come. Whoever asks the upstream must know it: one that
    /// is silent for so long has failed, which nobody learns when the question is only dropped.
    pub(super) fn until_head(self) -> Option<Instant> {
        let first = self.state.response().timeout.first_byte;
        let first = first.and_then(|it| self.at.checked_add(it));
        [first, self.until()].into_iter().flatten().min()
    }

    /// When the answer must have come.
    pub(super) fn until(self) -> Option<Instant> {
        self.at.checked_add(self.state.response().timeout.total?)
    }

    /// Judges the head, and puts the body behind the guards.
    pub(super) fn guard(
        self,
        answer: Response<Relayed>,
        is_stream: bool,
        Foreseen { framing, expected, delivery }: Foreseen,
    ) -> Result<Response<Guarded>, Fault> {
        let rules = self.state.response();
        let (mut head, relayed) = answer.into_parts();
        let status = head.status;
        let seen = Head { status, headers: &head.headers, is_stream };
        let must_be =
            response::read_head(seen, rules).map_err(|it| response::fault(status, &it))?;
        response::clean_head(&mut head.headers, rules);
        head.status = answer_status(status, self.state.http().status, self.media);
        let course = if is_stream { going_on(delivery) } else { Course::Once };
        // A subscription is silent for as long as nothing happens; `--deadline-stream-idle` is its.
        let relayed = match rules.timeout.idle.filter(|_| course != Course::Events) {
            Some(idle) => relayed.within(idle),
            None => relayed,
        };
        if rules.needs_operation() && expected.is_none() {
            let detail = "the operation of an answer is not known".into();
            return Err(Fault::Internal { detail });
        }
        let about = About { id: self.id, framing, expected, course, must_be };
        // Bytes tell whether it is whole, and whether it is JSON, where nothing else does.
        let is_untold = relayed.is_open_ended() || !head.headers.contains_key(CONTENT_TYPE);
        let reads = rules.reads() || must_be == MustBe::Answer || (is_untold && !is_stream);
        let guard = reads.then(|| Guard::new(self.state.gate.policy(), about));
        let limit = if is_stream { None } else { rules.max };
        let filter = guard.map(|guard| {
            if is_stream {
                let media = head.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
                Filter::stream(guard, media.unwrap_or_default(), rules)
            } else {
                Filter::once(guard)
            }
        });
        let until = if is_stream { None } else { self.until() };
        let body = Guarded::new(self.id, relayed, limit, filter).until(until);
        let body = if is_stream { body.sent() } else { body };
        Ok(Response::from_parts(head, body))
    }
}

/// A guard for the answers to one operation of a socket.
pub(super) fn guard_of_socket(
    state: &State,
    id: RequestId,
    (expected, delivery): (Option<Vec<Expected>>, Delivery),
) -> Option<Box<Guard>> {
    let (framing, course, must_be) = (Framing::Single, going_on(delivery), MustBe::Json);
    let about = || About { id, framing, expected, course, must_be };
    let policy = state.gate.policy();
    policy.response.reads().then(|| Box::new(Guard::new(&Arc::clone(policy), about())))
}

const fn going_on(delivery: Delivery) -> Course {
    match delivery {
        Delivery::AtOnce => Course::Events,
        Delivery::InParts => Course::Parts,
    }
}

fn late_fault() -> Fault {
    let detail = "no answer in the time that the policy gives".into();
    Fault::Upstream { code: Code::GATEWAY_TIMEOUT, detail }
}
