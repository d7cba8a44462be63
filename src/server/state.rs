//! What is in force, and what all workers share.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use http::{HeaderName, HeaderValue};

use crate::{
    admission::{Gate, UnixSeconds},
    config::{Config, Front, ListenerTls},
    diagnostic::Diagnostics,
    identity::Told,
    policy::{Credentials, Http, Policy, ResponseRules},
    quota::{Quotas, Time},
    schema::{Difference, Gravity},
    server::{graph::Graphs, identify::Keys},
    sources::now,
    telemetry::Spans,
    upstream::HeaderRules,
    verdict::Fault,
};

/// A policy in force and what follows from it. Immutable: a reload makes another one.
#[derive(Debug)]
pub struct State {
    pub(super) gate: Arc<Gate>,
    pub(super) headers: HeaderRules,
    /// What tokens are verified with.
    pub(super) keys: Keys,
    /// What is spent of the rates.
    pub(super) quotas: Quotas,
    /// What answers depend on, besides the body of a request.
    pub(super) vary: Option<HeaderValue>,
    /// What the upstream is told of a caller.
    pub(super) told: Arc<[(HeaderName, Told)]>,
    /// When the policy was put in force.
    pub(super) since: UnixSeconds,
    /// How the upstream's schema differs from the policy's, when it was found to.
    pub(super) drifted: Option<Arc<Drifted>>,
}

/// The upstream's schema is another than the policy's.
#[derive(Debug)]
pub(super) struct Drifted {
    /// INVARIANT: never empty.
    pub(super) differences: Vec<Difference>,
    /// What becomes of requests.
    pub(super) refuses: bool,
}

impl State {
    /// What follows from a gate's policy.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        let headers = headers(gate.policy());
        let credentials = &gate.policy().credentials;
        let (keys, vary, told) = (Keys::of(credentials), vary(credentials), told(credentials));
        let quotas = Quotas::of(gate.policy(), &Time::monotonic());
        let gate = Arc::new(gate);
        Self { gate, headers, keys, quotas, vary, told, since: now(), drifted: None }
    }

    /// The same policy, with its cache, beside another schema of the upstream's.
    pub(super) fn beside(&self, drifted: Option<Arc<Drifted>>) -> Self {
        let gate = Arc::clone(&self.gate);
        let headers = headers(self.gate.policy());
        let (keys, vary, told) = (self.keys.clone(), self.vary.clone(), Arc::clone(&self.told));
        let (quotas, since) = (self.quotas.clone(), self.since);
        Self { gate, headers, keys, quotas, vary, told, since, drifted }
    }

    /// With keys: those of `before`, when they are the same, or such as are asked for from now on.
    /// What was spent stays spent.
    pub(super) fn begun(self, config: &Config, before: Option<&Self>) -> io::Result<Self> {
        let credentials = &self.gate.policy().credentials;
        let keys = self.keys.clone().begun(credentials, config, before.map(|it| &it.keys))?;
        let quotas = match &config.name {
            Some(graph) => self.quotas.of_graph(graph),
            None => self.quotas.clone(),
        };
        let quotas = match before {
            Some(before) => quotas.continuing(&before.quotas),
            None => quotas,
        };
        Ok(Self { keys, quotas, ..self })
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.gate.policy().credentials
    }

    /// Refuses everything while the upstream would not run what was judged.
    pub(super) fn refuse_drift(&self) -> Result<(), Fault> {
        let why = self.drifted.as_ref().and_then(|it| it.why_refused());
        why.map_or(Ok(()), |detail| Err(Fault::Unavailable { detail: detail.into() }))
    }

    pub(super) fn response(&self) -> &ResponseRules {
        &self.gate.policy().response
    }

    pub(super) fn http(&self) -> &Http {
        &self.gate.policy().http
    }
}

/// An answer that settles what was spent is read, so it must not come compressed.
fn headers(policy: &Policy) -> HeaderRules {
    let mut names = policy.http.forward_headers.clone();
    if policy.rates.iter().any(|it| it.is_settled()) {
        names.retain(|it| **it != *"accept-encoding");
    }
    HeaderRules::new(&names)
}

/// Which headers of a request decide about its answer, besides its body.
fn vary(credentials: &Credentials) -> Option<HeaderValue> {
    let Credentials { jwt, api_keys, .. } = credentials;
    let cookie = jwt.as_ref().and_then(|it| it.cookie.as_ref()).map(|_| "Cookie");
    let authorization = jwt.as_ref().map(|_| "Authorization");
    let api_key = api_keys.as_ref().map(|it| &*it.header);
    let names: Vec<_> = [authorization, cookie, api_key].into_iter().flatten().collect();
    HeaderValue::try_from(names.join(", ")).ok().filter(|_| !names.is_empty())
}

fn told(credentials: &Credentials) -> Arc<[(HeaderName, Told)]> {
    let name = |it: &Told| HeaderName::from_bytes(it.header.as_bytes()).ok();
    let forward = credentials.forward.iter();
    forward.filter_map(|it| Some((name(it)?, it.clone()))).collect()
}

impl Drifted {
    /// Why everything is refused, if it is: the first of what makes it so.
    pub(super) fn why_refused(&self) -> Option<String> {
        let mut changed = self.differences.iter().filter(|it| it.gravity == Gravity::Changed);
        let first = changed.next().filter(|_| self.refuses)?;
        Some(format!("the schema has drifted: `{}`: {}", first.at, first.detail))
    }
}

/// A reload that kept the old policy, or the old certificates.
#[derive(Debug)]
pub(super) struct FailedReload {
    /// When it was tried.
    pub(super) at: UnixSeconds,
    /// What is wrong with the new one.
    pub(super) found: Diagnostics,
}

/// Changes of certificates that failed, by whom connections are with.
#[derive(Debug, Default)]
pub(super) struct FailedTls {
    pub(super) clients: ArcSwapOption<FailedReload>,
    pub(super) upstreams: ArcSwapOption<FailedReload>,
}

impl FailedTls {
    pub(super) fn any(&self) -> bool {
        [&self.clients, &self.upstreams].iter().any(|it| it.load().is_some())
    }
}

/// What all workers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) graphs: Graphs,
    /// What connections are accepted with; nothing: as they are.
    pub(super) tls: ArcSwapOption<ListenerTls>,
    /// The last changes of certificates, where they failed.
    pub(super) failed_tls: FailedTls,
    n_listening: AtomicUsize,
    /// Somebody was told that a proxy in front of us is not trusted.
    pub(super) proxy_told: AtomicBool,
    /// Where spans are put, when somebody exports them.
    pub(super) spans: OnceLock<Spans>,
}

/// A worker that listens, as long as it is held.
pub(super) struct Listening<'s>(&'s Shared);

impl Shared {
    pub(super) fn new(config: Config, graphs: Graphs) -> Self {
        let tls = match &config.front {
            Front::Plain | Front::BehindTls => ArcSwapOption::empty(),
            Front::Tls(tls) => ArcSwapOption::from_pointee(tls.clone()),
        };
        Self {
            config,
            graphs,
            tls,
            failed_tls: FailedTls::default(),
            n_listening: AtomicUsize::new(0),
            proxy_told: AtomicBool::new(false),
            spans: OnceLock::new(),
        }
    }

    pub(super) fn listening(&self) -> Listening<'_> {
        self.n_listening.fetch_add(1, Ordering::Relaxed);
        Listening(self)
    }

    pub(super) fn n_listening(&self) -> usize {
        self.n_listening.load(Ordering::Relaxed)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.n_listening.fetch_sub(1, Ordering::Relaxed);
    }
}
