//! The flags by which the upstream and we know each other, for every verb that connects to it.

use std::{env, fmt::Write as _, path::PathBuf};

use clap::Args;

use crate::{
    cli::tls::Tls,
    config::{LinkKey, Secret, UpstreamTls, UpstreamUrl},
    diagnostic::{Diagnostic, Diagnostics},
    sources::{Teller, UpstreamFiles, load_link_key},
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Link {
    #[command(flatten)]
    tls: Tls,
    /// File with the key that requests to the upstream are signed with; or put the key into the
    /// variable PORTCULLIS_UPSTREAM_SECRET
    #[arg(long, env = "PORTCULLIS_UPSTREAM_SECRET_FILE", value_name = "FILE")]
    upstream_secret_file: Option<PathBuf>,
}

/// What the flags come to.
#[derive(Debug)]
pub(super) struct Known {
    /// What the upstream is recognised by, when it is `https`.
    pub(super) tls: Option<UpstreamTls>,
    /// What requests to it are signed with.
    pub(super) key: Option<LinkKey>,
}

impl Known {
    /// Who can be asked for the schema.
    pub(super) const fn teller<'k>(&'k self, url: &'k UpstreamUrl) -> Teller<'k> {
        Teller { url, tls: self.tls.as_ref(), key: self.key.as_ref() }
    }
}

/// A secret is never a flag: other users of the machine can read those.
const SECRET: &str = "PORTCULLIS_UPSTREAM_SECRET";

impl Link {
    /// `found` gets everything that is wrong with the flags and with the files they name.
    pub(super) fn load(&self, upstream: &UpstreamUrl, found: &mut Diagnostics) -> Known {
        Known { tls: self.tls.load(upstream, found), key: self.key(found) }
    }

    /// The files about TLS.
    pub(super) fn files(&self) -> UpstreamFiles {
        self.tls.files()
    }

    fn key(&self, found: &mut Diagnostics) -> Option<LinkKey> {
        let variable = env::var_os(SECRET).map(|it| Secret::new(it.as_encoded_bytes()));
        match (&self.upstream_secret_file, variable) {
            (None, None) => None,
            (None, Some(secret)) => {
                let problem = |why| Diagnostic::error("unusable-key", format!("`{SECRET}`: {why}"));
                LinkKey::new(&secret).map_err(|why| found.push(problem(why))).ok()
            }
            (Some(file), None) => load_link_key(file, found),
            (Some(_), Some(_)) => {
                let message = format!("both `--upstream-secret-file` and `{SECRET}` are given");
                found.push(Diagnostic::error("two-keys", message).help("take one of them away"));
                None
            }
        }
    }

    /// The flags as they are written, each after a space.
    pub(super) fn flags(&self) -> String {
        let mut text = self.tls.flags();
        if let Some(path) = &self.upstream_secret_file {
            let _infallible = write!(text, " --upstream-secret-file {}", path.display());
        }
        text
    }
}
