//! The flags about TLS with the upstream, for every verb that connects to it.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;

use crate::{
    config::{UpstreamTls, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    sources::UpstreamFiles,
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Tls {
    /// PEM file of the authorities that may vouch for an https upstream, instead of the system's
    #[arg(long, env = "PORTCULLIS_UPSTREAM_CA", value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// PEM file of the client certificate that an https upstream asks for
    #[arg(long, env = "PORTCULLIS_UPSTREAM_CERT", value_name = "FILE", requires = "upstream_key")]
    upstream_cert: Option<PathBuf>,
    /// PEM file of the client certificate's key
    #[arg(long, env = "PORTCULLIS_UPSTREAM_KEY", value_name = "FILE", requires = "upstream_cert")]
    upstream_key: Option<PathBuf>,
}

impl Tls {
    /// What an `https` upstream is recognised by; nothing for another one, or when `found` says
    /// why not.
    pub(super) fn load(
        &self,
        upstream: &UpstreamUrl,
        found: &mut Diagnostics,
    ) -> Option<UpstreamTls> {
        if upstream.is_tls() {
            return self.files().load(found);
        }
        if self.upstream_ca.is_some() || self.upstream_cert.is_some() {
            let message = "`--upstream-ca`, `--upstream-cert` and `--upstream-key` have no effect \
                           on an `http://` upstream";
            found.push(Diagnostic::error("idle-setting", message));
        }
        None
    }

    pub(super) fn files(&self) -> UpstreamFiles {
        let identity = self.upstream_cert.clone().zip(self.upstream_key.clone());
        UpstreamFiles { ca: self.upstream_ca.clone(), identity }
    }

    /// The flags as they are written, each after a space.
    pub(super) fn flags(&self) -> String {
        let flags = [
            ("--upstream-ca", &self.upstream_ca),
            ("--upstream-cert", &self.upstream_cert),
            ("--upstream-key", &self.upstream_key),
        ];
        let mut text = String::new();
        for (flag, path) in flags {
            if let Some(path) = path {
                let _infallible = write!(text, " {flag} {}", path.display());
            }
        }
        text
    }
}
