//! What the policy wants of an answer: its head is judged, and its body put behind the guards.

use std::{future::pending, sync::Arc};

use http::{
    HeaderMap, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    admission::Delivery,
    operation::Expected,
    response::{self, About, Counted, Course, Ending, Filter, Guard, Head, Lasts, Most, MustBe},
    server::{guarded::Guarded, state::State},
    telemetry::RequestId,
    transport::{Media, Reply, answer_status},
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

    /// Judges the head, and puts the body behind the guards; one that goes on `lasts` so long.
    pub(super) fn guard(
        self,
        answer: Response<Relayed>,
        lasts: Option<Lasts>,
        Foreseen { framing, expected, delivery }: Foreseen,
    ) -> Result<Response<Guarded>, Fault> {
        let rules = self.state.response();
        let (mut head, relayed) = answer.into_parts();
        let status = head.status;
        let is_stream = lasts.is_some();
        let seen = Head { status, headers: &head.headers, is_stream };
        let must_be =
            response::read_head(seen, rules).map_err(|it| response::fault(status, &it))?;
        response::clean_head(&mut head.headers, rules);
        head.status = answer_status(status, self.state.http().status, self.media);
        if is_stream {
            // It may end before, and with other words.
            head.headers.remove(CONTENT_LENGTH);
        }
        if rules.needs_operation() && expected.is_none() {
            let detail = "the operation of an answer is not known".into();
            return Err(Fault::Internal { detail });
        }
        let course = if is_stream { going_on(delivery) } else { Course::Once };
        let about = About { id: self.id, framing, expected, course, must_be };
        // Bytes tell whether it is whole, and whether it is JSON, where nothing else does.
        let is_untold = relayed.is_open_ended() || !head.headers.contains_key(CONTENT_TYPE);
        let reads = rules.reads() || must_be == MustBe::Answer || (is_untold && !is_stream);
        let guard = reads.then(|| Guard::new(self.state.gate.policy(), about));
        let (counted, filter) = self.read_by(guard, &head.headers, lasts);
        // A subscription is silent for as long as nothing happens, and goes on for days; the
        // deadlines of the process are its.
        let is_live = lasts == Some(Lasts::UntilEnded);
        let relayed = match rules.timeout.idle.filter(|_| !is_live) {
            Some(idle) => relayed.within(idle),
            None => relayed,
        };
        let until = if is_live { None } else { self.until() };
        let body = Guarded::new(self.id, relayed, counted, filter).until(until);
        let body = if is_stream { body.sent() } else { body };
        Ok(Response::from_parts(head, body))
    }

    /// Who counts a body, and who reads it.
    fn read_by(
        self,
        guard: Option<Guard>,
        headers: &HeaderMap,
        lasts: Option<Lasts>,
    ) -> (Option<Counted>, Option<Filter>) {
        let max = self.state.response().max;
        let media = || headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let media = || media().unwrap_or_default();
        match (lasts, guard) {
            (None, guard) => (Counted::once(max), guard.map(Filter::once)),
            (Some(_), None) => (Counted::stream(media(), max), None),
            (Some(lasts), Some(guard)) => {
                let ending = Ending { errors: self.errors(), lasts };
                (None, Some(Filter::stream(guard, media(), (Most::of(max), ending))))
            }
        }
    }

    /// What the client is told of an answer that may not go on.
    fn errors(self) -> Box<str> {
        let (id, media, http) = (self.id, self.media, self.state.http());
        let detail = "it may not go on".into();
        let fault = Fault::Upstream { code: Code::UPSTREAM_ANSWER_INVALID, detail };
        Reply { id, media, http, origin: None }.errors(&fault.into()).into()
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
