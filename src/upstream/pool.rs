//! The connections of one worker that can take a request: HTTP/1.1 ones without work, and HTTP/2
//! ones with room.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    sync::Mutex,
    time::{Instant as Deadline, timeout, timeout_at},
};

use crate::{
    config::{Config, UpstreamHttp},
    sources::{Dialer, Wire},
    upstream::{
        dial::{Dial, Opened},
        fault::Failure,
        lane::{Lane, Pinning},
        link::Link,
        multiplexed::Multiplexed,
        signed_link::Signer,
        single::Single,
        target::Target,
    },
};

/// The upstream as one worker sees it.
#[derive(Debug)]
pub struct Upstream {
    pub(super) target: Target,
    /// Of WebSocket.
    pub(super) channel_target: Target,
    pub(super) signer: Option<Signer>,
    pub(super) response: Duration,
    pub(super) response_idle: Duration,
    connect: Duration,
    idle_for: Duration,
    max_idle: usize,
    max_in_flight: usize,
    in_flight: Cell<usize>,
    /// Answers that go on, which are bounded apart: they would leave no room for others.
    streaming: Cell<usize>,
    max_streaming: usize,
    pub(super) stream_idle: Duration,
    /// How many idle connections lanes have kept for themselves.
    n_pinned: Cell<usize>,
    /// The one used last stands last, and is used first.
    idle: RefCell<Vec<Idle>>,
    /// All HTTP/2 connections that may take a request.
    multiplexed: RefCell<Vec<Rc<Multiplexed>>>,
    dial: Dial,
    /// For WebSocket: HTTP/1.1 alone.
    channels: Dialer,
    /// True when the last connection that was opened speaks HTTP/1.1.
    speaks_http1: Cell<bool>,
    /// Whose turn it is to open a connection that others may share. Held across awaits, but only
    /// under the deadline of connecting, which runs for those who wait too.
    turn: Mutex<()>,
}

/// A connection without work.
#[derive(Debug)]
pub(super) struct Idle {
    link: Single,
    since: Instant,
}

/// One of the answers that may go on.
#[derive(Debug)]
pub(super) struct StreamPermit(Rc<Upstream>);

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.0.streaming.set(self.0.streaming.get().saturating_sub(1));
    }
}

/// One of the requests that may be in flight.
#[derive(Debug)]
pub(super) struct Permit(Rc<Upstream>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get().saturating_sub(1));
    }
}

impl Upstream {
    /// The upstream of a worker; connects when there is something to forward.
    #[must_use]
    pub fn new(config: &Config) -> Rc<Self> {
        let websocket = config.upstream_websocket.as_ref().unwrap_or(&config.upstream);
        Rc::new(Self {
            target: Target::new(&config.upstream),
            channel_target: Target::new(websocket),
            signer: config.upstream_key.as_ref().map(Signer::new),
            response: config.deadlines.response,
            response_idle: config.deadlines.response_idle,
            connect: config.deadlines.connect,
            idle_for: config.deadlines.upstream_idle,
            max_idle: config.bounds.upstream_idle,
            max_in_flight: config.bounds.upstream_in_flight,
            in_flight: Cell::new(0),
            streaming: Cell::new(0),
            max_streaming: config.bounds.connections.get(),
            stream_idle: config.deadlines.stream_idle,
            n_pinned: Cell::new(0),
            idle: RefCell::new(Vec::new()),
            multiplexed: RefCell::new(Vec::new()),
            dial: Dial::new(config),
            channels: Dialer::new(websocket, config.upstream_tls.as_ref(), UpstreamHttp::Http1),
            speaks_http1: Cell::new(false),
            turn: Mutex::new(()),
        })
    }

    /// A connection of its own for WebSocket.
    pub(super) async fn open_channel(&self) -> Result<Wire, Failure> {
        let opened = timeout(self.connect, self.channels.open()).await;
        Ok(opened.map_err(|_elapsed| Failure::ConnectTimeout)??)
    }

    /// The way of one client connection to the upstream.
    #[must_use]
    pub fn lane(self: &Rc<Self>, pinning: Pinning) -> Rc<Lane> {
        Rc::new(Lane::new(Rc::clone(self), pinning))
    }

