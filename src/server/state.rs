//! What is in force, and what all workers share.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::{
    admission::{Gate, UnixSeconds},
    config::Config,
    diagnostic::Diagnostics,
    policy::Http,
    schema::Difference,
    sources::now,
    upstream::HeaderRules,
    verdict::{Code, Fault},
};

/// A policy in force and what follows from it. Immutable: a reload makes another one.
#[derive(Debug)]
pub struct State {
    pub(super) gate: Arc<Gate>,
    pub(super) headers: HeaderRules,
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
        let headers = HeaderRules::new(&gate.policy().http.forward_headers);
        Self { gate: Arc::new(gate), headers, since: now(), drifted: None }
    }

    /// The same policy, with its cache, beside another schema of the upstream's.
    pub(super) fn beside(&self, drifted: Option<Arc<Drifted>>) -> Self {
        let gate = Arc::clone(&self.gate);
        let headers = HeaderRules::new(&self.http().forward_headers);
        Self { gate, headers, since: self.since, drifted }
    }

    /// Refuses everything while the upstream would not run what was judged.
    pub(super) fn refuse_drift(&self) -> Result<(), Fault> {
        let refusing = self.drifted.as_ref().filter(|it| it.refuses);
        let Some(first) = refusing.and_then(|it| it.differences.first()) else { return Ok(()) };
        let detail = format!("the schema has drifted: `{}`: {}", first.at, first.detail).into();
        Err(Fault::Upstream { code: Code::SERVICE_UNAVAILABLE, detail })
    }

    pub(super) fn http(&self) -> &Http {
        &self.gate.policy().http
    }
}

/// A reload that kept the old policy.
#[derive(Debug)]
pub(super) struct FailedReload {
    /// When it was tried.
    pub(super) at: UnixSeconds,
    /// What is wrong with the new one.
    pub(super) found: Diagnostics,
}

/// What all workers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) state: ArcSwap<State>,
    /// The last reload, when it failed.
    pub(super) failed: ArcSwapOption<FailedReload>,
    n_listening: AtomicUsize,
}

/// A worker that listens, as long as it is held.
pub(super) struct Listening<'s>(&'s Shared);

impl Shared {
    pub(super) fn new(config: Config, state: State) -> Self {
        let state = ArcSwap::from_pointee(state);
        let failed = ArcSwapOption::empty();
        Self { config, state, failed, n_listening: AtomicUsize::new(0) }
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
