//! Operations over a socket: judged, sent on, answered.

use std::borrow::Cow;

use tokio::time::Instant;

use crate::{
    admission::Watched,
    json::Value,
    response::{Guard, Wrong},
    schema::OperationKind,
    server::{
        answers::guard_of_socket,
        charges::Charges,
        documents,
        logged::{self, Stopwatch},
        rates::{Rates, Spender},
        session::{Session, live::Live},
        watched::Counting,
    },
    sources::now,
    telemetry::{
        About, Carrier, Judged as Passed, Outcome, Reported, RequestId, Served, UpstreamFailed,
    },
    transport::{Media, Refusal, Reply, decode_one},
    upstream::{ChannelEnded, Head},
    verdict::{Admitted, Code, Item, Verdict, Violation},
    websocket::{Close, Ended, FromUpstream, write},
};

/// What becomes of an operation that is not refused.
pub(super) enum Judged {
    /// The answer is known.
    Answer(Vec<u8>),
    /// It goes on, and its answers are read.
    Forward(Admitted, Box<Reading>),
}

/// How the answers to an operation are read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) guard: Option<Box<Guard>>,
    watched: Option<Watched>,
}

impl Session {
    pub(super) async fn subscribe(&mut self, id: &str, payload: Value<'_>) -> Result<(), Ended> {
        self.look_at_policy().await?;
        if self.live.holds(id) {
            return Err(Ended::Wrong(Close::IdInUse));
        }
        let request = self.next_id();
        let mut charges = Charges::default();
        match self.judge_new(request, payload, &mut charges).await {
            Ok(Judged::Answer(body)) => {
                let body = String::from_utf8_lossy(&body);
                self.note(request, Outcome::Answered);
                self.frames.send(write::next(id, &body)).await?;
                self.frames.send(write::complete(id)).await
            }
            Ok(Judged::Forward(admitted, reading)) => {
                self.forward(request, (id, payload), (admitted, reading), charges).await
            }
            Err(refusal) => self.refuse(request, id, &refusal).await,
        }
    }

    pub(super) async fn complete(&mut self, id: &str) -> Result<(), Ended> {
        // One that has ended meanwhile is no mistake of the client's.
        let Some(n) = self.live.end(id) else { return Ok(()) };
        self.end_upstream(n).await
    }

    /// Ends an operation whose answer may not go on.
    async fn end_wrong(&mut self, id: &str, n: Option<u64>, wrong: &Wrong) -> Result<(), Ended> {
        self.live.end(id);
        self.refuse(self.id, id, &wrong.fault().into()).await?;
        match n {
            Some(n) => self.end_upstream(n).await,
            None => Ok(()),
        }
    }

    /// Tells the upstream that nobody waits for an operation any more.
    pub(super) async fn end_upstream(&mut self, n: u64) -> Result<(), Ended> {
        match &mut self.channel {
            Some(channel) => match channel.complete(n).await {
                Ok(()) => Ok(()),
                Err(ChannelEnded) => self.upstream_gone("it closed"),
            },
            None => Ok(()),
        }
    }

