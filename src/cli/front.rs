//! The flags about what protects the way from clients to us.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{
    config::{ClientCertificates, Front},
    diagnostic::Diagnostics,
    server::CertificateKeeper,
    sources::ListenerFiles,
};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Arguments {
    /// PEM file of the certificate that clients are met with; it is read again when it changes
    #[arg(long, env = "PORTCULLIS_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file of its key
    #[arg(long, env = "PORTCULLIS_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// PEM file of the authorities that may vouch for clients: `client.mtls` in the policy
    #[arg(long, env = "PORTCULLIS_TLS_CLIENT_CA", value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,
    /// Whether a client without a certificate is met at all
    #[arg(
        long,
        env = "PORTCULLIS_TLS_CLIENT_AUTH",
        value_enum,
        default_value_t = Demand::Required,
        requires = "tls_client_ca"
    )]
    tls_client_auth: Demand,
    /// A proxy in front of this one ends TLS: plain text off loopback is meant
    #[arg(long, env = "PORTCULLIS_BEHIND_TLS", conflicts_with = "tls_cert")]
    behind_tls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Demand {
    /// The policy decides
    Optional,
    /// No
    Required,
}

impl Arguments {
    /// What the flags come to, and who reads the files again.
    pub(super) fn load(&self, found: &mut Diagnostics) -> (Front, Option<CertificateKeeper>) {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return (if self.behind_tls { Front::BehindTls } else { Front::Plain }, None);
        };
        let demand = match self.tls_client_auth {
            Demand::Optional => ClientCertificates::Optional,
            Demand::Required => ClientCertificates::Required,
        };
        let files = ListenerFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            clients: self.tls_client_ca.clone().map(|it| (it, demand)),
        };
        let (tls, watch) = files.load(found);
        (tls.map_or(Front::Plain, Front::Tls), Some(CertificateKeeper::of_listener(files, watch)))
    }
}
