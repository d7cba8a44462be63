//! Authorities and what they issue, made for each test.

use std::sync::Arc;

use portcullis::config::{Chain, PrivateKey, Secret, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Issued {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

/// Whether a certificate can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Good,
    Expired,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::called("authority")
    }

    pub(crate) fn called(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn issue(&self, name: &str, validity: Validity) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if validity == Validity::Expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        Issued { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }

    /// For a client that trusts this authority alone.
    pub(crate) fn trust(&self) -> Trust {
        Trust::from_pem(self.0.pem().as_bytes()).unwrap()
    }

    /// For a file.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.der().to_vec())).unwrap();
        Arc::new(roots)
    }
}

impl Issued {
    /// Certificate and key, for files.
    pub(crate) fn pems(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    /// For a client.
    pub(crate) fn identity(&self) -> (Chain, PrivateKey) {
        let key = Secret::new(self.key.serialize_pem().as_bytes());
        let chain = Chain::from_pem(self.certificate.pem().as_bytes()).unwrap();
        (chain, PrivateKey::from_pem(&key).unwrap())
    }

    /// For a server that speaks `protocols`, and asks for a certificate of `clients`.
    pub(crate) fn server(&self, protocols: &[&str], clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(clients.roots(), provider)
                    .build()
                    .unwrap(),
            ),
        };
        let chain = vec![CertificateDer::from(self.certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut server = builder.with_single_cert(chain, key).unwrap();
        server.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        server
    }
}
