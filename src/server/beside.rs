//! The policy that is judged beside the one in force: read with it, and read again when it changes.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    admission::CacheLimits,
    diagnostic::{Diagnostics, Source},
    digest::Digest,
    sources::{Loaded, Watch, read_policy},
    telemetry::{GraphIndex, PolicyKept},
    traffic::Shadow,
};

/// Keeps a next policy current.
#[derive(Debug)]
pub(super) struct Beside {
    /// Whose policy it stands beside.
    graph: GraphIndex,
    path: PathBuf,
    watch: Watch,
    digest: Digest,
    introspected: Option<Arc<Source>>,
    shadow: Arc<Shadow>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum NotBeside {
    Bad(Diagnostics),
    Io(io::Error),
}

impl Beside {
    /// Reads it for the first time, with the upstream's schema if that was asked for.
    pub(super) fn open(
        (path, graph): (&Path, GraphIndex),
        cache: CacheLimits,
        introspected: Option<Arc<Source>>,
    ) -> Result<Self, NotBeside> {
        let Loaded { policy, found, files, .. } = read_policy(path, introspected.as_ref());
        let Some(policy) = policy else { return Err(NotBeside::Bad(found)) };
        let digest = policy.digest;
        let shadow = Arc::new(Shadow::start(Arc::new(policy), cache).map_err(NotBeside::Io)?);
        let watch = Watch::new(files);
        Ok(Self { graph, path: path.to_owned(), watch, digest, introspected, shadow })
    }

    pub(super) const fn shadow(&self) -> &Arc<Shadow> {
        &self.shadow
    }

    /// Reads it again if its files have changed.
    pub(super) fn look(&mut self) {
        if self.watch.has_changed() {
            self.reload();
        }
    }

    /// Says how it did so far, and reads it again.
    pub(super) fn ask(&mut self) {
        if !self.reload() {
            self.shadow.stand();
        }
    }

    /// True when it is another one now.
    fn reload(&mut self) -> bool {
        let Loaded { policy, found, files, .. } =
            read_policy(&self.path, self.introspected.as_ref());
        self.watch = Watch::new(files);
        let Some(policy) = policy else {
            // Without one, it only lacks a schema that the upstream has not told yet.
            if found.has_errors() {
                PolicyKept { graph: self.graph, found: &found }.emit();
            }
            return false;
        };
        if policy.digest == self.digest {
            return false;
        }
        self.digest = policy.digest;
        self.shadow.replace(Arc::new(policy));
        true
    }
}
