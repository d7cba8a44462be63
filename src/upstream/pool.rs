//! The upstream of one worker: the addresses it has, which of them is asked next, and how many
//! requests are on their way.
//!
//! The address with the fewest requests is asked; one that fails is left alone for a while. All of
//! them are the same server: they differ in host and port alone.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{net::lookup_host, time::timeout};

use crate::{
    config::{Config, UpstreamUrl},
    sources::signed_link::Signer,
    telemetry::{GraphIndex, UpstreamEjected, UpstreamReturned},
    upstream::{
        breaker::{Outcome, Pass, Turned},
        fault::Failure,
        lane::{Lane, Pinning},
        replica::Replica,
        turnstile::{Permit, Turnstile},
    },
    verdict::Fault,
};

/// The upstream as one worker sees it.
#[derive(Debug)]
pub struct Upstream {
    /// Where it takes WebSocket, when that is another place.
    pub(super) apart: Option<Rc<Self>>,
    pub(super) signer: Option<Signer>,
    pub(super) response: Duration,
    pub(super) response_idle: Duration,
    pub(super) stream_idle: Duration,
    config: Config,
    graph: GraphIndex,
    /// INVARIANT: never empty.
    replicas: RefCell<Vec<Rc<Replica>>>,
    /// Whose turn it is among those that are equal.
    turn: Cell<usize>,
    turnstile: Rc<Turnstile>,
    /// Answers that go on, which are bounded apart: they would leave no room for others.
    pub(super) streams: Rc<Room>,
    /// Requests with files, which take as long as their clients: they leave room for others.
    pub(super) uploads: Rc<Room>,
}

/// So many at a time, for which nobody waits.
#[derive(Debug)]
pub(super) struct Room {
    n: Cell<usize>,
    max: usize,
}

/// One of those for whom there is room.
#[derive(Debug)]
pub(super) struct Place(Rc<Room>);

impl Room {
    fn new(max: usize) -> Rc<Self> {
        Rc::new(Self { n: Cell::new(0), max })
    }