    /// Closes connections that had no work for too long; to be called now and then.
    pub fn sweep(&self) {
        let limit = self.idle_for;
        self.idle.borrow_mut().retain(|it| it.since.elapsed() < limit);
        self.multiplexed.borrow_mut().retain(|it| !it.is_over() && !it.is_idle_for(limit));
    }

    pub(super) fn permit(self: &Rc<Self>) -> Result<Permit, Failure> {
        let n = self.in_flight.get();
        if n >= self.max_in_flight {
            return Err(Failure::Overload);
        }
        self.in_flight.set(n.saturating_add(1));
        Ok(Permit(Rc::clone(self)))
    }

    pub(super) fn stream_permit(self: &Rc<Self>) -> Result<StreamPermit, Failure> {
        let n = self.streaming.get();
        if n >= self.max_streaming {
            return Err(Failure::Overload);
        }
        self.streaming.set(n.saturating_add(1));
        Ok(StreamPermit(Rc::clone(self)))
    }

    /// A connection from the pool that is still good.
    pub(super) fn take(&self) -> Option<Link> {
        if let Some(link) = self.share() {
            return Some(link);
        }
        let mut idle = self.idle.borrow_mut();
        // Budget: the pool, which only gets smaller here.
        while let Some(newest) = idle.pop() {
            if let Some(single) = self.revive(newest) {
                return Some(Link::Single(single));
            }
        }
        None
    }

    /// The connection of an idle one, unless it is too old or was closed.
    pub(super) fn revive(&self, mut idle: Idle) -> Option<Single> {
        (idle.since.elapsed() < self.idle_for && idle.link.is_ready()).then_some(idle.link)
    }

    /// Keeps a connection for whoever comes next.
    pub(super) fn put(&self, idle: Idle) {
        let mut all = self.idle.borrow_mut();
        if all.len() < self.max_idle {
            all.push(idle);
        }
    }

    /// A connection that was opened for this request, or one with room that was opened while it
    /// waited for its turn.
    pub(super) async fn open(&self, deadline: Deadline) -> Result<Link, Failure> {
        let deadline = Deadline::now().checked_add(self.connect).unwrap_or(deadline).min(deadline);
        let opened = timeout_at(deadline, self.open_in_turn()).await;
        opened.unwrap_or(Err(Failure::ConnectTimeout))
    }

    async fn open_in_turn(&self) -> Result<Link, Failure> {
        if !self.may_share() {
            return self.open_now().await;
        }
        let turn = self.turn.lock().await;
        if let Some(link) = self.share() {
            return Ok(link);
        }
        if !self.may_share() {
            drop(turn);
            return self.open_now().await;
        }
        self.open_now().await
    }

    async fn open_now(&self) -> Result<Link, Failure> {
        let opened = self.dial.open().await?;
        self.speaks_http1.set(matches!(opened, Opened::Single(_)));
        match opened {
            Opened::Multiplexed(connection) => {
                let stream = connection.stream().ok_or(Failure::Overload)?;
                self.multiplexed.borrow_mut().push(connection);
                Ok(Link::Shared(stream))
            }
            Opened::Single(single) => Ok(Link::Single(single)),
        }
    }

    /// True when the next connection may serve many: opening one for each of them would be waste.
    fn may_share(&self) -> bool {
        self.dial.may_be_http2() && !self.speaks_http1.get()
    }

    /// A part of an HTTP/2 connection that has room.
    fn share(&self) -> Option<Link> {
        let mut all = self.multiplexed.borrow_mut();
        if all.is_empty() {
            return None;
        }
        all.retain(|it| !it.is_over());
        all.iter().find_map(Multiplexed::stream).map(Link::Shared)
    }

    /// Room for one more pinned connection; [`Upstream::unpin`] gives it back.
    pub(super) fn pin(&self) -> bool {
        let n = self.n_pinned.get();
        let has_room = n < self.max_idle;
        if has_room {
            self.n_pinned.set(n.saturating_add(1));
        }
        has_room
    }

    pub(super) fn unpin(&self) {
        self.n_pinned.set(self.n_pinned.get().saturating_sub(1));
    }
}

impl Idle {
    pub(super) fn new(link: Single) -> Self {
        Self { link, since: Instant::now() }
    }
}
