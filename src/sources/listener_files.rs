//! Reads the certificates and the key that clients are met with, and sees that they have changed.

use std::path::{Path, PathBuf};

use crate::{
    config::{Chain, ClientCertificates, ListenerTls, PrivateKey, Trust},
    diagnostic::Diagnostics,
    sources::{
        Watch,
        upstream_files::{as_it_is, load, made},
    },
};

/// The files about TLS with clients, PEM.
#[derive(Clone, Debug)]
pub struct ListenerFiles {
    /// Our certificate, then what leads to its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Authorities that may vouch for clients, and whether one must.
    pub clients: Option<(PathBuf, ClientCertificates)>,
}

impl ListenerFiles {
    /// Who we are to clients; nothing when `found` says why not. The watch tells when another look
    /// could come to something else.
    pub fn load(&self, found: &mut Diagnostics) -> (Option<ListenerTls>, Watch) {
        // Before they are read: what is written meanwhile is a change.
        let watch = Watch::new(self.all().map(as_it_is).collect());
        (self.read(found), watch)
    }

    fn read(&self, found: &mut Diagnostics) -> Option<ListenerTls> {
        let chain = load(&self.certificate, |it| Chain::from_pem(it.bytes()), found);
        let key = load(&self.key, PrivateKey::from_pem, found);
        let clients = match &self.clients {
            None => None,
            Some((path, demand)) => {
                let trust = load(path, |it| Trust::from_pem(it.bytes()), found);
                Some((trust?, *demand))
            }
        };
        let what = format!("`{}` with `{}`", self.certificate.display(), self.key.display());
        made(ListenerTls::new((chain?, key?), clients), &what, found)
    }

    fn all(&self) -> impl Iterator<Item = &Path> {
        let clients = self.clients.as_ref().map(|(path, _)| &**path);
        [&*self.certificate, &*self.key].into_iter().chain(clients)
    }
}
