//! What the upstream says over its socket, and how an operation that it answers ends.
//!
//! Judges nothing: whatever is heard here is of an operation that was judged before.

use std::{borrow::Cow, num::NonZeroU32};

use crate::{
    response::{Guard, Most, Wrong},
    server::session::{Session, live::Live, operations::violation},
    telemetry::{Carrier, UpstreamFailed},
    upstream::ChannelEnded,
    verdict::Code,
    websocket::{Close, Ended, FromUpstream, write},
};

impl Session {
    pub(super) async fn upstream_said(
        &mut self,
        message: Result<bytes::Bytes, ChannelEnded>,
    ) -> Result<(), Ended> {
        self.in_time()?;
        self.look_at_policy().await?;
        let message = match message {
            Ok(message) => message,
            Err(ended) => return self.channel_ended(ended).await,
        };
        let Some(channel) = &mut self.channel else { return Ok(()) };
        let live = &mut self.live;
        let most = Most::of(self.state.response().max);
        let bounds = Bounds { n: self.rules.max_events, most };
        let said = channel.read(&message, |it| match it {
            FromUpstream::Complete(n) => Said::told(live.end_number(n).map(|mut it| {
                it.follow.traced.answered();
                write::complete(&it.id)
            })),
            FromUpstream::Error(n, errors) => fail(live, (n, errors), bounds),
            FromUpstream::OneError(n, error) => fail(live, (n, &format!("[{error}]")), bounds),
            FromUpstream::Next(n, answer) => next(live, (n, answer), bounds),
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
                Err(ended) => self.upstream_gone(&ended.to_string()),
            },
            None => self.upstream_gone("its message cannot be read"),
        }
    }

    /// The client wants no more of an operation. It says so once of each that it has begun, of some
    /// that have ended meanwhile too; more than that is about none.
    pub(super) async fn completed(&mut self, id: &str) -> Result<(), Ended> {
        match self.n_asked.checked_sub(1) {
            Some(left) => self.n_asked = left,
            None => self.said_beside()?,
        }
        self.complete(id).await
    }

    async fn complete(&mut self, id: &str) -> Result<(), Ended> {
        // One that has ended meanwhile is no mistake of the client's.
        let Some(n) = self.live.end(id) else { return Ok(()) };
        self.end_upstream(n).await
    }

    /// Tells the upstream that nobody waits for an operation any more.
    pub(super) async fn end_upstream(&mut self, n: u64) -> Result<(), Ended> {
        match &mut self.channel {
            Some(channel) => match channel.complete(n).await {
                Ok(()) => Ok(()),
                Err(ended) => self.upstream_gone(&ended.to_string()),
            },
            None => Ok(()),
        }
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

    /// The upstream's side has ended. A message that was too large is the answer to an operation: to
    /// which one is known when only one runs, and the socket lives on then.
    async fn channel_ended(&mut self, ended: ChannelEnded) -> Result<(), Ended> {
        let only = self.live.only().map(Into::<Box<str>>::into);
        if let (ChannelEnded::TooLarge { limit }, Some(id)) = (ended, only) {
            self.channel = None;
            return self.end_wrong(&id, None, &Wrong::TooLargeToHold { limit }).await;
        }
        self.upstream_gone(&ended.to_string())
    }

    /// Ends an operation that was answered often enough.
    async fn end_often(&mut self, id: &str) -> Result<(), Ended> {
        let request = self.next_id();
        let public = "the operation has had all its answers";
        let refusal = violation(Code::MAX_EVENTS_LIMIT, public, "`http.websocket.max_events`");
        self.refuse(request, id, &refusal.into()).await?;
        self.complete(id).await
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
}

/// How many answers an operation has, and how large one is.
#[derive(Clone, Copy)]
struct Bounds {
    n: Option<NonZeroU32>,
    most: Most,
}

/// The upstream answers an operation.
fn next(live: &mut Live, (n, answer): (u64, &str), bounds: Bounds) -> Said {
    let is_often = bounds.n.is_some_and(|it| live.answered(n) > it.get());
    if !is_often {
        live.settle(n, answer);
    }
    let Some(operation) = live.number(n) else { return Said::Nothing };
    let id = operation.id.clone();
    if is_often {
        return Said::Often(id);
    }
    if let Err(wrong) = bounds.most.allows(answer.len() as u64) {
        return Said::Wrong(id, Some(n), wrong);
    }
    match read(&mut operation.follow.guard, answer, Guard::whole) {
        Ok(answer) => Said::Client(write::next(&id, &answer)),
        Err(wrong) => Said::Wrong(id, Some(n), wrong),
    }
}

/// The upstream says that an operation has failed.
fn fail(live: &mut Live, (n, errors): (u64, &str), bounds: Bounds) -> Said {
    let Some(mut ended) = live.end_number(n) else { return Said::Nothing };
    ended.follow.traced.answered();
    let fits = bounds.most.allows(errors.len() as u64);
    match fits.and_then(|()| read(&mut ended.follow.guard, errors, Guard::errors)) {
        Ok(errors) => Said::Client(write::error(&ended.id, &errors)),
        Err(wrong) => Said::Wrong(ended.id, None, wrong),
    }
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
