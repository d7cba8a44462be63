//! What protects the way from clients to us.
//!
//! Takes bytes and makes what connections are accepted with, so that a broken certificate stops the
//! start and not a connection. Does not read files; `sources` does.

use std::{fmt, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::{Ticketer, default_provider},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};

use crate::config::{Chain, PrivateKey, TlsProblem, Trust, upstream_tls::refused};

/// Who ends TLS.
#[derive(Clone, Debug, Default)]
pub enum Front {
    /// Nobody: on loopback only.
    #[default]
    Plain,
    /// A proxy in front of us, which whoever runs us has vouched for.
    BehindTls,
    /// We do.
    Tls(ListenerTls),
}

/// Whether clients must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// One that is shown must be good; the policy decides about those who show none.
    Optional,
    /// Without one there is no connection.
    Required,
}

/// Who we are to clients, and whom of them we know.
///
/// TLS 1.2 and 1.3, with the suites of rustls, all of which are AEAD with forward secrecy. No early
/// data: it could be sent twice. A new one of these takes no tickets of an old one, so that an
/// authority that is taken away is gone with it.
#[derive(Clone)]
pub struct ListenerTls {
    server: Arc<ServerConfig>,
}

impl ListenerTls {
    /// Puts identity and trust together.
    ///
    /// # Errors
    /// When the key does not belong to the certificate, or an authority cannot be used.
    pub fn new(
        (chain, key): (Chain, PrivateKey),
        clients: Option<(Trust, ClientCertificates)>,
    ) -> Result<Self, TlsProblem> {
        let (provider, has_clients) = (Arc::new(default_provider()), clients.is_some());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(refused)?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some((trust, demand)) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(trust.0), provider);
                let verifier = match demand {
                    ClientCertificates::Optional => verifier.allow_unauthenticated(),
                    ClientCertificates::Required => verifier,
                };
                let unusable = |why: rustls::server::VerifierBuilderError| {
                    TlsProblem::Refused(why.to_string().into())
                };
                builder.with_client_cert_verifier(verifier.build().map_err(unusable)?)
            }
        };
        let mut server = builder.with_single_cert(chain.0, key.0).map_err(refused)?;
        server.alpn_protocols = [&b"h2"[..], b"http/1.1"].map(<[u8]>::to_vec).to_vec();
        // Without a memory of sessions, which a flood of clients would only empty.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        if has_clients {
            // A session that is resumed shows a certificate that was verified when it began, and
            // may have expired since.
            server.send_tls13_tickets = 0;
        } else {
            server.ticketer = Ticketer::new().map_err(refused)?;
        }
        Ok(Self { server: Arc::new(server) })
    }

    /// What connections are accepted with.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds the key.
        f.write_str("ListenerTls(..)")
    }
}

#[cfg(test)]
mod tests {
    use rustls::{ProtocolVersion, SupportedCipherSuite};

    use super::*;

    #[test]
    fn every_suite_is_aead_with_forward_secrecy() {
        let is_good = |it: &SupportedCipherSuite| {
            let name = it.suite().as_str().unwrap_or_default();
            let is_aead = ["_GCM_", "_CHACHA20_POLY1305_"].iter().any(|it| name.contains(it));
            let is_tls13 = it.version().version == ProtocolVersion::TLSv1_3;
            is_aead && (is_tls13 || name.contains("_ECDHE_"))
        };
        let suites = default_provider().cipher_suites;
        assert!(!suites.is_empty() && suites.iter().all(is_good), "{suites:?}");
        let versions = rustls::DEFAULT_VERSIONS.iter().map(|it| it.version);
        let expect = [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2];
        assert_eq!(versions.collect::<Vec<_>>(), expect);
    }
}
