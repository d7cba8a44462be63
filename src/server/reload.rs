//! Puts another policy in force when its files or the upstream's schema have changed, or keeps the
//! old one.
//!
//! Does not know when to look or how to ask: `run` has the clock, the signals and the upstream.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    admission::{CacheLimits, Gate},
    diagnostic::{Diagnostic, Diagnostics, Source},
    digest::Digest,
    policy::{Drift, OnDrift, Policy, SchemaOrigin},
    schema::{Gravity, Schema, drift},
    server::{
        Running, State,
        graph::Graph,
        state::{Drifted, FailedReload},
    },
    sources::{FetchError, Loaded, ReadFile, Watch, now, read_policy},
    telemetry::{
        GraphIndex, KeysNotFetched, PolicyKept, PolicyReplaced, PolicyRestored, PolicyWarned,
        SchemaDrifted, SchemaNotFetched,
    },
};

/// A policy file, and what of it is in force.
#[derive(Debug)]
pub struct Reloader {
    /// Which of the graphs; the first is 0.
    n: usize,
    /// As what it is counted before it is served.
    graph: GraphIndex,
    path: PathBuf,
    cache: CacheLimits,
    watch: Watch,
    /// The last schema of the upstream's with which a policy could be compiled.
    introspected: Option<Arc<Source>>,
    /// The file wants the upstream's schema, which nobody has asked for yet.
    lacks_schema: bool,
    policy: Arc<Policy>,
    in_force: Fingerprint,
    drifted: Option<Arc<Drifted>>,
}

/// What a reload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The files are bad: the old policy stays in force.
    Kept,
    /// The old policy stays in force until the upstream was asked for its schema.
    NeedsSchema,
    /// Another policy is in force.
    Replaced,
    /// The files are those of the policy in force, which keeps its cache.
    Unchanged,
}

/// Why there is no first policy.
#[derive(Debug)]
pub enum NotOpened {
    /// It cannot be used; every mistake in it.
    Bad(Diagnostics),
    /// The upstream must be asked for its schema first.
    NeedsSchema,
}

/// What a policy was made from.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    files: Vec<ReadFile>,
    digest: Digest,
}

impl Reloader {
    /// Loads a policy file for the first time, with the upstream's schema if it was asked for.
    ///
    /// # Errors
    /// When the policy cannot be used, or needs the upstream's schema and was not given it.
    pub fn open(
        path: &Path,
        cache: CacheLimits,
        introspected: Option<Arc<Source>>,
    ) -> Result<(Self, State), NotOpened> {
        Self::open_named(path, cache, introspected, &mut |_policy| GraphIndex::NONE)
    }

    /// The same, with somebody who knows as what the graph is counted.
    pub(super) fn open_named(
        path: &Path,
        cache: CacheLimits,
        introspected: Option<Arc<Source>>,
        named: &mut dyn FnMut(&Policy) -> GraphIndex,
    ) -> Result<(Self, State), NotOpened> {
        let loaded = read_policy(path, introspected.as_ref());
        let Loaded { policy, found, files, lacks_introspection } = loaded;
        let policy = match policy {
            Some(policy) => Arc::new(policy),
            None if lacks_introspection => return Err(NotOpened::NeedsSchema),
            None => return Err(NotOpened::Bad(found)),
        };
        let graph = named(&policy);
        warn(graph, &found);
        let state = State::new(Gate::new(Arc::clone(&policy), cache));
        let reloader = Self {
            n: 0,
            graph,
            path: path.to_owned(),
            cache,
            watch: Watch::new(files.clone()),
            introspected,
            lacks_schema: false,
            in_force: Fingerprint { files, digest: policy.digest },
            policy,
            drifted: None,
        };
        Ok((reloader, state))
    }

    /// The same for another graph than the first.
    #[must_use]
    pub fn of_graph(self, n: usize) -> Self {
        Self { n, ..self }
    }

    /// Reloads if the files have changed since they were read last.
    pub fn look(&mut self, running: &Running) -> Option<Reload> {
        self.watch.has_changed().then(|| self.reload(running))
    }

    /// Reads the files again, and puts in force what they say if it is another policy. Does nothing
    /// to a server that has no such graph.
    pub fn reload(&mut self, running: &Running) -> Reload {
        let Some(graph) = running.graph(self.n) else { return Reload::Kept };
        let loaded = read_policy(&self.path, self.introspected.as_ref());
        let Loaded { policy, mut found, files, lacks_introspection } = loaded;
        // Also what cannot be used was read: it is tried again when it changes.
        self.watch = Watch::new(files.clone());
        self.lacks_schema = lacks_introspection;
        let Some(policy) = policy else {
            keep(graph, found, lacks_introspection);
            return if lacks_introspection { Reload::NeedsSchema } else { Reload::Kept };
        };
        let read = Fingerprint { files, digest: policy.digest };
        if read == self.in_force {
            let failed = graph.failed.swap(None);
            failed.inspect(|_| PolicyRestored { graph: graph.index }.emit());
            return Reload::Unchanged;
        }
        let policy = Arc::new(policy);
        if let Err(why) = self.put_in_force(&policy, (running, graph)) {
            found.push(why);
            keep(graph, found, false);
            return Reload::Kept;
        }
        graph.failed.store(None);
        warn(graph.index, &found);
        let digest = policy.digest.to_string();
        PolicyReplaced { graph: graph.index, name: &policy.name, digest: &digest }.emit();
        self.in_force = read;
        self.policy = policy;
        Reload::Replaced
    }

