//! How an `https` upstream is recognised, and how it recognises us: TLS by rustls over aws-lc-rs.
//!
//! Takes bytes and makes what connections are opened with, so that a broken certificate stops the
//! start and not a request. Does not read files; `sources` does.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ClientConfig, Error, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use crate::config::{Secret, UpstreamHttp};

/// Whom we trust and who we are. Without one there is no connection to an `https` upstream.
///
/// There is no way to turn verification off: a server is checked against its authority, its host
/// name or address (also as an IP entry of the certificate), and the time.
/// All clones are one: what is renewed is renewed for everybody who opens connections with it.
#[derive(Clone)]
pub struct UpstreamTls {
    /// As it is for HTTP/1.1 alone. Locked for as long as it takes to look.
    client: Arc<RwLock<Arc<ClientConfig>>>,
}

/// The authorities that may vouch for the upstream; at least one.
pub struct Trust(pub(super) RootCertStore);

/// A client certificate, and what leads from it to its authority.
#[derive(Debug)]
pub struct Chain(pub(super) Vec<CertificateDer<'static>>);

/// The key of a client certificate.
pub struct PrivateKey(pub(super) PrivateKeyDer<'static>);

/// Why certificates or a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// There is none in the file.
    NoCertificate,
    /// There is none in the file.
    NoKey,
    /// The library refuses what was read.
    Refused(Box<str>),
    /// There is one, and a passphrase is needed to read it.
    Encrypted,
    /// The certificate is another key's.
    Stranger,
    /// The file is not PEM, or not what it says within.
    Unreadable(Box<str>),
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("there is no certificate in it"),
            Self::Encrypted => {
                f.write_str("the private key is encrypted: write it without a passphrase")
            }
            Self::NoKey => f.write_str("there is no private key in it"),
            Self::Stranger => f.write_str("the key does not belong to the certificate"),
            Self::Refused(why) | Self::Unreadable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for TlsProblem {}

impl UpstreamTls {
    /// Puts trust and identity together.
    ///
    /// # Errors
    /// When the key does not belong to the certificate.
    pub fn new(trust: Trust, identity: Option<(Chain, PrivateKey)>) -> Result<Self, TlsProblem> {
        // Named here, since a default for the process could be another one.
        let provider = Arc::new(default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_root_certificates(trust.0);
        let client = match identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain.0, key.0).map_err(refused)?,
            None => builder.with_no_client_auth(),
        };
        Ok(Self { client: Arc::new(RwLock::new(Arc::new(client))) })
    }

    /// Opens further connections as another does.
    pub fn renew(&self, other: &Self) {
        let other = other.current();
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = other;
    }

    fn current(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What connections are opened with.
    pub(crate) fn client(&self, http: UpstreamHttp) -> Arc<ClientConfig> {
        let offered: &[&[u8]] = match http {
            UpstreamHttp::Auto => &[b"h2", b"http/1.1"],
            UpstreamHttp::H2c | UpstreamHttp::Http1 => &[b"http/1.1"],
        };
        let mut client = ClientConfig::clone(&self.current());
        client.alpn_protocols = offered.iter().map(|it| it.to_vec()).collect();
        Arc::new(client)
    }
}

impl Trust {
    /// The authorities in a PEM file, and no others.
    ///
    /// # Errors
    /// When one of them cannot be read, or there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsProblem> {
        let mut roots = RootCertStore::empty();
        for it in certificates(pem)? {
            roots.add(it).map_err(unreadable)?;
        }
        Ok(Self(roots))
    }

    /// The system's authorities, as DER; nothing when none can be read. Those that cannot are left
    /// out: systems carry some that are older than today's rules, and a missing one only closes.
    pub fn from_system(certificates: impl IntoIterator<Item = Vec<u8>>) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        let (n_added, _n_left_out) =
            roots.add_parsable_certificates(certificates.into_iter().map(CertificateDer::from));
        (n_added > 0).then_some(Self(roots))
    }
}

impl Chain {
    /// From a PEM file: the certificate first, then its authorities but the last.
    ///
    /// # Errors
    /// When a certificate cannot be read, or there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsProblem> {
        certificates(pem).map(Self)
    }
}

impl PrivateKey {
    /// From a PEM file: PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn from_pem(pem: &Secret) -> Result<Self, TlsProblem> {
        PrivateKeyDer::from_pem_slice(pem.bytes()).map(Self).map_err(|it| match it {
            _ if is_encrypted(pem.bytes()) => TlsProblem::Encrypted,
            pem::Error::NoItemsFound => TlsProblem::NoKey,
            // An error may quote the file, and the file is a secret.
            _ => TlsProblem::Unreadable("it is not PEM".into()),
        })
    }
}

/// As OpenSSL writes it, in PKCS #8 (RFC 7468 §11) and before that (RFC 1421 §4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];
    let mut lines = pem.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|it| marks.contains(&it))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|it| match it {
        pem::Error::MissingSectionEnd { .. } => unreadable("a certificate in it has no end"),
        it => unreadable(it),
    })?;
    if all.is_empty() { Err(TlsProblem::NoCertificate) } else { Ok(all) }
}

fn unreadable(why: impl fmt::Display) -> TlsProblem {
    TlsProblem::Unreadable(why.to_string().into())
}

pub(super) fn refused(why: Error) -> TlsProblem {
    match why {
        Error::InconsistentKeys(_) => TlsProblem::Stranger,
        why => TlsProblem::Refused(why.to_string().into()),
    }
}

impl fmt::Debug for UpstreamTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds the client's key.
        f.write_str("UpstreamTls(..)")
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.0.len())
    }
}
