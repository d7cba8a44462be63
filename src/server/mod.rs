//! The server: workers that each own a listener, a runtime and an upstream pool, and even out the
//! connections among themselves.
//!
//! [`Server::start`] binds every socket before it starts a thread, so that whoever gets a
//! [`Running`] can connect. What is in force is one [`State`], swapped whole. `exchange` shows the
//! order of a request.

mod admin;
mod answer;
mod answers;
mod arriving;
mod balance;
mod beside;
mod body;
mod certificates;
mod charges;
mod connection;
mod crowd;
mod documents;
mod drain;
#[cfg(test)]
mod drill;
mod exchange;
mod exporting;
mod graph;
mod guarded;
mod handler;
pub mod head;
mod health;
mod held;
mod host;
mod identify;
mod keeper;
mod listener;
mod logged;
mod noted;
mod panics;
mod parted;
mod rates;
mod reload;
mod run;
mod session;
mod socket;
mod standing;
mod state;
mod stream;
mod taken_back;
mod traced;
mod upgrade;
mod upload;
mod waiting;
mod watched;
mod who;
mod worker;

pub use certificates::CertificateKeeper;
pub use reload::{NotOpened, Reload, Reloader};
pub use run::{Process, RunError};
pub use state::State;

use std::{
    collections::HashSet,
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::sync::watch;

use crate::{
    config::{Config, Front, ListenerTls, Sample, TrafficFile},
    server::{
        drain::Phase,
        exporting::Exporting,
        graph::{Graph, Graphs, distinct, places},
        noted::Taps,
        state::{FailedReload, Shared},
    },
    telemetry::{GraphIndex, OtherEnd, Started, Stopped},
    traffic::TrafficLog,
};

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs until it is stopped.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    admin_addr: Option<SocketAddr>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
    workers: Vec<JoinHandle<u64>>,
    admin: Option<JoinHandle<()>>,
    exporting: Option<Exporting>,
}

impl Server {
    /// Binds the listeners and starts the workers.
    ///
    /// # Errors
    /// When an address cannot be bound, a thread cannot be started, the upstream wants TLS and the
    /// configuration trusts nobody, or clients of a network would be met without TLS.
    pub fn start(config: Config, state: State) -> io::Result<Running> {
        Self::start_all((config, state), Vec::new())
    }

    /// The same with several graphs, told apart by `Config::hosts` and the paths of their policies.
    /// What is not about the upstream counts as the first says it.
    ///
    /// # Errors
    /// As [`Server::start`], and when two graphs have the same name, or the same host and path.
    pub fn start_all(
        mut first: (Config, State),
        mut rest: Vec<(Config, State)>,
    ) -> io::Result<Running> {
        let all = [&first].into_iter().chain(&rest);
        distinct(all.flat_map(|(config, state)| places(config, &state.http().path)))
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        named(&mut first, &mut rest)?;
        let config = first.0.clone();
        [&first].into_iter().chain(&rest).try_for_each(|(config, _)| possible(config))?;
        let n_workers = config.workers.get();
        let listeners = listener::bind_all(config.listen, n_workers, config.bounds.backlog);
        let listeners = listeners.map_err(|it| of_flag("--listen", &it))?;
        let addr =
            listeners.first().map_or(Ok(config.listen), std::net::TcpListener::local_addr)?;
        let admin = config.admin.map(|it| listener::bind(it, config.bounds.backlog)).transpose();
        let admin = admin.map_err(|it| of_flag("--admin", &it))?;
        let admin_addr = admin.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
        let log = config.traffic.as_ref().map(traffic_log).transpose()?;
        let graph = |(config, state): (Config, State)| {
            let state = state.begun(&config, None)?;
            let taps = Taps::new(log.clone(), config.shadow.clone());
            Ok::<_, io::Error>(Graph::new(config, state, taps))
        };
        let rest = rest.into_iter().map(graph).collect::<io::Result<_>>()?;
        let graphs = Graphs { first: graph(first)?, rest };
        let shared = Arc::new(Shared::new(config, graphs));
        let (phase, _) = watch::channel(Phase::Serving);
        let exporting = Exporting::start(&shared)?;
        let (workers, admin_thread) = (Vec::new(), None);
        let mut running =
            Running { addr, admin_addr, shared, phase, workers, admin: admin_thread, exporting };
        let seats = balance::seats(n_workers);
        for (n, seated) in listeners.into_iter().zip(seats).enumerate() {
            running.start_worker(n, seated)?;
        }
        if let Some(listener) = admin {
            running.start_admin(listener)?;
        }
        Started { listen: addr, admin: admin_addr, workers: n_workers }.emit();
        Ok(running)
    }
}

/// Which flag asked for what could not be had.
fn of_flag(flag: &str, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("`{flag}`: {why}"))
}

