//! The process: policy in, signals out.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::{AbortHandle, JoinSet, LocalSet},
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    config::{Config, LinkKey, UpstreamTls, UpstreamUrl},
    diagnostic::{Diagnostics, Source},
    policy::Policy,
    server::{
        ListenerKeeper, NotOpened, Reload, Reloader, Running, Server, State,
        beside::{Beside, NotBeside},
        graph,
    },
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

/// Serves graphs, each under a policy file, until SIGTERM or SIGINT, then finishes what is in
/// flight. Reads the files and our certificate again on SIGHUP and when they change, and asks the
/// upstreams for their schemas as the policies say.
///
/// # Errors
/// When a policy cannot be used, or the server cannot start.
pub fn run(
    graphs: Vec<(Config, PathBuf)>,
    mut listener: Option<ListenerKeeper>,
    shadow: Option<&Path>,
) -> Result<(), RunError> {
    hide_panic_messages();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut keepers, mut opened) = (Vec::new(), Vec::new());
    let is_one = graphs.len() == 1;
    for (n, (mut config, policy)) in graphs.into_iter().enumerate() {
        let keeper = Keeper::open((n, is_one), &policy, &mut config);
        let (keeper, state) = runtime.block_on(keeper)?;
        keepers.push(keeper);
        opened.push((config, state));
    }
    let mut beside = shadow.map(|it| beside(it, &mut opened, &keepers)).transpose()?;
    let _entered = runtime.enter();
    // Listened for before anything is served, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hangup = signal(SignalKind::hangup())?;
    let mut opened = opened.into_iter();
    let nothing = || io::Error::new(io::ErrorKind::InvalidInput, "there is nothing to serve");
    let first = opened.next().ok_or_else(nothing)?;
    let grace = first.0.deadlines.grace.as_secs();
    let running: Running = Server::start_all(first, opened.collect())?;
    LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            _signal = terminate.recv() => {}
            _signal = interrupt.recv() => {}
            () = keep_current((&mut keepers, &mut listener, &mut beside), &running, hangup) => {}
        }
    });
    Draining { grace }.emit();
    running.stop();
    let _cut_off = running.join();
    Ok(())
}

/// Keeps the policy of one graph current.
struct Keeper {
    reloader: Reloader,
    url: UpstreamUrl,
    tls: Option<UpstreamTls>,
    key: Option<LinkKey>,
    /// When its upstream was asked for its schema, or had an answer.
    asked: Instant,
    /// The question that is on its way, or was.
    question: Option<AbortHandle>,
}

/// What an upstream says of its schema.
type Told = Result<Arc<Source>, FetchError>;

impl Keeper {
    /// Gives the graph a name, when it needs one.
    async fn open(
        (n, is_one): (usize, bool),
        policy: &Path,
        config: &mut Config,
    ) -> Result<(Self, State), RunError> {
        let (url, tls) = (config.upstream.clone(), config.upstream_tls.clone());
        let key = config.upstream_key.clone();
        let upstream = Teller { url: &url, tls: tls.as_ref(), key: key.as_ref() };
        let (reloader, state) = open(policy, (config, is_one), upstream).await?;
        let reloader = reloader.of_graph(n);
        let (asked, question) = (Instant::now(), None);
        Ok((Self { reloader, url, tls, key, asked, question }, state))
    }

    /// What a look, or a reload that was asked for, leads to: the next question, if it is time and
    /// the last one has an answer.
    fn question(&self, outcome: Option<Reload>) -> Option<impl Future<Output = Told> + use<>> {
        let is_new = matches!(outcome, Some(Reload::NeedsSchema | Reload::Replaced));
        let every = self.reloader.asks_every();
        let is_due = every.is_some_and(|it| is_new || self.asked.elapsed() >= it);
        let is_asking = self.question.as_ref().is_some_and(|it| !it.is_finished());
        let (url, tls, key) = (self.url.clone(), self.tls.clone(), self.key.clone());
        let ask = async move {
            fetch_schema(Teller { url: &url, tls: tls.as_ref(), key: key.as_ref() }).await
        };
        (is_due && !is_asking).then_some(ask)
    }

    fn hear(&mut self, told: Told, running: &Running) {
        self.reloader.note_schema(told, running);
        self.asked = Instant::now();
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

/// The first policy, with the upstream's schema when it needs that.
async fn open(
    policy: &Path,
    (config, is_one): (&mut Config, bool),
    upstream: Teller<'_>,
) -> Result<(Reloader, State), RunError> {
    let cache = config.cache;
    let mut named = |policy: &Policy| {
        if !is_one {
            graph::name(config, &policy.http.path);
        }
        config.graph()
    };
    let opened = match Reloader::open_named(policy, cache, None, &mut named) {
        Err(NotOpened::NeedsSchema) => {
            let told = fetch_schema(upstream).await.map_err(RunError::Schema)?;
            Reloader::open_named(policy, cache, Some(told), &mut named)
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

/// Never ends. Nobody waits for an upstream: its answer is heard when it comes.
async fn keep_current(
    (keepers, listener, beside): (&mut [Keeper], &mut Option<ListenerKeeper>, &mut Option<Beside>),
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
        if let Some(listener) = listener {
            let _outcome =
                if is_told { Some(listener.reload(running)) } else { listener.look(running) };
        }
        for (n, it) in keepers.iter_mut().enumerate() {
            let reloader = &mut it.reloader;
            let outcome =
                if is_told { Some(reloader.reload(running)) } else { reloader.look(running) };
            if let Some(question) = it.question(outcome) {
                it.question = Some(questions.spawn_local(async move { (n, question.await) }));
                it.asked = Instant::now();
            }
        }
        if let (Some(beside), Some(it)) = (&mut *beside, keepers.first()) {
            let introspected = it.reloader.introspected();
            if is_told { beside.ask(introspected) } else { beside.look(introspected) }
        }
    }
}

/// 2 s: a change is in force after two looks, and a look costs a few system calls.
const LOOK: Duration = Duration::from_secs(2);
