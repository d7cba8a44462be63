//! The server: workers that each own a listener, a runtime and an upstream pool.
//!
//! [`Server::start`] binds every socket before it starts a thread, so that whoever gets a
//! [`Running`] can connect. What is in force is one [`State`], swapped whole. `handler` shows the
//! order of a request.

mod answer;
mod body;
mod charges;
mod connection;
mod documents;
mod drain;
mod handler;
mod head;
mod health;
mod identify;
mod listener;
mod logged;
mod panics;
mod rates;
mod reload;
mod run;
mod session;
mod socket;
mod state;
mod stream;
mod upgrade;
mod watched;
mod worker;

pub use reload::{NotOpened, Reload, Reloader};
pub use run::{RunError, run};
pub use state::State;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::sync::watch;

use crate::{
    config::Config,
    server::{
        drain::Phase,
        state::{Drifted, FailedReload, Shared},
    },
    telemetry::{KeysNotFetched, Started, Stopped},
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
}

impl Server {
    /// Binds the listeners and starts the workers.
    ///
    /// # Errors
    /// When an address cannot be bound, a thread cannot be started, or the upstream wants TLS and
    /// the configuration trusts nobody.
    pub fn start(config: Config, state: State) -> io::Result<Running> {
        if config.upstream.is_tls() && config.upstream_tls.is_none() {
            let why = "an `https` upstream needs to be told whom to trust";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let n_workers = config.workers.get();
        let listeners = listener::bind_all(config.listen, n_workers, config.bounds.backlog)?;
        let addr =
            listeners.first().map_or(Ok(config.listen), std::net::TcpListener::local_addr)?;
        let admin = config.admin.map(|it| listener::bind(it, config.bounds.backlog)).transpose()?;
        let admin_addr = admin.as_ref().map(std::net::TcpListener::local_addr).transpose()?;
        let state = state.begun(&config, None)?;
        let shared = Arc::new(Shared::new(config, state));
        let (phase, _) = watch::channel(Phase::Serving);
        let mut running =
            Running { addr, admin_addr, shared, phase, workers: Vec::new(), admin: None };
        for (n, listener) in listeners.into_iter().enumerate() {
            running.start_worker(n, listener)?;
        }
        if let Some(listener) = admin {
            running.start_admin(listener)?;
        }
        Started { listen: addr, admin: admin_addr, workers: n_workers }.emit();
        Ok(running)
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

    /// Puts another state in force. Requests in progress end under the one they began with.
    pub fn replace(&self, state: State) {
        let before = self.shared.state.load();
        match state.begun(&self.shared.config, Some(&before)) {
            Ok(state) => self.shared.state.store(Arc::new(state)),
            // Without a thread that asks for keys nobody could be identified.
            Err(error) => KeysNotFetched { detail: &error.to_string() }.emit(),
        }
    }

    /// Keeps the policy that is in force, beside another schema of the upstream's.
    fn note_drift(&self, drifted: Option<Arc<Drifted>>) {
        self.replace(self.shared.state.load().beside(drifted));
    }

    fn note_failed_reload(&self, failed: FailedReload) {
        self.shared.failed.store(Some(Arc::new(failed)));
    }

    fn clear_failed_reload(&self) {
        self.shared.failed.store(None);
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
        Stopped { cut_off }.emit();
        cut_off
    }

    fn start_worker(&mut self, n: usize, listener: std::net::TcpListener) -> io::Result<()> {
        let (shared, phase) = (Arc::clone(&self.shared), self.phase.subscribe());
        let thread = thread::Builder::new().name(format!("worker-{n}")).stack_size(STACK);
        self.workers.push(thread.spawn(move || worker::run(listener, shared, phase))?);
        Ok(())
    }

    fn start_admin(&mut self, listener: std::net::TcpListener) -> io::Result<()> {
        let (shared, phase) = (Arc::clone(&self.shared), self.phase.subscribe());
        let thread = thread::Builder::new().name("admin".into());
        self.admin = Some(thread.spawn(move || health::run(listener, shared, phase))?);
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
