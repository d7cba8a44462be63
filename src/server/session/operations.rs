//! Operations over a socket, until they are sent on: judged, refused, answered at once.
//!
//! What the upstream says of them is heard elsewhere.

use std::{borrow::Cow, rc::Rc};

use tokio::time::Instant;

use crate::{
    admission::{Requests, Watched},
    json::Value,
    response::{Guard, Most},
    schema::OperationKind,
    server::{
        answers::guard_of_socket,
        body::NoBody,
        charges::Charges,
        documents,
        identify::is_still_known,
        logged::{self, Stopwatch},
        noted::Noted,
        rates::{Rates, Spender},
        session::{Session, live::Follow},
        traced::{Handshake, Subscribed},
        watched::Counting,
        who::NO_KEYS,
    },
    sources::now,
    telemetry::{About, Carrier, NotIdentified, Outcome, RequestId, Served},
    transport::{Media, Refusal, Reply, decode_one},
    upstream::{Head, Opening},
    verdict::{Admitted, Answered, Code, Fault, Item, Verdict, Violation, ids},
    websocket::{Close, Ended, write},
};

/// What becomes of an operation that is not refused.
pub(super) enum Judged {
    /// The answer is known.
    Answer(Answered),
    /// It goes on, and its answers are read.
    Forward(Admitted, Box<Reading>),
}

/// What an operation has from its beginning.
struct Begun {
    id: RequestId,
    charges: Charges,
    traced: Subscribed,
    /// What is written down of it, until it goes on or is refused.
    noted: Option<Rc<Noted>>,
}

impl Begun {
    /// Writes it down at once, as an operation over a socket may last for days.
    fn let_go(&mut self, why: Option<&Refusal>) {
        if let (Some(noted), Some(why)) = (self.noted.take(), why) {
            noted.refused(why);
        }
    }
}

/// How the answers to an operation are read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) guard: Option<Box<Guard>>,
    watched: Option<Watched>,
}

impl Session {
    pub(super) async fn subscribe(&mut self, id: &str, payload: Value<'_>) -> Result<(), Ended> {
        self.n_asked = self.n_asked.saturating_add(1);
        self.look_at_policy().await?;
        if self.takes_no_more() {
            return Ok(());
        }
        if self.live.holds(id) {
            return Err(Ended::Wrong(Close::IdInUse));
        }
        let request = self.next_id();
        let traced = self.trace.as_ref().map(|it| it.begin(request)).unwrap_or_default();
        let (charges, noted) = (Charges::default(), None);
        let mut begun = Begun { id: request, charges, traced, noted };
        let judged = self.judge_new(&mut begun, payload).await;
        begun.let_go(judged.as_ref().err());
        match judged {
            Ok(Judged::Answer(answered)) => {
                let body = String::from_utf8_lossy(&answered.body);
                self.note(request, Outcome::Answered);
                begun.traced.answered();
                self.frames.send(write::next(id, &body)).await?;
                self.frames.send(write::complete(id)).await
            }
            Ok(Judged::Forward(admitted, reading)) => {
                self.forward(begun, (id, payload), (admitted, reading)).await
            }
            Err(refusal) => self.refuse_new(begun, id, &refusal).await,
        }
    }

