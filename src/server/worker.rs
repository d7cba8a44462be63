//! One worker: a thread with a runtime, a listener and an upstream pool of its own.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, LocalOptions},
    sync::watch,
    task::{JoinError, JoinSet, spawn_local},
    time::{interval, sleep, timeout},
};

use crate::{
    config::{Bounds, Config, Deadlines, ListenerTls},
    json,
    quota::{Link, Lost, network},
    server::{
        balance::{Seat, Seated},
        connection,
        crowd::Crowd,
        drain::{Drain, Phase},
        graph::Sites,
        held::Ceiling,
        state::Shared,
        traced,
    },
    telemetry::{
        AcceptFailed, ClientAtBound, Panicked, RequestIds, SharedFound, SharedLost, Tracer,
    },
};

/// What the connections of a worker share. It never leaves its thread.
#[derive(Debug)]
pub(super) struct Worker {
    shared: Arc<Shared>,
    sites: Sites,
    ids: RequestIds,
    /// What makes spans, when somebody wants them.
    tracer: Option<Rc<Tracer>>,
    /// What replicas share, if they share anything.
    link: Option<Rc<Link>>,
    drain: Drain,
    crowd: Rc<Crowd>,
    bodies: Rc<Ceiling>,
    standing: Rc<Ceiling>,
    /// Documents that were admitted here, to be read sooner.
    recent: RefCell<json::Recent>,
}

/// Runs until the server is told to stop; returns the number of connections that were cut off.
pub(super) fn run(
    (listener, seat): (std::net::TcpListener, Seat),
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
) -> u64 {
    let mut builder = Builder::new_current_thread();
    // Only names are resolved on these.
    builder.enable_all().max_blocking_threads(2);
    let serving = || {
        let runtime = builder.build_local(LocalOptions::default())?;
        runtime.block_on(Worker::new(shared).serve((listener, seat), phase))
    };
    serving().unwrap_or_else(|error: io::Error| {
        AcceptFailed { detail: &error }.emit();
        0
    })
}

impl Worker {
    fn new(shared: Arc<Shared>) -> Rc<Self> {
        let (ids, max) = (RequestIds::random(), shared.config.bounds.bodies);
        let (bodies, standing) = (Ceiling::new(max), Ceiling::new(max));
        let deadline = shared.config.deadlines.redis;
        let tracer = traced::tracer(shared.spans.get(), shared.config.collector.as_ref());
        let link = shared.config.redis.as_ref().map(|it| Rc::new(Link::new(it, deadline)));
        Rc::new(Self {
            sites: Sites::new(&shared.graphs),
            shared,
            ids,
            tracer,
            link,
            drain: Drain::default(),
            crowd: Rc::default(),
            bodies,
            standing,
            recent: RefCell::default(),
        })
    }

    /// The graphs that are served.
    pub(super) const fn sites(&self) -> &Sites {
        &self.sites
    }

    pub(super) const fn recent(&self) -> &RefCell<json::Recent> {
        &self.recent
    }

    pub(super) const fn ids(&self) -> &RequestIds {
        &self.ids
    }

    pub(super) const fn tracer(&self) -> Option<&Rc<Tracer>> {
        self.tracer.as_ref()
    }

    pub(super) const fn link(&self) -> Option<&Rc<Link>> {
        self.link.as_ref()
    }

    pub(super) const fn drain(&self) -> &Drain {
        &self.drain
    }

    /// The bodies that requests hold.
    pub(super) const fn bodies(&self) -> &Rc<Ceiling> {
        &self.bodies
    }

    /// The requests that operations which go on came with.
    pub(super) const fn standing(&self) -> &Rc<Ceiling> {
        &self.standing
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.config().deadlines
    }

    pub(super) fn bounds(&self) -> &Bounds {
        &self.config().bounds
    }

    /// What connections are accepted with, when we end TLS.
    pub(super) fn tls(&self) -> Option<Arc<ListenerTls>> {
        self.shared.tls.load_full()
    }

    pub(super) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// True once in the life of the process.
    pub(super) fn tells_of_proxy(&self) -> bool {
        !self.shared.proxy_told.swap(true, Ordering::Relaxed)
    }