    pub(super) fn take(self: &Rc<Self>) -> Result<Place, Failure> {
        let n = self.n.get();
        if n >= self.max {
            return Err(Failure::Overload);
        }
        self.n.set(n.saturating_add(1));
        Ok(Place(Rc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.n.set(self.0.n.get().saturating_sub(1));
    }
}

/// A request that is on its way to one of the addresses, until somebody says what became of it.
#[derive(Debug)]
pub(super) struct Attempt {
    graph: GraphIndex,
    pub(super) replica: Rc<Replica>,
    /// Nothing once the outcome is known.
    pass: Option<Pass>,
}

impl Attempt {
    /// Says what became of it.
    pub(super) fn note(&mut self, outcome: Outcome) {
        let Some(pass) = self.pass.take() else { return };
        let turned = self.replica.breaker.note(pass, outcome, Instant::now());
        let (graph, address) = (self.graph, self.replica.to_string());
        let ejected = match turned {
            Turned::Nothing => return,
            Turned::Open => Some(UpstreamEjected { graph, address: &address }.emit()),
            Turned::Closed => {
                UpstreamReturned { graph, address: &address }.emit();
                None
            }
        };
        self.replica.ejected.replace(ejected);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.note(Outcome::Unknown);
    }
}

impl Upstream {
    /// The upstream of a worker; connects when there is something to forward.
    #[must_use]
    pub fn new(config: &Config) -> Rc<Self> {
        let (bounds, deadlines) = (&config.bounds, &config.deadlines);
        let (n, queue, graph) = (bounds.upstream_in_flight, bounds.queue, config.graph());
        let named = config.upstreams().map(|url| Replica::new(config, url, None)).collect();
        Rc::new(Self {
            apart: config.websocket_apart().map(|it| Self::new(&it)),
            signer: config.upstream_key.as_ref().map(Signer::new),
            response: deadlines.response,
            response_idle: deadlines.response_idle,
            stream_idle: deadlines.stream_idle,
            config: config.clone(),
            graph,
            replicas: RefCell::new(named),
            turn: Cell::new(0),
            turnstile: Turnstile::new(n, queue, deadlines.queue, graph),
            streams: Room::new(bounds.connections.get()),
            uploads: Room::new(n.div_ceil(2)),
        })
    }

    /// The way of one client connection to the upstream.
    #[must_use]
    pub fn lane(self: &Rc<Self>, pinning: Pinning) -> Rc<Lane> {
        Rc::new(Lane::new(Rc::clone(self), pinning))
    }

    /// It, and where it takes WebSocket when that is another place: what keeps one alive keeps both.
    pub fn places(self: &Rc<Self>) -> impl Iterator<Item = &Rc<Self>> {
        std::iter::once(self).chain(&self.apart)
    }

    /// Closes connections that had no work for too long; to be called now and then.
    pub fn sweep(&self) {
        self.replicas.borrow().iter().for_each(|it| it.sweep());
    }

    /// Whether a request that comes now has a chance; asked before anything is done for it.
    ///
    /// # Errors
    /// When too many wait already, or no address is to be asked.
    pub fn has_room(&self) -> Result<(), Fault> {
        self.turnstile.has_room()?;
        let now = Instant::now();
        let mut least = Duration::MAX;
        for it in self.replicas.borrow().iter() {
            match it.breaker.would_pass(now) {
                Ok(()) => return Ok(()),
                Err(wait) => least = least.min(wait),
            }
        }
        Err(Failure::Ejected(least).into())
    }

    /// Looks names up now and then: one with several addresses is several addresses of the upstream.
    /// Never ends.
    pub async fn keep_resolved(self: Rc<Self>) {
        // Budget: none; every turn waits.
        loop {
            let mut all = Vec::new();
            for url in self.config.upstreams() {
                let addresses = self.addresses(url).await;
                all.extend(self.replicas_at(url, &addresses));
            }
            self.replicas.replace(all);
            tokio::time::sleep(self.config.deadlines.resolve).await;
        }
    }

    pub(super) async fn permit(&self) -> Result<Permit, Failure> {
        self.turnstile.pass().await
    }

    /// The address to ask next: none of those that were `tried`, and `own` if it is as good as any.
    pub(super) fn choose(
        &self,
        own: Option<&Rc<Replica>>,
        tried: &[Rc<Replica>],
    ) -> Result<Attempt, Failure> {
        let (all, now) = (self.replicas.borrow(), Instant::now());
        let is_left = |it: &&Rc<Replica>| !tried.iter().any(|tried| Rc::ptr_eq(tried, it));
        let may = |it: &&Rc<Replica>| it.breaker.would_pass(now).is_ok();
        let turn = self.turn.get();
        self.turn.set(turn.wrapping_add(1));
        let first = turn.checked_rem(all.len()).unwrap_or(0);
        let (before, after) = all.split_at_checked(first).unwrap_or((&all, &[]));
        let in_turn = after.iter().chain(before).filter(is_left);
        let best = in_turn.clone().filter(may).min_by_key(|it| it.load());
        let own = own.filter(is_left).filter(may).filter(|own| {
            let is_known = all.iter().any(|it| Rc::ptr_eq(it, own));
            is_known && best.is_some_and(|best| own.load() <= best.load().saturating_add(SLACK))
        });
        let Some(chosen) = own.or(best) else {
            let waits = in_turn.filter_map(|it| it.breaker.would_pass(now).err());
            return Err(Failure::Ejected(waits.min().unwrap_or_default()));
        };
        let pass = chosen.breaker.pass(now).map_err(Failure::Ejected)?;
        Ok(Attempt { graph: self.graph, replica: Rc::clone(chosen), pass: Some(pass) })
    }

    /// The address to ask when those that were `tried` did not take it, the last one with this
    /// failure.
    pub(super) fn choose_after(
        &self,
        tried: &[Rc<Replica>],
        failure: Failure,
    ) -> Result<Attempt, Failure> {
        if tried.len() >= self.replicas.borrow().len().min(MAX_TRIES) {
            return Err(failure);
        }
        // What failed is more telling than that nobody is left.
        self.choose(None, tried).map_err(|_none_left| failure)
    }

    /// The addresses of a name; none when it has only one, which is then looked up when connecting.
    async fn addresses(&self, url: &UpstreamUrl) -> Vec<SocketAddr> {
        if url.is_address() {
            return Vec::new();
        }
        let found = timeout(self.config.deadlines.connect, lookup_host((url.host(), url.port())));
        let Ok(Ok(found)) = found.await else {
            // What was known holds.
            let replicas = self.replicas.borrow();
            return replicas
                .iter()
                .filter(|it| it.is_of(url))
                .filter_map(|it| it.address)
                .collect();
        };
        let mut addresses: Vec<_> = found.take(MAX_ADDRESSES).collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.len() > 1 { addresses } else { Vec::new() }
    }

    /// Those that are there already stay, with their connections and what was learned of them.
    fn replicas_at(&self, url: &UpstreamUrl, addresses: &[SocketAddr]) -> Vec<Rc<Replica>> {
        let at = |address: Option<SocketAddr>| {
            let before = self.replicas.borrow();
            let known = before.iter().find(|it| it.is_of(url) && it.address == address);
            known.cloned().unwrap_or_else(|| Replica::new(&self.config, url, address))
        };
        if addresses.is_empty() {
            return vec![at(None)];
        }
        addresses.iter().map(|it| at(Some(*it))).collect()
    }
}

/// 1 request: keeping a connection is worth more than an even count.
const SLACK: usize = 1;
/// 3 addresses: a request that nobody takes has waited long enough.
const MAX_TRIES: usize = 3;
/// 64 addresses of a name: more than a resolver gives in one answer.
const MAX_ADDRESSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_ejected_until_it_answers() {
        let mut config = Config::new(UpstreamUrl::parse("http://a/graphql").unwrap());
        config.bounds.breaker_failures = 1;
        config.deadlines.breaker_open = Duration::ZERO;
        let upstream = Upstream::new(&config);
        let is_ejected_after = |outcome| {
            let mut attempt = upstream.choose(None, &[]).unwrap();
            attempt.note(outcome);
            attempt.replica.ejected.borrow().is_some()
        };
        assert!(!is_ejected_after(Outcome::Answered));
        assert!(is_ejected_after(Outcome::Failed));
        // One that tries and is not waited for leaves it open.
        assert!(is_ejected_after(Outcome::Unknown) && !is_ejected_after(Outcome::Answered));
    }

    #[test]
    fn where_sockets_are_taken_is_looked_after_too() {
        let url = UpstreamUrl::parse("http://a/graphql").unwrap();
        let mut config = Config::new(url);
        assert_eq!(Upstream::new(&config).places().count(), 1);
        config.upstream_websocket = UpstreamUrl::parse_websocket("ws://b/sockets").ok();
        let upstream = Upstream::new(&config);
        let hosts = upstream.places().map(|it| it.config.upstream.host().to_owned());
        assert_eq!(hosts.collect::<Vec<_>>(), ["a", "b"]);
    }
}
