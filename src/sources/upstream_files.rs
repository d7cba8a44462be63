//! Reads the certificates and keys of the way to the upstream.
//!
//! Every file is read before anything is given up, so that all that is wrong is told at once.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::{
    config::{AdminToken, Chain, LinkKey, PrivateKey, Secret, Trust, UpstreamTls},
    diagnostic::{Diagnostic, Diagnostics},
    sources::{ReadFile, Watch, policy_file},
};

/// The files about TLS with the upstream.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsFiles<'p> {
    /// Authorities that may vouch for the upstream, PEM; none: the system's.
    pub ca: Option<&'p Path>,
    /// The client certificate and its key, PEM.
    pub identity: Option<(&'p Path, &'p Path)>,
}

/// The same files, to be read again.
#[derive(Clone, Debug, Default)]
pub struct UpstreamFiles {
    /// As [`TlsFiles::ca`].
    pub ca: Option<PathBuf>,
    /// As [`TlsFiles::identity`].
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl UpstreamFiles {
    /// Whom to trust and who we are; nothing when `found` says why not.
    pub fn load(&self, found: &mut Diagnostics) -> Option<UpstreamTls> {
        let identity = self.identity.as_ref().map(|(it, key)| (&**it, &**key));
        load_upstream_tls(TlsFiles { ca: self.ca.as_deref(), identity }, found)
    }

    /// Tells from now on when another look could come to something else; nothing when no file is
    /// named.
    #[must_use]
    pub fn watch(&self) -> Option<Watch> {
        let identity = self.identity.iter().flat_map(|(it, key)| [it, key]);
        let all: Vec<_> = identity.chain(&self.ca).map(|it| as_it_is(it)).collect();
        (!all.is_empty()).then(|| Watch::new(all))
    }
}

/// A file as it is now.
pub(super) fn as_it_is(path: &Path) -> ReadFile {
    ReadFile { path: path.to_owned(), digest: policy_file::digest(path) }
}

/// 1 MiB: a bundle of every public authority is 220 KB. What is larger is the wrong file.
const MAX_MEBIBYTES: u64 = 1;

/// Whom to trust, and who we are; nothing when `found` says why not.
pub fn load_upstream_tls(files: TlsFiles<'_>, found: &mut Diagnostics) -> Option<UpstreamTls> {
    let trust = match files.ca {
        Some(ca) => load(ca, |it| Trust::from_pem(it.bytes()), found),
        None => system_trust(found),
    };
    let Some((certificate, key_file)) = files.identity else {
        return made(UpstreamTls::new(trust?, None), "TLS with the upstream", found);
    };
    let chain = load(certificate, |it| Chain::from_pem(it.bytes()), found);
    let key = load(key_file, PrivateKey::from_pem, found);
    let what = format!("`{}` with `{}`", certificate.display(), key_file.display());
    made(UpstreamTls::new(trust?, Some((chain?, key?))), &what, found)
}

/// The key that requests are signed with; nothing when `found` says why not.
pub fn load_link_key(path: &Path, found: &mut Diagnostics) -> Option<LinkKey> {
    load(path, LinkKey::new, found)
}

/// The token of operators; nothing when `found` says why not.
pub fn load_admin_token(path: &Path, found: &mut Diagnostics) -> Option<AdminToken> {
    load(path, AdminToken::new, found)
}

/// What must not be shown; nothing when `found` says why not.
pub fn load_secret(path: &Path, found: &mut Diagnostics) -> Option<Secret> {
    load(path, |it| Ok::<_, std::convert::Infallible>(it.clone()), found)
}

/// The system's certificate authorities, where its libraries look for them.
fn system_trust(found: &mut Diagnostics) -> Option<Trust> {
    let system = rustls_native_certs::load_native_certs();
    let trust = Trust::from_system(system.certs.iter().map(|it| it.to_vec()));
    if trust.is_none() {
        let message = "the system has no certificate authorities that can be used";
        let help = "install them (`ca-certificates`), or name a file with `--upstream-ca`";
        found.push(Diagnostic::error("no-authorities", message).help(help));
    }
    trust
}

pub(super) fn load<T, E: fmt::Display>(
    path: &Path,
    parse: impl FnOnce(&Secret) -> Result<T, E>,
    found: &mut Diagnostics,
) -> Option<T> {
    match read(path) {
        Ok(bytes) => made(parse(&bytes), &format!("`{}`", path.display()), found),
        Err(why) => {
            let message = format!("`{}` cannot be read: {why}", path.display());
            found.push(Diagnostic::error("unreadable-file", message));
            None
        }
    }
}

pub(super) fn made<T, E: fmt::Display>(
    result: Result<T, E>,
    what: &str,
    found: &mut Diagnostics,
) -> Option<T> {
    let problem = |why| Diagnostic::error("unusable-file", format!("{what}: {why}"));
    result.map_err(|why| found.push(problem(why))).ok()
}

fn read(path: &Path) -> io::Result<Secret> {
    policy_file::read_at_most(MAX_MEBIBYTES, path).map(|it| Secret::new(&it))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// Writes files called `ca`, `cert` and `key`, and tells what is wrong with them.
    fn check(contents: [&str; 3], expect: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let [ca, certificate, key] = ["ca", "cert", "key"].map(|it| folder.path().join(it));
        for (path, text) in [&ca, &certificate, &key].into_iter().zip(contents) {
            if text != "none" {
                std::fs::write(path, text).unwrap();
            }
        }
        let mut found = Diagnostics::default();
        let files = TlsFiles { ca: Some(&ca), identity: Some((&certificate, &key)) };
        let tls = load_upstream_tls(files, &mut found);
        let prefix = format!("{}/", folder.path().display());
        let got: Vec<_> = found.iter().map(|it| it.message.replace(&prefix, "")).collect();
        assert_eq!(got, expect);
        assert_eq!(tls.is_some(), expect.is_empty());
    }

    fn pair() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["a.example".into()]).unwrap();
        (certificate.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let (certificate, key) = pair();
        let (_, other) = pair();
        check([&certificate, &certificate, &key], &[]);
        check(
            ["none", "", &certificate],
            &[
                "`ca` cannot be read: No such file or directory (os error 2)",
                "`cert`: there is no certificate in it",
                "`key`: there is no private key in it",
            ],
        );
        for encrypted in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\n\r\nAAAA\r\n",
        ] {
            let expect = "`key`: the private key is encrypted: write it without a passphrase";
            check([&certificate, &certificate, encrypted], &[expect]);
        }
        let (half, _) = certificate.split_at(100);
        check([half, &certificate, &key], &["`ca`: a certificate in it has no end"]);
        check(
            [&certificate, &certificate, &other],
            &["`cert` with `key`: the key does not belong to the certificate"],
        );
    }

    #[test]
    fn short_keys_are_refused_with_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "short\n").unwrap();
        let mut found = Diagnostics::default();
        assert!(load_link_key(&path, &mut found).is_none() && found.has_errors());
        std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
        assert!(load_link_key(&path, &mut found).is_some());
    }
}
