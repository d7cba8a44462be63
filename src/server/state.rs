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
    sources::now,
    upstream::HeaderRules,
};

/// A policy in force and what follows from it. Immutable: a reload makes another one.
#[derive(Debug)]
pub struct State {
    pub(super) gate: Arc<Gate>,
    pub(super) headers: HeaderRules,
    /// When the policy was put in force.
    pub(super) since: UnixSeconds,
}

impl State {
    /// What follows from a gate's policy.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        let headers = HeaderRules::new(&gate.policy().http.forward_headers);
        Self { gate: Arc::new(gate), headers, since: now() }
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
