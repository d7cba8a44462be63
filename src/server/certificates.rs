//! Puts other certificates in force when their files have changed, or keeps the old ones.
//!
//! Does not know when to look: `run` has the clock and the signals.

use crate::{
    config::UpstreamTls,
    diagnostic::{Diagnostics, Severity},
    server::{Reload, Running, state::FailedReload},
    sources::{ListenerFiles, UpstreamFiles, Watch, now},
    telemetry::{CertificateKept, CertificateReplaced, OtherEnd},
};

/// Files of certificates, and what they held when they were read last.
#[derive(Debug)]
pub struct CertificateKeeper {
    files: Files,
    watch: Watch,
}

#[derive(Debug)]
enum Files {
    /// Who we are to clients.
    Listener(ListenerFiles),
    /// Who we are to upstreams, and who they are.
    Upstream(UpstreamFiles, Vec<UpstreamTls>),
}

impl CertificateKeeper {
    /// Keeps what was read from files together with `watch`: what clients are met with.
    #[must_use]
    pub const fn of_listener(files: ListenerFiles, watch: Watch) -> Self {
        Self { files: Files::Listener(files), watch }
    }

    /// The same of what connections to upstreams are opened with.
    #[must_use]
    pub const fn of_upstreams(files: UpstreamFiles, watch: Watch, all: Vec<UpstreamTls>) -> Self {
        Self { files: Files::Upstream(files, all), watch }
    }

    /// Reads the files again if they have changed.
    pub fn look(&mut self, running: &Running) -> Option<Reload> {
        self.watch.has_changed().then(|| self.reload(running))
    }

    /// Reads the files again. Connections that are open keep what they began with.
    pub fn reload(&mut self, running: &Running) -> Reload {
        let mut found = Diagnostics::default();
        let (of, is_replaced) = match &self.files {
            Files::Listener(files) => {
                let (tls, watch) = files.load(&mut found);
                // Also what cannot be used was read: it is tried again when it changes.
                self.watch = watch;
                (OtherEnd::Clients, tls.map(|it| running.replace_tls(it)).is_some())
            }
            Files::Upstream(files, all) => {
                let watch = files.watch();
                let tls = files.load(&mut found);
                self.watch = watch.unwrap_or_else(|| Watch::new(Vec::new()));
                let renew = |tls| all.iter().for_each(|it| it.renew(&tls));
                (OtherEnd::Upstreams, tls.map(renew).is_some())
            }
        };
        if is_replaced {
            running.note_tls(of, None);
            CertificateReplaced { of }.emit();
            return Reload::Replaced;
        }
        if let Some(first) = found.iter().find(|it| it.severity == Severity::Error) {
            CertificateKept { of, code: first.code, message: &first.message }.emit();
        }
        running.note_tls(of, Some(FailedReload { at: now(), found }));
        Reload::Kept
    }
}