    pub(super) async fn upstream_said(
        &mut self,
        message: Result<bytes::Bytes, ChannelEnded>,
    ) -> Result<(), Ended> {
        self.in_time()?;
        self.look_at_policy().await?;
        let (Ok(message), Some(channel)) = (message, &mut self.channel) else {
            return self.upstream_gone("it closed");
        };
        let (live, most) = (&mut self.live, self.rules.max_events);
        let said = channel.read(&message, |it| match it {
            FromUpstream::Complete(n) => {
                Said::told(live.end_number(n).map(|it| write::complete(&it.id)))
            }
            FromUpstream::Error(n, errors) => fail(live, n, errors),
            FromUpstream::OneError(n, error) => fail(live, n, &format!("[{error}]")),
            FromUpstream::Next(n, _) if most.is_some_and(|it| live.answered(n) > it.get()) => {
                live.number(n).map_or(Said::Nothing, |it| Said::Often(it.id.clone()))
            }
            FromUpstream::Next(n, answer) => {
                live.settle(n, answer);
                let Some(operation) = live.number(n) else { return Said::Nothing };
                match read(&mut operation.guard, answer, Guard::whole) {
                    Ok(answer) => Said::Client(write::next(&operation.id, &answer)),
                    Err(wrong) => Said::Wrong(operation.id.clone(), Some(n), wrong),
                }
            }
            FromUpstream::Ping => Said::Ping,
            FromUpstream::ConnectionAck | FromUpstream::Pong => Said::Nothing,
        });
        match said {
            Some(Said::Client(text)) => self.frames.send(text).await,
            Some(Said::Nothing) => Ok(()),
            Some(Said::Often(id)) => self.end_often(&id).await,
            Some(Said::Wrong(id, n, wrong)) => self.end_wrong(&id, n, &wrong).await,
            Some(Said::Ping) => match channel.pong().await {
                Ok(()) => Ok(()),
                Err(ChannelEnded) => self.upstream_gone("it closed"),
            },
            None => self.upstream_gone("its message cannot be read"),
        }
    }

    /// Ends an operation that was answered often enough.
    async fn end_often(&mut self, id: &str) -> Result<(), Ended> {
        let request = self.next_id();
        let public = "the operation has had all its answers";
        let refusal = violation(Code::MAX_EVENTS_LIMIT, public, "`http.websocket.max_events`");
        self.refuse(request, id, &refusal.into()).await?;
        self.complete(id).await
    }

    /// Without its upstream a socket lives on when nothing runs; clients connect again otherwise.
    pub(super) fn upstream_gone(&mut self, detail: &str) -> Result<(), Ended> {
        self.channel = None;
        if self.live.is_empty() {
            return Ok(());
        }
        let (id, carrier) = (self.id, Carrier::WebSocket);
        UpstreamFailed { id, carrier, code: Code::UPSTREAM_UNAVAILABLE, detail }.emit();
        Err(Ended::Wrong(Close::UpstreamGone))
    }

    /// Judges an operation that begins, which spends of the rates like any other request.
    async fn judge_new(
        &mut self,
        id: RequestId,
        payload: Value<'_>,
        charges: &mut Charges,
    ) -> Result<Judged, Refusal> {
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
        let judged = self.judge(id, payload);
        watch.stop();
        let judged = judged?;
        if let Judged::Forward(admitted, _) = &judged {
            documents::leave(gate, link, &requests);
            rates.of_items(spender, admitted.items(), charges).await?;
            let (graph, items) = (id.graph(), admitted.items());
            Passed { graph, about: &|| self.about(id), items }.emit();
        }
        Ok(judged)
    }

    /// The one judge, for the one request of a message.
    pub(super) fn judge(&self, id: RequestId, payload: Value<'_>) -> Result<Judged, Refusal> {
        self.state.refuse_drift()?;
        let requests = decode_one(payload, self.state.http())?;
        let (verdict, follow) = self.state.gate.admit_and_follow(&requests, &self.caller, now());
        let (taps, policy) = (self.site.taps(), self.state.gate.policy());
        // Let go at once: an operation over a socket may last for days.
        // One that goes on under another policy was written down when it began.
        let is_new = id != self.id;
        drop(is_new.then(|| taps.note(id, policy, (&requests, &self.caller), &verdict)));
        match verdict {
            Verdict::Admit(admitted) => {
                self.serves(id, admitted.items())?;
                let guard = guard_of_socket(&self.state, id, follow.expected);
                let reading = Box::new(Reading { guard, watched: follow.watched });
                Ok(Judged::Forward(admitted, reading))
            }
            Verdict::Answer(answered) => {
                self.serves(id, &answered.items)?;
                Ok(Judged::Answer(answered.body))
            }
            Verdict::Reject(rejected) => Err(Refusal::Rejected(rejected)),
        }
    }

