//! Puts another policy in force when its files have changed, or keeps the old one.
//!
//! Does not know when to look: `run` has the clock and the signals.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    admission::{CacheLimits, Gate},
    diagnostic::{Diagnostic, Diagnostics, Severity},
    policy::{Digest, Policy},
    server::{Running, State, state::FailedReload},
    sources::{Loaded, ReadFile, Watch, now, read_policy},
    telemetry::{PolicyKept, PolicyReplaced, PolicyWarned},
};

/// A policy file, and what of it is in force.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    cache: CacheLimits,
    watch: Watch,
    in_force: Fingerprint,
}

/// What a reload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// The files are bad: the old policy stays in force.
    Kept,
    /// Another policy is in force.
    Replaced,
    /// The files are those of the policy in force, which keeps its cache.
    Unchanged,
}

/// What a policy was made from.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    files: Vec<ReadFile>,
    digest: Digest,
}

impl Reloader {
    /// Loads a policy file for the first time.
    ///
    /// # Errors
    /// When the policy cannot be used; every mistake in it.
    pub fn open(path: &Path, cache: CacheLimits) -> Result<(Self, State), Diagnostics> {
        let Loaded { policy, found, files, .. } = read_policy(path, None);
        let Some(policy) = policy else { return Err(found) };
        warn(&found);
        let watch = Watch::new(files.clone());
        let in_force = Fingerprint { files, digest: policy.digest };
        let state = state(policy, cache);
        Ok((Self { path: path.to_owned(), cache, watch, in_force }, state))
    }

    /// Reloads if the files have changed since they were read last.
    pub fn look(&mut self, running: &Running) -> Option<Reload> {
        self.watch.has_changed().then(|| self.reload(running))
    }

    /// Reads the files again, and puts in force what they say if it is another policy.
    pub fn reload(&mut self, running: &Running) -> Reload {
        let Loaded { policy, found, files, .. } = read_policy(&self.path, None);
        // Also what cannot be used was read: it is tried again when it changes.
        self.watch = Watch::new(files.clone());
        let Some(policy) = policy else {
            keep(running, found);
            return Reload::Kept;
        };
        running.clear_failed_reload();
        let read = Fingerprint { files, digest: policy.digest };
        if read == self.in_force {
            return Reload::Unchanged;
        }
        self.in_force = read;
        warn(&found);
        PolicyReplaced { name: &policy.name, digest: &policy.digest.to_string() }.emit();
        running.replace(state(policy, self.cache));
        Reload::Replaced
    }
}

fn state(policy: Policy, cache: CacheLimits) -> State {
    State::new(Gate::new(Arc::new(policy), cache))
}

fn warn(found: &Diagnostics) {
    for it in found.iter() {
        PolicyWarned { code: it.code, message: &it.message }.emit();
    }
}

fn keep(running: &Running, found: Diagnostics) {
    let is_error = |it: &&Diagnostic| it.severity == Severity::Error;
    let errors = found.iter().filter(is_error).count();
    if let Some(first) = found.iter().find(is_error) {
        PolicyKept { code: first.code, message: &first.message, errors }.emit();
    }
    running.note_failed_reload(FailedReload { at: now(), found });
}
