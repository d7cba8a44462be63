//! One client's WebSocket, from its handshake to its end.
//!
//! No tunnel: every message is read, every operation is judged, and what goes on is written anew.
//! One task holds both sides, and sends wait: while a client does not read, nothing is read for it
//! from its upstream socket, so that no queue grows, and others do not wait for it.

mod begin;
mod ending;
mod heard;
mod live;
mod operations;
mod pace;
mod replaced;

use std::{future::pending, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, request::Parts};
use tokio::time::{Instant, sleep_until};

use crate::{
    identity::{Caller, Keyring},
    json,
    policy::WebSocket,
    server::{
        connection::Client,
        graph::{InForce, Site},
        session::{ending::Ending, live::Live, pace::Pace},
        socket::Socket,
        traced::Handshake,
        upgrade::Upgrade,
    },
    telemetry::{Lasting, RequestId, SocketClosed, SocketOpened},
    upstream::{Channel, ChannelEnded},
    websocket::{Close, Ended, Frames, FromClient, Received, read_client, write},
};

/// A socket that is open.
struct Session {
    id: RequestId,
    open: Lasting,
    client: Rc<Client>,
    site: Rc<Site>,
    state: Rc<InForce>,
    rules: WebSocket,
    frames: Frames<Socket>,
    /// The handshake; once the session has begun, with the token of `connection_init`.
    head: Parts,
    address: std::net::IpAddr,
    caller: Caller,
    /// What the caller was verified with.
    keyring: Option<Arc<Keyring>>,
    /// The place of the handshake in a trace.
    trace: Option<Handshake>,
    /// What the upstream was told of the caller.
    told: Vec<(HeaderName, HeaderValue)>,
    /// The payload of our `connection_init`.
    init: Option<String>,
    /// Opened with the first operation: an idle socket costs the upstream nothing.
    channel: Option<Channel>,
    live: Live,
    /// What is left of the messages beside operations.
    pace: Pace,
    /// What is left of the operations that it may begin; nothing: there is no limit.
    begins: Option<Pace>,
    /// How many operations it has asked for, less those of which it wanted no more.
    n_asked: u64,
    opened: Instant,
    /// When it was last looked which policy is in force.
    looked: Instant,
    /// When the caller's credential ends.
    expires: Option<Instant>,
    /// What it does before it ends.
    ending: Option<Ending>,
}

/// What can happen next.
enum Event {
    Client(Bytes),
    Drain,
    Due,
    Nothing,
    Upstream(Result<Bytes, ChannelEnded>),
}

/// Runs a session to its end; `first` are bytes that came behind the handshake.
pub(super) async fn run(socket: Socket, first: Vec<u8>, upgrade: Upgrade, client: Rc<Client>) {
    let state = upgrade.site.in_force();
    let Some(rules) = state.http().websocket.clone() else { return };
    let begins = rules.rate.map(Pace::of);
    let frames = Frames::serve(socket, first, rules.message).await;
    let Upgrade { id, site, head, address, caller, trace } = upgrade;
    let open = SocketOpened { id }.emit();
    let mut session = Session {
        id,
        open,
        client,
        site,
        state,
        rules,
        frames,
        head,
        address,
        caller,
        keyring: None,
        trace,
        told: Vec::new(),
        init: None,
        channel: None,
        live: Live::default(),
        pace: Pace::beside(),
        begins,
        n_asked: 0,
        opened: Instant::now(),
        looked: Instant::now(),
        expires: None,
        ending: None,
    };
    let ended = session.serve().await;
    session.part(ended).await;
}

impl Session {
    async fn serve(&mut self) -> Ended {
        if let Err(ended) = self.begin().await {
            return ended;
        }
        // Budget: the lifetime of the socket.
        loop {
            if let Err(ended) = self.turn().await {
                return ended;
            }
        }
    }

    async fn part(self, ended: Ended) {
        let close = match ended {
            Ended::Gone => None,
            Ended::Wrong(close) => Some(close),
        };
        SocketClosed {
            id: self.id,
            code: close.map(Close::code),
            reason: close.map(Close::reason),
            operations: self.live.n_begun(),
            seconds: self.opened.elapsed().as_secs(),
        }
        .emit();
        drop(self.open);
        let upstream = async {
            if let Some(channel) = self.channel {
                channel.close().await;
            }
        };
        tokio::join!(self.frames.close(close), upstream);
    }