    /// Only kinds that the policy wants here.
    fn serves(&self, id: RequestId, items: &[Item]) -> Result<(), Violation> {
        let reported = items.iter().flat_map(|it| &it.reported);
        reported.for_each(|violation| Reported { id, violation }.emit());
        let is_other = |it: &&Item| !self.rules.operations.contains(&it.kind);
        let Some(other) = items.iter().find(is_other) else { return Ok(()) };
        let kind = other.kind.keyword();
        Err(Violation {
            rule: "websocket",
            code: Code::OPERATION_NOT_ALLOWED,
            at: None,
            public: format!("a {kind} is not served over WebSocket").into(),
            detail: format!("`http.websocket.operations` does not list `{kind}`").into(),
        })
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
        Err(Refusal::from(Violation {
            rule: "websocket",
            code: Code::TOO_MANY_LIVE_OPERATIONS,
            at: None,
            public: "too many operations are live".into(),
            detail: format!("`http.websocket.max_operations` is {most}").into(),
        }))
    }

    async fn forward(
        &mut self,
        request: RequestId,
        (id, payload): (&str, Value<'_>),
        (admitted, reading): (Admitted, Box<Reading>),
        mut charges: Charges,
    ) -> Result<(), Ended> {
        let mut channel = match self.channel.take() {
            Some(channel) => channel,
            None => match self.site.upstream().channel(self.head(), self.init.as_deref()).await {
                Ok(channel) => channel,
                Err(fault) => return self.refuse(request, id, &fault.into()).await,
            },
        };
        charges.sent();
        let Reading { guard, mut watched } = *reading;
        let counting = self.counting(request, watched.as_mut(), &admitted, charges);
        let n = self.live.begin((id, payload.text()), admitted.body(), (guard, counting));
        let sent = channel.subscribe(n, admitted).await;
        self.channel = Some(channel);
        match sent {
            Ok(()) => {
                self.note(request, Outcome::Admitted);
                Ok(())
            }
            Err(ChannelEnded) => self.upstream_gone("it closed"),
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
        if admitted.items().iter().any(|it| it.kind == OperationKind::Subscription) {
            counting.keep();
        }
        Some(counting)
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
            trace: self.trace.as_ref(),
        }
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

/// The upstream says that an operation has failed.
fn fail(live: &mut Live, n: u64, errors: &str) -> Said {
    let Some(mut ended) = live.end_number(n) else { return Said::Nothing };
    match read(&mut ended.guard, errors, Guard::errors) {
        Ok(errors) => Said::Client(write::error(&ended.id, &errors)),
        Err(wrong) => Said::Wrong(ended.id, None, wrong),
    }
}

fn violation(code: Code, public: &'static str, detail: &'static str) -> Violation {
    Violation { rule: "websocket", code, at: None, public: public.into(), detail: detail.into() }
}

/// What of a payload may go on.
fn read<'t>(
    guard: &mut Option<Box<Guard>>,
    payload: &'t str,
    read: fn(&mut Guard, &[u8]) -> Result<Vec<u8>, Wrong>,
) -> Result<Cow<'t, str>, Wrong> {
    let Some(guard) = guard else { return Ok(Cow::Borrowed(payload)) };
    let read = read(guard, payload.as_bytes())?;
    String::from_utf8(read).map(Cow::Owned).map_err(|_never| Wrong::NotJson)
}

/// What is to be done about a message of the upstream.
enum Said {
    Client(String),
    Nothing,
    /// An answer too many, to the operation of this name.
    Often(Box<str>),
    Ping,
    /// An answer that may not go on: the client's name, and our number while the upstream runs it.
    Wrong(Box<str>, Option<u64>, Wrong),
}

impl Said {
    /// Nobody is told of operations that have ended.
    fn told(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Client)
    }
}
