//! The process: policy in, signals out.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    task::{JoinSet, LocalSet},
    time::{MissedTickBehavior, interval},
};

use crate::{
    config::Config,
    diagnostic::Diagnostics,
    server::{
        CertificateKeeper, Running, Server, State,
        beside::{Beside, NotBeside},
        keeper::{Keeper, Told, open_all},
    },
    sources::FetchError,
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

/// A process that, from now on, can be told to stop and to read its files again.
#[derive(Debug)]
pub struct Process {
    runtime: Runtime,
    stop: Stop,
    hangup: Signal,
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Process {
    /// Listens for signals. What comes before something is served is not lost.
    ///
    /// # Errors
    /// When there is nobody to listen.
    pub fn begin() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let stop = Stop { terminate, interrupt: signal(SignalKind::interrupt())? };
        let hangup = signal(SignalKind::hangup())?;
        drop(entered);
        Ok(Self { runtime, stop, hangup })
    }

    /// Serves graphs, each under a policy file, until SIGTERM or SIGINT, then finishes what is in
    /// flight. Reads the files and certificates again on SIGHUP and when they change, and asks
    /// the upstreams for their schemas as the policies say.
    ///
    /// # Errors
    /// When a policy cannot be used, or the server cannot start.
    pub fn serve(
        self,
        graphs: Vec<(Config, PathBuf)>,
        mut certificates: Vec<CertificateKeeper>,
        shadow: Option<&Path>,
    ) -> Result<(), RunError> {
        hide_panic_messages();
        let Self { runtime, mut stop, hangup } = self;
        let local = LocalSet::new();
        let opened = local.block_on(&runtime, async {
            tokio::select! {
                opened = open_all(graphs) => opened.map(Some),
                () = stop.told() => Ok(None),
            }
        });
        let Some(opened) = opened? else {
            // A name that is looked up is nothing to wait for.
            runtime.shutdown_background();
            return Ok(());
        };
        let (mut keepers, mut opened): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        let mut beside = shadow.map(|it| beside(it, &mut opened, &keepers)).transpose()?;
        let mut opened = opened.into_iter();
        let nothing = || io::Error::new(io::ErrorKind::InvalidInput, "there is nothing to serve");
        let first = opened.next().ok_or_else(nothing)?;
        let grace = first.0.deadlines.grace.as_secs();
        let running: Running = Server::start_all(first, opened.collect())?;
        local.block_on(&runtime, async {
            tokio::select! {
                () = stop.told() => {}
                () = keep_current((&mut keepers, &mut certificates, &mut beside), &running, hangup) => {}
            }
        });
        Draining { grace }.emit();
        running.stop();
        let _cut_off = running.join();
        Ok(())
    }
}

impl Stop {
    async fn told(&mut self) {
        tokio::select! {
            _signal = self.terminate.recv() => {}
            _signal = self.interrupt.recv() => {}
        }
    }
}

/// The policy beside that of the only graph.
fn beside(
    path: &Path,
    opened: &mut [(Config, State)],
    keepers: &[Keeper],
) -> Result<Beside, RunError> {
    let ([(config, _)], [keeper]) = (opened, keepers) else {
        let why = "a policy can be judged beside another one when there is one graph";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why).into());
    };
    let introspected = keeper.reloader.introspected().cloned();
    let which = (path, config.graph());
    let beside = Beside::open(which, config.cache, introspected).map_err(|it| match it {
        NotBeside::Bad(found) => RunError::Policy(found),
        NotBeside::Io(error) => RunError::Io(error),
    })?;
    config.shadow = Some(Arc::clone(beside.shadow()));
    Ok(beside)
}

/// Never ends. Nobody waits for an upstream: its answer is heard when it comes.
async fn keep_current(
    (keepers, certificates, beside): (&mut [Keeper], &mut [CertificateKeeper], &mut Option<Beside>),
    running: &Running,
    mut hangup: Signal,
) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut questions: JoinSet<(usize, Told)> = JoinSet::new();
    loop {
        let is_told = tokio::select! {
            Some(()) = hangup.recv() => true,
            Some(answer) = questions.join_next() => {
                // A question that has failed by a panic is asked again when it is due.
                if let Ok((n, told)) = answer && let Some(it) = keepers.get_mut(n) {
                    it.hear(told, running);
                }
                continue;
            }
            _now = looks.tick() => false,
        };
        for it in &mut *certificates {
            let _outcome = if is_told { Some(it.reload(running)) } else { it.look(running) };
        }
        for (n, it) in keepers.iter_mut().enumerate() {
            let reloader = &mut it.reloader;
            let outcome =
                if is_told { Some(reloader.reload(running)) } else { reloader.look(running) };
            it.ask(outcome, n, &mut questions);
        }
        if let (Some(beside), Some(it)) = (&mut *beside, keepers.first()) {
            let introspected = it.reloader.introspected();
            if is_told { beside.ask(introspected) } else { beside.look(introspected) }
        }
    }
}

/// 2 s: a change is in force after two looks, and a look costs a few system calls.
const LOOK: Duration = Duration::from_secs(2);