    async fn serve(
        self: Rc<Self>,
        (listener, mut seat): (std::net::TcpListener, Seat),
        phase: watch::Receiver<Phase>,
    ) -> io::Result<u64> {
        let listener = TcpListener::from_std(listener)?;
        for it in self.sites.iter().flat_map(|it| it.upstream().places()) {
            drop(spawn_local(Rc::clone(it).keep_resolved()));
        }
        let mut connections = JoinSet::new();
        if let Some(link) = self.link.clone() {
            drop(spawn_local(async move { link.keep(tell).await }));
        }
        {
            let _listening = self.shared.listening();
            self.accept((&listener, &mut seat), &mut connections, phase).await;
        }
        self.accept_waiting((listener, &seat), &mut connections);
        // What others have handed over: they close as well, and then this ends.
        seat.close();
        while let Some(handed) = seat.handed().await {
            self.take(handed.seated().map(Some), &mut connections);
        }
        self.drain.begin();
        Ok(finish(connections, self.deadlines().grace, &self.drain).await)
    }

    /// Accepts until the server is told to stop. At the cap of connections it does not accept:
    /// further ones wait with the system, and then the system refuses them.
    async fn accept(
        self: &Rc<Self>,
        (listener, seat): (&TcpListener, &mut Seat),
        connections: &mut JoinSet<()>,
        mut phase: watch::Receiver<Phase>,
    ) {
        let cap = self.bounds().connections.get();
        let mut sweep = interval(SWEEP);
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < cap => match accepted {
                    Ok((stream, peer)) => self.take(seat.deal(stream, peer), connections),
                    Err(error) => {
                        // Out of files, as a rule: trying again at once would only burn the core.
                        AcceptFailed { detail: &error }.emit();
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(handed) = seat.handed() => {
                    self.take(handed.seated().map(Some), connections);
                }
                Some(ended) = connections.join_next() => note(ended),
                _now = sweep.tick() => {
                    let all = self.sites.iter().flat_map(|it| it.upstream().places());
                    all.for_each(|it| it.sweep());
                }
                // An error means that nobody is left who could tell us to stop.
                _told = phase.wait_for(|it| *it > Phase::Serving) => return,
            }
        }
    }

    /// Connections that the system accepted for us before the socket is closed.
    fn accept_waiting(
        self: &Rc<Self>,
        (listener, seat): (TcpListener, &Seat),
        connections: &mut JoinSet<()>,
    ) {
        let Ok(listener) = listener.into_std() else { return };
        // Budget: the cap of connections.
        while connections.len() < self.bounds().connections.get() {
            let Ok((stream, peer)) = listener.accept() else { return };
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            self.take(stream.map(|it| Some(seat.keep(it, peer))), connections);
        }
    }

    /// Serves a connection, if it is ours and was not lost on the way.
    fn take(self: &Rc<Self>, dealt: io::Result<Option<Seated>>, connections: &mut JoinSet<()>) {
        match dealt {
            Ok(Some(seated)) => self.spawn(seated, connections),
            Ok(None) => {}
            Err(error) => AcceptFailed { detail: &error }.emit(),
        }
    }

    fn spawn(self: &Rc<Self>, seated: Seated, connections: &mut JoinSet<()>) {
        let Seated { stream, peer, counted } = seated;
        let (address, worker) = (peer.ip(), Rc::clone(self));
        let max = match self.config().trusted_proxies.holds(address) {
            true => usize::MAX,
            false => self.bounds().client_connections,
        };
        let Some(member) = self.crowd.enter(address, max) else {
            return ClientAtBound { address: network(address) }.emit();
        };
        connections.spawn_local(async move {
            let _held = (member, counted);
            connection::serve(stream, address, worker).await;
        });
    }
}

fn tell(lost: Lost) {
    match lost {
        Lost::Back => SharedFound.emit(),
        Lost::Gone(detail) => SharedLost { detail: &detail }.emit(),
    }
}

/// Waits for the connections, and cuts off those that outlast the grace period.
async fn finish(mut connections: JoinSet<()>, grace: Duration, drain: &Drain) -> u64 {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    };
    let _in_time = timeout(grace, all).await;
    drain.cut_off();
    connections.len() as u64
}

/// A panic outside a request's own boundary has cost its connection.
fn note(ended: Result<(), JoinError>) {
    if ended.is_err_and(|it| it.is_panic()) {
        Panicked { id: None }.emit();
    }
}

/// 1 s: idle upstream connections live that much longer than they should.
const SWEEP: Duration = Duration::from_secs(1);
/// 50 ms: short against a client's patience, long against a loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
