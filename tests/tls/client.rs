//! Clients that speak TLS, and the certificates they show and trust.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use portcullis::config::{Chain, PrivateKey, Secret, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::{
    ALL_VERSIONS, ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Issued {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate with a common name, and with it as a DNS name and in a URI.
    pub(crate) fn issue(&self, name: &str) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let uri = format!("spiffe://shop/{name}");
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().unwrap()));
        params.distinguished_name.push(DnType::CommonName, name);
        Issued { certificate: params.signed_by(&key, &self.0).unwrap(), key }
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::from_pem(self.0.pem().as_bytes()).unwrap()
    }

    /// A client that trusts this authority, offers `protocols` and shows what it has.
    pub(crate) fn client(&self, protocols: &[&str], shown: Option<&Issued>) -> Arc<ClientConfig> {
        self.client_of(ALL_VERSIONS, protocols, shown)
    }

    /// The same, of some versions of TLS.
    pub(crate) fn client_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
        shown: Option<&Issued>,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.der().to_vec())).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut client = match shown {
            None => builder.with_no_client_auth(),
            Some(it) => {
                let chain = vec![CertificateDer::from(it.certificate.der().to_vec())];
                let key = PrivateKeyDer::try_from(it.key.serialize_der()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        client.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(client)
    }
}

impl Issued {
    pub(crate) fn pems(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    pub(crate) fn identity(&self) -> (Chain, PrivateKey) {
        let (certificate, key) = self.pems();
        let key = Secret::new(key.as_bytes());
        (Chain::from_pem(certificate.as_bytes()).unwrap(), PrivateKey::from_pem(&key).unwrap())
    }
}

/// A connection to `localhost`; the handshake happens with the first byte.
pub(crate) fn connect(to: SocketAddr, client: &Arc<ClientConfig>) -> Tls {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(client), name).unwrap(), stream)
}

/// Sends bytes and reads an answer with a `Content-Length`; empty when there is no connection.
pub(crate) fn exchange(stream: &mut Tls, bytes: &[u8]) -> String {
    if stream.write_all(bytes).is_err() {
        return String::new();
    }
    let mut answer = String::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap_or(0);
        answer += std::str::from_utf8(&piece[..n]).unwrap();
        let is_whole = answer.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
            length.is_some_and(|it| it.parse() == Ok(body.len()))
        });
        if n == 0 || is_whole {
            return answer;
        }
    }
}