    /// Changes nothing when it cannot be.
    fn put_in_force(
        &mut self,
        policy: &Arc<Policy>,
        (running, graph): (&Running, &Graph),
    ) -> Result<(), Diagnostic> {
        running.shared.graphs.other_path(graph, &policy.http.path).map_err(taken)?;
        // What is known of the upstream's schema holds until it is asked again.
        let drifted = self.drifted.clone().filter(|_| policy.origin.drift().is_some());
        let state = State::new(Gate::new(Arc::clone(policy), self.cache));
        graph.replace(state.beside(drifted.clone())).map_err(|it| without_keys(&it))?;
        self.drifted = drifted;
        Ok(())
    }

    /// The schema that the upstream has told.
    pub(super) const fn introspected(&self) -> Option<&Arc<Source>> {
        self.introspected.as_ref()
    }

    /// After how long the upstream is to be asked for its schema again, if at all.
    #[must_use]
    pub fn asks_every(&self) -> Option<Duration> {
        match self.policy.origin {
            _ if self.lacks_schema => Some(RETRY),
            SchemaOrigin::Introspection(every) => Some(every),
            SchemaOrigin::File(drift) => drift.map(|it| it.every),
        }
    }

    /// Whether requests are refused while the upstream's schema is another one: then nothing is
    /// served before it was compared.
    pub(super) fn refuses_on_drift(&self) -> bool {
        self.policy.origin.drift().is_some_and(|it| it.on == OnDrift::Refuse)
    }

    /// Takes note of what the upstream has told. What could not be asked changes nothing.
    pub fn note_schema(&mut self, told: Result<Arc<Source>, FetchError>, running: &Running) {
        let Some(graph) = running.graph(self.n) else { return };
        let told = match told {
            Ok(told) => told,
            Err(error) => {
                let (graph, detail) = (graph.index, &error.to_string());
                return SchemaNotFetched { graph, detail }.emit();
            }
        };
        match self.policy.origin {
            _ if self.lacks_schema => self.adopt(told, running),
            SchemaOrigin::Introspection(_) => self.adopt(told, running),
            SchemaOrigin::File(Some(drift)) => {
                self.drifted = self.compare(graph.index, drift, told);
                // Its keys are asked for already; a thread that there is not is told.
                if let Err(error) = graph.replace(graph.state.load().beside(self.drifted.clone())) {
                    let detail = &error.to_string();
                    KeysNotFetched { graph: graph.index, detail }.emit();
                }
            }
            SchemaOrigin::File(None) => {}
        }
    }

    /// Compares before anything is served: a state that already refuses if it has to.
    pub(super) fn compare_first(&mut self, told: Arc<Source>, state: State) -> State {
        let Some(drift) = self.policy.origin.drift() else { return state };
        self.drifted = self.compare(self.graph, drift, told);
        state.beside(self.drifted.clone())
    }

    fn adopt(&mut self, told: Arc<Source>, running: &Running) {
        let before = self.introspected.replace(told);
        if self.reload(running) == Reload::Kept {
            self.introspected = before;
        }
    }

    fn compare(&self, graph: GraphIndex, with: Drift, told: Arc<Source>) -> Option<Arc<Drifted>> {
        let differences = match Schema::load(told) {
            Ok((upstream, _warnings)) => drift(&self.policy.schema, &upstream),
            Err(found) => {
                let detail = found.iter().next().map_or("", |it| &*it.message);
                SchemaNotFetched { graph, detail }.emit();
                return self.drifted.clone();
            }
        };
        let is_changed = differences.iter().any(|it| it.gravity == Gravity::Changed);
        let refuses = is_changed && with.on == OnDrift::Refuse;
        let worst = differences.iter().max_by_key(|it| it.gravity)?;
        let (at, detail) = (&*worst.at, &*worst.detail);
        let n = differences.len();
        SchemaDrifted { graph, at, detail, differences: n, refuses }.emit();
        Some(Arc::new(Drifted { differences, refuses }))
    }
}

fn warn(graph: GraphIndex, found: &Diagnostics) {
    for it in found.iter() {
        PolicyWarned { graph, found: it }.emit();
    }
}

fn taken(why: String) -> Diagnostic {
    let help = "one of them must leave first; SIGHUP reads all policies again";
    Diagnostic::error("two-graphs", why).help(help)
}

fn without_keys(why: &io::Error) -> Diagnostic {
    Diagnostic::error("no-keys", format!("nobody can ask for the keys of tokens: {why}"))
}

fn keep(graph: &Graph, found: Diagnostics, lacks_schema: bool) {
    if !lacks_schema {
        PolicyKept { graph: graph.index, found: &found }.emit();
    }
    graph.failed.store(Some(Arc::new(FailedReload { at: now(), found })));
}

/// 10 s: a new policy waits for an upstream that starts at the same time.
const RETRY: Duration = Duration::from_secs(10);
