//! The process: policy in, signals out.

use std::{fmt, io, path::Path, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use crate::{
    config::Config,
    diagnostic::Diagnostics,
    server::{Reloader, Running, Server},
    telemetry::{Draining, hide_panic_messages},
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

/// Serves under a policy file until SIGTERM or SIGINT, then finishes what is in flight. Reads the
/// file again on SIGHUP and when it changes.
///
/// # Errors
/// When the policy cannot be used, or the server cannot start.
pub fn run(config: Config, policy: &Path) -> Result<(), RunError> {
    hide_panic_messages();
    let (mut reloader, state) = Reloader::open(policy, config.cache).map_err(RunError::Policy)?;
    let grace = config.deadlines.grace.as_secs();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    // Listened for before anything is served, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hangup = signal(SignalKind::hangup())?;
    let running: Running = Server::start(config, state)?;
    runtime.block_on(async {
        tokio::select! {
            _signal = terminate.recv() => {}
            _signal = interrupt.recv() => {}
            () = keep_current(&mut reloader, &running, hangup) => {}
        }
    });
    Draining { grace }.emit();
    running.stop();
    let _cut_off = running.join();
    Ok(())
}

/// Never ends.
async fn keep_current(reloader: &mut Reloader, running: &Running, mut hangup: Signal) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(()) = hangup.recv() => {
                let _outcome = reloader.reload(running);
            }
            _now = looks.tick() => {
                let _outcome = reloader.look(running);
            }
        }
    }
}

/// 2 s: a change is in force after two looks, and a look costs a few system calls.
const LOOK: Duration = Duration::from_secs(2);
