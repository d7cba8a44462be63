//! The process: policy in, signals out.

use std::{fmt, io, path::Path, sync::Arc};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    admission::Gate,
    config::Config,
    diagnostic::Diagnostics,
    server::{Running, Server, State},
    sources::load_policy,
    telemetry::{Draining, PolicyWarned, hide_panic_messages},
};

/// Why the server does not run.
#[derive(Debug)]
pub enum RunError {
    /// A socket, thread or signal could not be had.
    Io(io::Error),
    /// The policy cannot be used; every mistake in it.
    Policy(Diagnostics),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the server cannot start: {error}"),
            Self::Policy(_) => f.write_str("the policy cannot be used"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Serves under a policy file until SIGTERM or SIGINT, then finishes what is in flight.
///
/// # Errors
/// When the policy cannot be used, or the server cannot start.
pub fn run(config: Config, policy: &Path) -> Result<(), RunError> {
    hide_panic_messages();
    let (policy, found) = load_policy(policy);
    let Some(policy) = policy else { return Err(RunError::Policy(found)) };
    for it in found.iter() {
        PolicyWarned { code: it.code, message: &it.message }.emit();
    }
    let grace = config.deadlines.grace.as_secs();
    let state = State::new(Gate::new(Arc::new(policy), config.cache));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    // Listened for before anything is served, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running: Running = Server::start(config, state)?;
    runtime.block_on(async {
        tokio::select! {
            _signal = terminate.recv() => {}
            _signal = interrupt.recv() => {}
        }
    });
    Draining { grace }.emit();
    running.stop();
    let _cut_off = running.join();
    Ok(())
}