    async fn turn(&mut self) -> Result<(), Ended> {
        match self.event().await? {
            Event::Client(message) => self.client_said(&message).await,
            Event::Drain => {
                let grace = self.client.worker.deadlines().grace;
                self.wind_up(Close::GoingAway, grace).await
            }
            Event::Due => self.look_around().await,
            Event::Nothing => Ok(()),
            Event::Upstream(message) => self.upstream_said(message).await,
        }?;
        self.is_needed()
    }

    async fn event(&mut self) -> Result<Event, Ended> {
        let (due, goes_on) = (self.due(), self.ending.is_none());
        tokio::select! {
            () = self.client.worker.drain().begun(), if goes_on => Ok(Event::Drain),
            received = self.frames.next() => Ok(match received? {
                Received::Control => {
                    self.said_beside()?;
                    Event::Nothing
                }
                Received::Text(text) => Event::Client(text),
            }),
            message = said(&mut self.channel) => Ok(Event::Upstream(message)),
            () = sleep_until(due) => Ok(Event::Due),
        }
    }

    /// When to look around, whatever happens before.
    fn due(&self) -> Instant {
        let look = if self.live.is_empty() { IDLE_LOOK } else { LOOK };
        let (now, channel) = (Instant::now(), self.channel.as_ref());
        let all = [
            self.ends().filter(|_| self.ending.is_none()),
            self.expires,
            self.ending.and_then(|it| it.until),
            self.frames.due(),
            channel.and_then(Channel::due),
            self.looked.checked_add(look),
        ];
        all.into_iter().flatten().min().unwrap_or(now)
    }

    fn ends(&self) -> Option<Instant> {
        self.opened.checked_add(self.rules.lifetime)
    }

    /// Whatever may have happened meanwhile without a message.
    async fn look_around(&mut self) -> Result<(), Ended> {
        self.in_time()?;
        if self.ending.is_none() && is_over(self.ends()) {
            let time = self.client.worker.deadlines().request;
            self.wind_up(Close::GoingAway, time).await?;
        }
        self.frames.keep_alive().await?;
        if let Some(channel) = &mut self.channel
            && channel.keep_alive().await.is_err()
        {
            self.upstream_gone("it is silent")?;
        }
        self.look_at_policy().await
    }

    /// The credential has not come to its end.
    fn in_time(&self) -> Result<(), Ended> {
        if is_over(self.expires) {
            return Err(Ended::Wrong(Close::Forbidden));
        }
        Ok(())
    }

    /// Counts a message that is about no operation, since nothing else bounds those.
    fn said_beside(&mut self) -> Result<(), Ended> {
        Ok(self.pace.take(Instant::now())?)
    }

    async fn client_said(&mut self, message: &[u8]) -> Result<(), Ended> {
        self.in_time()?;
        let tree = json::read(message, MESSAGE).map_err(|_| Ended::Wrong(Close::BadMessage))?;
        match read_client(&tree, self.state.http().unknown_keys).map_err(Ended::Wrong)? {
            FromClient::Complete { id } => self.completed(&id).await,
            FromClient::ConnectionInit { .. } => Err(Ended::Wrong(Close::InitTwice)),
            FromClient::Ping => {
                self.said_beside()?;
                self.frames.send(write::pong()).await
            }
            FromClient::Pong => self.said_beside(),
            FromClient::Subscribe { id, payload } => self.subscribe(&id, payload).await,
        }
    }
}

fn is_over(it: Option<Instant>) -> bool {
    it.is_some_and(|it| it <= Instant::now())
}

async fn said(channel: &mut Option<Channel>) -> Result<Bytes, ChannelEnded> {
    match channel {
        Some(channel) => channel.next().await,
        None => pending().await,
    }
}

/// Those of a body: a message is around its request as a batch is.
const MESSAGE: json::Limits =
    json::Limits { depth: json::Limits::DEPTH, values: json::Limits::VALUES, lists: None };
/// 1 s: so long may an operation run on that another policy refuses.
const LOOK: Duration = Duration::from_secs(1);
/// 20 s: nothing runs that could be refused.
const IDLE_LOOK: Duration = Duration::from_secs(20);
