//! The connections of one worker that have no work.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use http::HeaderValue;

use crate::{
    config::{Config, UpstreamUrl},
    upstream::{
        fault::Failure,
        lane::{Lane, Pinning},
        link::Link,
    },
};

/// The upstream as one worker sees it.
#[derive(Debug)]
pub struct Upstream {
    pub(super) url: UpstreamUrl,
    pub(super) host: HeaderValue,
    pub(super) response: Duration,
    pub(super) response_idle: Duration,
    connect: Duration,
    idle_for: Duration,
    max_idle: usize,
    max_head: usize,
    max_in_flight: usize,
    in_flight: Cell<usize>,
    /// How many idle connections lanes have kept for themselves.
    n_pinned: Cell<usize>,
    /// The one used last stands last, and is used first.
    idle: RefCell<Vec<Idle>>,
}

/// A connection without work.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) link: Link,
    since: Instant,
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
        // The URL was parsed, so its authority is a header value.
        let host = HeaderValue::from_str(config.upstream.authority());
        Rc::new(Self {
            url: config.upstream.clone(),
            host: host.unwrap_or(HeaderValue::from_static("upstream")),
            response: config.deadlines.response,
            response_idle: config.deadlines.response_idle,
            connect: config.deadlines.connect,
            idle_for: config.deadlines.upstream_idle,
            max_idle: config.bounds.upstream_idle,
            max_head: config.bounds.upstream_head,
            max_in_flight: config.bounds.upstream_in_flight,
            in_flight: Cell::new(0),
            n_pinned: Cell::new(0),
            idle: RefCell::new(Vec::new()),
        })
    }

    /// The way of one client connection to the upstream.
    #[must_use]
    pub fn lane(self: &Rc<Self>, pinning: Pinning) -> Rc<Lane> {
        Rc::new(Lane::new(Rc::clone(self), pinning))
    }

    /// Closes connections that had no work for too long; to be called now and then.
    pub fn sweep(&self) {
        let Some(oldest) = Instant::now().checked_sub(self.idle_for) else { return };
        self.idle.borrow_mut().retain(|it| it.since > oldest);
    }

    pub(super) fn permit(self: &Rc<Self>) -> Result<Permit, Failure> {
        let n = self.in_flight.get();
        if n >= self.max_in_flight {
            return Err(Failure::Overload);
        }
        self.in_flight.set(n.saturating_add(1));
        Ok(Permit(Rc::clone(self)))
    }

    /// A connection from the pool that is still good.
    pub(super) fn take(&self) -> Option<Link> {
        let mut idle = self.idle.borrow_mut();
        // Budget: the pool, which only gets smaller here.
        while let Some(newest) = idle.pop() {
            if let Some(link) = self.revive(newest) {
                return Some(link);
            }
        }
        None
    }

    /// The connection of an idle one, unless it is too old or was closed.
    pub(super) fn revive(&self, mut idle: Idle) -> Option<Link> {
        (idle.since.elapsed() < self.idle_for && idle.link.is_ready()).then_some(idle.link)
    }

    /// Keeps a connection for whoever comes next.
    pub(super) fn put(&self, idle: Idle) {
        let mut all = self.idle.borrow_mut();
        if all.len() < self.max_idle {
            all.push(idle);
        }
    }

    pub(super) async fn open(&self) -> Result<Link, Failure> {
        let opening = Link::open(&self.url, self.max_head);
        let opened = tokio::time::timeout(self.connect, opening).await;
        opened.unwrap_or(Err(Failure::ConnectTimeout))
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
    pub(super) fn new(link: Link) -> Self {
        Self { link, since: Instant::now() }
    }
}
