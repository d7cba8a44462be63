//! Puts another certificate in force when its files have changed, or keeps the old one.
//!
//! Does not know when to look: `run` has the clock and the signals.

use crate::{
    diagnostic::{Diagnostics, Severity},
    server::{Reload, Running, state::FailedReload},
    sources::{ListenerFiles, Watch, now},
    telemetry::{CertificateKept, CertificateReplaced},
};

/// The files of our certificate, and what they held when they were read last.
#[derive(Debug)]
pub struct ListenerKeeper {
    files: ListenerFiles,
    watch: Watch,
}

impl ListenerKeeper {
    /// Keeps what was read from files together with `watch`.
    #[must_use]
    pub const fn new(files: ListenerFiles, watch: Watch) -> Self {
        Self { files, watch }
    }

    /// Reads the files again if they have changed.
    pub fn look(&mut self, running: &Running) -> Option<Reload> {
        self.watch.has_changed().then(|| self.reload(running))
    }

    /// Reads the files again. Connections that are open keep what they began with.
    pub fn reload(&mut self, running: &Running) -> Reload {
        let mut found = Diagnostics::default();
        let (tls, watch) = self.files.load(&mut found);
        // Also what cannot be used was read: it is tried again when it changes.
        self.watch = watch;
        if let Some(tls) = tls {
            running.replace_tls(tls);
            CertificateReplaced.emit();
            return Reload::Replaced;
        }
        if let Some(first) = found.iter().find(|it| it.severity == Severity::Error) {
            CertificateKept { code: first.code, message: &first.message }.emit();
        }
        running.note_failed_tls(FailedReload { at: now(), found });
        Reload::Kept
    }
}
