//! One address of the upstream, and its connections that can take a request: HTTP/1.1 ones without
//! work, and HTTP/2 ones with room.

use std::{
    cell::{Cell, RefCell},
    fmt,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use http::Response;
use tokio::{
    sync::Mutex,
    time::{Instant as Deadline, timeout, timeout_at},
};

use crate::{
    config::{Config, UpstreamHttp, UpstreamUrl},
    sources::{Dialer, Wire},
    telemetry::Lasting,
    upstream::{
        breaker::{Breaker, Rules},
        dial::{Dial, Opened},
        fault::Failure,
        link::{Broken, Link, Parcel},
        multiplexed::Multiplexed,
        single::Single,
        target::Target,
    },
};

/// An address of the upstream as one worker sees it.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) target: Target,
    /// One of several addresses of a name; nothing: whatever the name stands for.
    pub(super) address: Option<SocketAddr>,
    pub(super) breaker: Breaker,
    /// While the breaker is open.
    pub(super) ejected: RefCell<Option<Lasting>>,
    /// Requests that are on their way, up to the end of their answers.
    n_running: Cell<usize>,
    url: UpstreamUrl,
    connect: Duration,
    idle_for: Duration,
    max_idle: usize,
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

/// A request on its way, up to the end of its answer.
#[derive(Debug)]
pub(super) struct Load(Rc<Replica>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.n_running.set(self.0.n_running.get().saturating_sub(1));
    }
}

/// A connection without work.
#[derive(Debug)]
pub(super) struct Idle {
    link: Single,
    since: Instant,
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} at {address}", self.url),
            None => self.url.fmt(f),
        }
    }
}

impl Replica {
    pub(super) fn new(config: &Config, url: &UpstreamUrl, at: Option<SocketAddr>) -> Rc<Self> {
        let (bounds, deadlines) = (&config.bounds, &config.deadlines);
        let rules = Rules {
            failures: bounds.breaker_failures,
            window: deadlines.breaker_window,
            open: deadlines.breaker_open,
        };
        let tls = config.upstream_tls.as_ref();
        Rc::new(Self {
            target: Target::new(url),
            address: at,
            breaker: Breaker::new(rules, Instant::now()),
            ejected: RefCell::default(),
            n_running: Cell::new(0),
            url: url.clone(),
            connect: deadlines.connect,
            idle_for: deadlines.upstream_idle,
            max_idle: bounds.upstream_idle,
            n_pinned: Cell::new(0),
            idle: RefCell::new(Vec::new()),
            multiplexed: RefCell::new(Vec::new()),
            dial: Dial::new(config, url, at),
            channels: Dialer::new(url, tls, UpstreamHttp::Http1).at(at),
            speaks_http1: Cell::new(false),
            turn: Mutex::new(()),
        })
    }

    pub(super) fn is_of(&self, url: &UpstreamUrl) -> bool {
        self.url == *url
    }

    /// How many requests are on their way.
    pub(super) const fn load(&self) -> usize {
        self.n_running.get()
    }

    /// Counts one more.
    pub(super) fn begin(self: &Rc<Self>) -> Load {
        self.n_running.set(self.n_running.get().saturating_add(1));
        Load(Rc::clone(self))
    }

    /// Sends a request over a connection that is there, or else over a new one, and waits for the
    /// head of the answer. A request of which not a byte was sent, or which the upstream says that
    /// it did not process, is tried again over new connections, [`FRESH`] times in all: one whose
    /// connection died after that may have been executed.
    pub(super) async fn exchange(
        &self,
        own: Option<Single>,
        mut request: Parcel,
        deadline: Deadline,
    ) -> Result<(Response<()>, Link), Broken> {
        if let Some(mut link) = own.map(Link::Single).or_else(|| self.take()) {
            match link.exchange(&self.target, request, deadline).await {
                Ok(answer) => return Ok((answer, link)),
                Err(Broken { unsent: Some(unsent), failure: _ }) => request = unsent,
                Err(broken) => return Err(broken),
            }
        }
        for _ in 1..FRESH {
            match self.exchange_anew(request, deadline).await {
                Err(Broken { unsent: Some(unsent), failure }) if failure.is_of_one_connection() => {
                    request = unsent;
                }
                answer => return answer,
            }
        }
        self.exchange_anew(request, deadline).await
    }

    /// Sends a request over a connection that is opened for it, or was meanwhile.
    async fn exchange_anew(
        &self,
        request: Parcel,
        deadline: Deadline,
    ) -> Result<(Response<()>, Link), Broken> {
        let mut link = match Box::pin(self.open(deadline)).await {
            Ok(link) => link,
            Err(failure) => return Err(Broken { failure, unsent: Some(request) }),
        };
        let answer = link.exchange(&self.target, request, deadline).await?;
        Ok((answer, link))
    }

    /// A connection of its own for WebSocket.
    pub(super) async fn open_channel(&self) -> Result<Wire, Failure> {
        let opened = timeout(self.connect, self.channels.open()).await;
        Ok(opened.map_err(|_elapsed| Failure::ConnectTimeout)??)
    }

    /// Closes connections that had no work for too long; to be called now and then.
    pub(super) fn sweep(&self) {
        let limit = self.idle_for;
        self.idle.borrow_mut().retain(|it| it.since.elapsed() < limit);
        self.multiplexed.borrow_mut().retain(|it| !it.is_over() && !it.is_idle_for(limit));
    }

    /// A connection from the pool that is still good.
    fn take(&self) -> Option<Link> {
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
    async fn open(&self, deadline: Deadline) -> Result<Link, Failure> {
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
            // It may have been closed as soon as it was there.
            Opened::Single(mut single) => single.check().map(|()| Link::Single(single)),
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

    /// Room for one more pinned connection; [`Replica::unpin`] gives it back.
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

/// 3 connections: one that others use, too, can end before it takes a request.
const FRESH: usize = 3;