/// The log, and which part of the requests it gets.
fn traffic_log(file: &TrafficFile) -> io::Result<(Arc<TrafficLog>, Sample)> {
    let path = file.writing.path.display();
    let started = TrafficLog::start(&file.writing).map_err(|it| {
        let why = format!("`{path}` cannot be written: {it}");
        of_flag("--traffic-log", &io::Error::new(it.kind(), why))
    });
    Ok((Arc::new(started?), file.sample))
}

/// Every graph has a name of its own when there are several.
fn named(first: &mut (Config, State), rest: &mut [(Config, State)]) -> io::Result<()> {
    let misuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let (is_one, mut seen) = (rest.is_empty(), HashSet::new());
    for (config, state) in [first].into_iter().chain(rest) {
        if !is_one {
            graph::name(config, &state.http().path);
        }
        let Some(name) = &config.name else { continue };
        if GraphIndex::named(name).is_none() {
            return misuse(format!("there are too many graphs: there is no room for `{name}`"));
        }
        if !seen.insert(name.clone()) {
            return misuse(format!("two graphs are called `{name}`"));
        }
    }
    Ok(())
}

/// What no configuration can mean.
fn possible(config: &Config) -> io::Result<()> {
    let misuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if config.upstream.is_tls() && config.upstream_tls.is_none() {
        return misuse("an `https` upstream needs to be told whom to trust".into());
    }
    let is_local = config.listen.ip().to_canonical().is_loopback();
    match &config.front {
        Front::Plain if !is_local => misuse(format!(
            "`{}` is not loopback, and tokens would cross a network in plain text: give \
             `--tls-cert` and `--tls-key`, or say `--behind-tls` when a proxy in front ends TLS",
            config.listen
        )),
        Front::BehindTls | Front::Plain | Front::Tls(_) => Ok(()),
    }
}

impl Running {
    /// Where clients connect.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where operators connect.
    #[must_use]
    pub const fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// Puts another state of the first graph in force. Requests in progress end under the one they
    /// began with.
    ///
    /// # Errors
    /// When no thread can be had that asks for keys. What is in force stays so.
    pub fn replace(&self, state: State) -> io::Result<()> {
        self.shared.graphs.first.replace(state)
    }

    fn graph(&self, n: usize) -> Option<&Arc<Graph>> {
        self.shared.graphs.iter().nth(n)
    }

    /// Meets new connections with another certificate; those that are open keep theirs.
    pub fn replace_tls(&self, tls: ListenerTls) {
        // Whoever began in plain text goes on with that.
        if matches!(self.shared.config.front, Front::Tls(_)) {
            self.shared.tls.store(Some(Arc::new(tls)));
        }
    }

    /// Says how the last change of certificates went.
    fn note_tls(&self, of: OtherEnd, failed: Option<FailedReload>) {
        let last = match of {
            OtherEnd::Clients => &self.shared.failed_tls.clients,
            OtherEnd::Upstreams => &self.shared.failed_tls.upstreams,
        };
        last.store(failed.map(Arc::new));
    }

    /// Tells the workers to accept nothing more and to finish what is in flight.
    pub fn stop(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Waits until every worker has ended; returns the number of connections that were cut off.
    #[must_use]
    pub fn join(mut self) -> u64 {
        // A worker that ends by a panic has cut off what it had; how many is not known.
        let ended = self.workers.drain(..).map(|it| it.join().unwrap_or(1));
        let cut_off = ended.fold(0, u64::saturating_add);
        self.phase.send_replace(Phase::Stopped);
        if let Some(admin) = self.admin.take() {
            let _ended = admin.join();
        }
        self.exporting.take().into_iter().for_each(Exporting::finish);
        Stopped { cut_off }.emit();
        cut_off
    }

    fn start_worker(
        &mut self,
        n: usize,
        seated: (std::net::TcpListener, balance::Seat),
    ) -> io::Result<()> {
        let (shared, phase) = (Arc::clone(&self.shared), self.phase.subscribe());
        let thread = thread::Builder::new().name(format!("worker-{n}")).stack_size(STACK);
        self.workers.push(thread.spawn(move || worker::run(seated, shared, phase))?);
        Ok(())
    }

    fn start_admin(&mut self, listener: std::net::TcpListener) -> io::Result<()> {
        let (shared, phase) = (Arc::clone(&self.shared), self.phase.subscribe());
        let thread = thread::Builder::new().name("admin".into());
        self.admin = Some(thread.spawn(move || admin::run(listener, shared, phase))?);
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// 8 MiB: what Linux gives the first thread. Nothing recurses over input, but the parser and the
/// validator that we did not write may recurse up to their depth limits.
const STACK: usize = 8 * 1024 * 1024;