    /// Judges an operation that begins, which spends of the rates like any other request.
    async fn judge_new(
        &mut self,
        begun: &mut Begun,
        payload: Value<'_>,
    ) -> Result<Judged, Refusal> {
        let Begun { id, charges, traced, noted } = begun;
        let id = *id;
        self.is_known(id)?;
        self.room()?;
        self.may_begin()?;
        let rates = Rates { state: &self.state, link: self.client.worker.link(), id };
        let spender = Spender { caller: &self.caller, headers: &self.head.headers };
        rates.of_address(|| self.address, charges).await?;
        rates.of_caller(spender, charges).await?;
        let requests = decode_one(payload, self.state.http())?;
        let (gate, link) = (&self.state.gate, self.client.worker.link());
        documents::ask(gate, link, &requests).await;
        let watch = Stopwatch::start(self.site.index());
        let (taps, policy) = (self.site.taps(), self.state.gate.policy());
        let judged = self.judge(id, &requests, |verdict| {
            *noted = taps.note(id, policy, (&requests, &self.caller), verdict);
        });
        watch.stop();
        let judged = judged?;
        let items = match &judged {
            Judged::Answer(answered) => &*answered.items,
            Judged::Forward(admitted, _) => admitted.items(),
        };
        traced.tell(items, requests.first.operation_name.as_deref());
        if let Judged::Forward(..) = &judged {
            documents::leave(gate, link, &requests);
        }
        rates.of_served(spender, (items, &|| self.about(id)), charges).await?;
        Ok(judged)
    }

