//! A graph as the process keeps it: opened at the start, and asked about from then on.
//!
//! Does not know when to look: `run` has the clock and the signals.

use std::{io, path::PathBuf, sync::Arc};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use crate::{
    config::{Config, LinkKey, UpstreamTls, UpstreamUrl},
    diagnostic::{Diagnostics, Source},
    policy::Policy,
    server::{NotOpened, Reload, Reloader, RunError, Running, State, graph},
    sources::{FetchError, Teller, fetch_schema},
};

/// Keeps the policy of one graph current.
pub(super) struct Keeper {
    pub(super) reloader: Reloader,
    tellers: Tellers,
    /// When its upstream was asked for its schema, or had an answer; none: not yet.
    asked: Option<Instant>,
    /// The question that is on its way, or was.
    question: Option<AbortHandle>,
}

/// What an upstream says of its schema.
pub(super) type Told = Result<Arc<Source>, FetchError>;

/// A graph that can be served.
pub(super) type Opened = (Keeper, (Config, State));

/// Opens all graphs, in their order. Upstreams that must tell something first are asked at the same
/// time, after every policy was read.
pub(super) async fn open_all(graphs: Vec<(Config, PathBuf)>) -> Result<Vec<Opened>, RunError> {
    let (is_one, mut openings) = (graphs.len() == 1, Vec::new());
    for (n, (config, policy)) in graphs.into_iter().enumerate() {
        openings.push(Opening::begin((n, is_one), config, policy)?);
    }
    let mut questions = JoinSet::new();
    for (n, it) in openings.iter().enumerate().filter(|(_, it)| it.waits()) {
        let tellers = it.tellers.clone();
        questions.spawn_local(async move { (n, tellers.ask().await) });
    }
    while let Some(answer) = questions.join_next().await {
        let (n, told) = answer.map_err(io::Error::from)?;
        if let Some(it) = openings.get_mut(n) {
            it.told = Some(told);
        }
    }
    openings.into_iter().map(Opening::end).collect()
}

impl Keeper {
    /// Asks the upstream, if it is time after a look or a reload, and the last question has an
    /// answer. Nobody waits for it.
    pub(super) fn ask(
        &mut self,
        outcome: Option<Reload>,
        n: usize,
        questions: &mut JoinSet<(usize, Told)>,
    ) {
        let is_new = matches!(outcome, Some(Reload::NeedsSchema | Reload::Replaced));
        let is_due = self
            .reloader
            .asks_every()
            .is_some_and(|every| is_new || self.asked.is_none_or(|asked| asked.elapsed() >= every));
        let is_asking = self.question.as_ref().is_some_and(|it| !it.is_finished());
        if is_due && !is_asking {
            let tellers = self.tellers.clone();
            let question = questions.spawn_local(async move { (n, tellers.ask().await) });
            (self.question, self.asked) = (Some(question), Some(Instant::now()));
        }
    }

    pub(super) fn hear(&mut self, told: Told, running: &Running) {
        self.reloader.note_schema(told, running);
        self.asked = Some(Instant::now());
    }
}

/// Who can be asked for the schema of one upstream: the same server at several addresses.
#[derive(Clone)]
struct Tellers {
    first: UpstreamUrl,
    more: Vec<UpstreamUrl>,
    tls: Option<UpstreamTls>,
    key: Option<LinkKey>,
}

impl Tellers {
    fn of(config: &Config) -> Self {
        Self {
            first: config.upstream.clone(),
            more: config.more_upstreams.clone(),
            tls: config.upstream_tls.clone(),
            key: config.upstream_key.clone(),
        }
    }

    /// Asks one after the other until one tells.
    async fn ask(&self) -> Told {
        let (tls, key) = (self.tls.as_ref(), self.key.as_ref());
        let mut told = fetch_schema(Teller { url: &self.first, tls, key }).await;
        for url in &self.more {
            if told.is_ok() {
                break;
            }
            told = fetch_schema(Teller { url, tls, key }).await;
        }
        told
    }
}

/// A graph whose policy was read.
struct Opening {
    /// Which of them, and whether it is the only one.
    place: (usize, bool),
    config: Config,
    policy: PathBuf,
    tellers: Tellers,
    /// None: it needs the upstream's schema.
    opened: Option<(Reloader, State)>,
    told: Option<Told>,
}

impl Opening {
    fn begin(place: (usize, bool), config: Config, policy: PathBuf) -> Result<Self, RunError> {
        let tellers = Tellers::of(&config);
        let mut it = Self { place, config, policy, tellers, opened: None, told: None };
        it.opened = match it.open(None) {
            Ok(opened) => Some(opened),
            Err(NotOpened::NeedsSchema) => None,
            Err(NotOpened::Bad(found)) => return Err(RunError::Policy(found)),
        };
        Ok(it)
    }

    /// Gives the graph a name, when it needs one.
    fn open(&mut self, told: Option<Arc<Source>>) -> Result<(Reloader, State), NotOpened> {
        let (config, (_, is_one)) = (&mut self.config, self.place);
        let cache = config.cache;
        let mut named = |policy: &Policy| {
            if !is_one {
                graph::name(config, &policy.http.path);
            }
            config.graph()
        };
        Reloader::open_named(&self.policy, cache, told, &mut named)
    }

    /// Whether nothing can be served before the upstream has told its schema.
    fn waits(&self) -> bool {
        self.opened.as_ref().is_none_or(|(it, _)| it.refuses_on_drift())
    }

    fn end(mut self) -> Result<Opened, RunError> {
        let asked = self.told.as_ref().map(|_| Instant::now());
        let told = self.told.take().transpose().map_err(RunError::Schema)?;
        let opened = match self.opened.take() {
            Some(opened) => Ok(opened),
            None => self.open(told.clone()),
        };
        let (mut reloader, mut state) = opened.map_err(|it| match it {
            NotOpened::Bad(found) => RunError::Policy(found),
            NotOpened::NeedsSchema => RunError::Policy(Diagnostics::default()),
        })?;
        if let Some(told) = told {
            state = reloader.compare_first(told, state);
        }
        let reloader = reloader.of_graph(self.place.0);
        let keeper = Keeper { reloader, tellers: self.tellers, asked, question: None };
        Ok((keeper, (self.config, state)))
    }
}
