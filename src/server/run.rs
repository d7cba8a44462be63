//! The process: policy in, signals out.

use std::{fmt, io, path::Path, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    config::Config,
    diagnostic::Diagnostics,
    server::{ListenerKeeper, NotOpened, Reload, Reloader, Running, Server, State},
    sources::{FetchError, Teller, fetch_schema},
    telemetry::{Draining, hide_panic_messages},
};

/// Why the server does not run.
#[derive(Debug)]
pub enum RunError {
    /// A socket, thread or signal could not be had.
    Io(io::Error),
    /// The policy cannot be used; every mistake in it.
    Policy(Diagnostics),
    /// The upstream must tell its schema first, and does not.
    Schema(FetchError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the server cannot start: {error}"),
            Self::Policy(_) => f.write_str("the policy cannot be used"),
            Self::Schema(error) => write!(f, "the server cannot start: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Serves under a policy file until SIGTERM or SIGINT, then finishes what is in flight. Reads it and
/// our certificate again on SIGHUP and when they change, and asks the upstream for its schema as it says.
///
/// # Errors
/// When the policy cannot be used, or the server cannot start.
pub fn run(
    config: Config,
    policy: &Path,
    mut listener: Option<ListenerKeeper>,
) -> Result<(), RunError> {
    hide_panic_messages();
    let grace = config.deadlines.grace.as_secs();
    let (url, tls) = (config.upstream.clone(), config.upstream_tls.clone());
    let upstream = Teller { url: &url, tls: tls.as_ref() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut reloader, state) = runtime.block_on(open(policy, &config, upstream))?;
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
            () = keep_current((&mut reloader, &mut listener), (&running, upstream), hangup) => {}
        }
    });
    Draining { grace }.emit();
    running.stop();
    let _cut_off = running.join();
    Ok(())
}

/// The first policy, with the upstream's schema when it needs that.
async fn open(
    policy: &Path,
    config: &Config,
    upstream: Teller<'_>,
) -> Result<(Reloader, State), RunError> {
    let opened = match Reloader::open(policy, config.cache, None) {
        Err(NotOpened::NeedsSchema) => {
            let told = fetch_schema(upstream).await.map_err(RunError::Schema)?;
            Reloader::open(policy, config.cache, Some(told))
        }
        opened => opened,
    };
    match opened {
        Ok((reloader, state)) if !reloader.compares() => Ok((reloader, state)),
        Ok((mut reloader, state)) => {
            let told = fetch_schema(upstream).await;
            let state = reloader.compare_first(told, state).map_err(RunError::Schema)?;
            Ok((reloader, state))
        }
        Err(NotOpened::Bad(found)) => Err(RunError::Policy(found)),
        Err(NotOpened::NeedsSchema) => Err(RunError::Policy(Diagnostics::default())),
    }
}

/// Never ends.
async fn keep_current(
    (reloader, listener): (&mut Reloader, &mut Option<ListenerKeeper>),
    (running, upstream): (&Running, Teller<'_>),
    mut hangup: Signal,
) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = Instant::now();
    loop {
        let outcome = tokio::select! {
            Some(()) = hangup.recv() => {
                listener.as_mut().map(|it| it.reload(running));
                Some(reloader.reload(running))
            }
            _now = looks.tick() => {
                listener.as_mut().map(|it| it.look(running));
                reloader.look(running)
            }
        };
        let is_new = matches!(outcome, Some(Reload::NeedsSchema | Reload::Replaced));
        let every = reloader.asks_every();
        let is_due = every.is_some_and(|it| is_new || asked.elapsed() >= it);
        if is_due || outcome == Some(Reload::NeedsSchema) {
            reloader.note_schema(fetch_schema(upstream).await, running);
            asked = Instant::now();
        }
    }
}

/// 2 s: a change is in force after two looks, and a look costs a few system calls.
const LOOK: Duration = Duration::from_secs(2);