    /// The one judge, for the one request of a message; `note` is told of the verdict.
    pub(super) fn judge(
        &self,
        id: RequestId,
        requests: &Requests<'_>,
        note: impl FnOnce(&Verdict),
    ) -> Result<Judged, Refusal> {
        self.state.refuse_drift()?;
        let (verdict, follow) = self.state.gate.admit_and_follow(requests, &self.caller, now());
        note(&verdict);
        match verdict {
            Verdict::Admit(admitted) => {
                self.serves(admitted.items())?;
                let guard = guard_of_socket(&self.state, id, (follow.expected, follow.delivery));
                let reading = Box::new(Reading { guard, watched: follow.watched });
                Ok(Judged::Forward(admitted, reading))
            }
            Verdict::Answer(answered) => {
                self.serves(&answered.items)?;
                Ok(Judged::Answer(answered))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    /// Only kinds that the policy wants here.
    fn serves(&self, items: &[Item]) -> Result<(), Violation> {
        let is_other = |it: &&Item| !self.rules.operations.contains(&it.kind);
        let Some(other) = items.iter().find(is_other) else { return Ok(()) };
        let kind = other.kind.keyword();
        let detail = format!("`http.websocket.operations` does not list `{kind}`");
        let public = format!("a {kind} is not served over WebSocket");
        Err(violation(Code::OPERATION_NOT_ALLOWED, public, detail))
    }

    /// What runs goes on; a token says nothing of what begins once its keys do not count.
    fn is_known(&self, id: RequestId) -> Result<(), Refusal> {
        let state = &self.state;
        let known_by = (state.credentials(), &state.keys);
        if is_still_known(known_by, &self.head.headers, now()) {
            return Ok(());
        }
        NotIdentified { about: &self.about(id), reason: "no-keys" }.emit();
        Err(Fault::Unavailable { detail: NO_KEYS.into() }.into())
    }

    /// Takes of the rate of this socket.
    fn may_begin(&mut self) -> Result<(), Refusal> {
        let spent = self.begins.as_mut().is_some_and(|it| it.take(Instant::now()).is_err());
        if !spent {
            return Ok(());
        }
        let public = "too many operations were begun";
        let code = Code::REQUEST_RATE_LIMITED;
        Err(violation(code, public, "`http.websocket.rate` is exceeded").into())
    }

    fn room(&self) -> Result<(), Refusal> {
        let most = self.rules.max_operations;
        if self.live.len() < usize::try_from(most.get()).unwrap_or(usize::MAX) {
            return Ok(());
        }
        let detail = format!("`http.websocket.max_operations` is {most}");
        let public = "too many operations are live";
        Err(violation(Code::TOO_MANY_LIVE_OPERATIONS, public, detail).into())
    }

    async fn forward(
        &mut self,
        mut begun: Begun,
        (id, payload): (&str, Value<'_>),
        (admitted, reading): (Admitted, Box<Reading>),
    ) -> Result<(), Ended> {
        let Some(held) = self.client.worker.standing().holding(payload.text().len()) else {
            return self.refuse_new(begun, id, &NoBody::NoRoom.into()).await;
        };
        let mut channel = match self.channel.take() {
            Some(channel) => channel,
            None => match self.site.upstream().channel(self.opening()).await {
                Ok(channel) => channel,
                Err(fault) => return self.refuse_new(begun, id, &fault.into()).await,
            },
        };
        begun.charges.sent();
        let Begun { id: request, charges, traced, noted: _ } = begun;
        let Reading { guard, mut watched } = *reading;
        let counting = self.counting(request, watched.as_mut(), &admitted, charges);
        let n = self.live.begin(
            (id, payload.text()),
            (kind(&admitted), admitted.body()),
            (Follow { guard, counting, traced }, held),
        );
        let sent = channel.subscribe(n, admitted).await;
        self.channel = Some(channel);
        match sent {
            Ok(()) => {
                self.note(request, Outcome::Admitted);
                Ok(())
            }
            Err(ended) => self.upstream_gone(&ended.to_string()),
        }
    }

    /// The id of something that is done for one of its operations.
    pub(super) fn next_id(&self) -> RequestId {
        self.client.worker.ids().next_of(self.site.index())
    }

    fn note(&self, id: RequestId, outcome: Outcome) {
        Served { id, carrier: Carrier::WebSocket, outcome }.emit();
    }

    /// As the log and the audit log tell of one of its operations.
    pub(super) fn about(&self, id: RequestId) -> About<'_> {
        About {
            id,
            carrier: Carrier::WebSocket,
            address: Some(self.address),
            identity: self.caller.identity.as_deref(),
            policy: &self.state.gate.policy().name,
        }
    }

    /// What looks at the answer. A subscription has no answer that says all.
    fn counting(
        &self,
        request: RequestId,
        watched: Option<&mut Watched>,
        admitted: &Admitted,
        charges: Charges,
    ) -> Option<Box<Counting>> {
        if !charges.wait() {
            return None;
        }
        let mut counting = Counting::of((&self.state, request), watched, charges)?;
        if kind(admitted) == OperationKind::Subscription {
            counting.keep();
        }
        Some(counting)
    }

    fn opening(&self) -> Opening<'_> {
        let limit = Most::of(self.state.response().max).of_message();
        Opening { head: self.head(), init: self.init.as_deref(), limit }
    }

    fn head(&self) -> Head<'_> {
        Head {
            client: &self.head.headers,
            rules: &self.state.headers,
            media: Media::Json,
            incremental: None,
            address: self.address,
            told: &self.told,
            version: self.head.version,
            trace: self.trace.as_ref().map(Handshake::forwarded),
        }
    }

    /// One that has just begun.
    async fn refuse_new(
        &mut self,
        mut begun: Begun,
        id: &str,
        refusal: &Refusal,
    ) -> Result<(), Ended> {
        begun.traced.refused(refusal);
        self.refuse(begun.id, id, refusal).await
    }

    /// An operation that is not served; the socket lives on.
    pub(super) async fn refuse(
        &mut self,
        request: RequestId,
        id: &str,
        refusal: &Refusal,
    ) -> Result<(), Ended> {
        logged::refusal(refusal, &self.about(request));
        let http = self.state.http();
        let reply = Reply { id: request, media: Media::Json, http, origin: None };
        let errors = reply.errors(refusal);
        self.frames.send(write::error(id, &errors)).await
    }
}

/// The kind of the one operation of a message; one that is not known has no end.
fn kind(admitted: &Admitted) -> OperationKind {
    admitted.items().first().map_or(OperationKind::Subscription, |it| it.kind)
}

pub(super) fn violation(
    code: Code,
    public: impl Into<Cow<'static, str>>,
    detail: impl Into<Box<str>>,
) -> Violation {
    Violation::new(ids::WEBSOCKET, code, public).detailed(detail)
}
