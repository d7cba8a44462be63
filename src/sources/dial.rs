//! Opens connections to servers that we ask: name, socket, TLS.
//!
//! Knows no deadline; whoever waits for a connection has one.

use std::{error::Error, fmt, io, net::SocketAddr};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    config::{UpstreamHttp, UpstreamTls, UpstreamUrl},
    sources::wire::Wire,
};

/// What it takes to open a connection to a server.
pub(crate) struct Dialer {
    url: UpstreamUrl,
    /// Where it is; nothing: where its name leads.
    address: Option<SocketAddr>,
    /// Nothing: an `https` server is not connected to.
    tls: Option<UpstreamTls>,
    /// What is offered to it.
    http: UpstreamHttp,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum DialError {
    /// No socket.
    Connect(io::Error),
    /// It wants TLS, and nobody said whom to trust.
    NoTls,
    /// The TLS handshake failed: one side does not accept the other.
    Tls(io::Error),
}

impl From<DialError> for Box<dyn Error + Send + Sync> {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Connect(it) => it.into(),
            DialError::NoTls => "nobody is trusted for TLS".into(),
            DialError::Tls(it) => format!("no TLS: {it}").into(),
        }
    }
}

impl Dialer {
    /// `http` says which protocols are offered to an `https` server.
    pub(crate) fn new(url: &UpstreamUrl, tls: Option<&UpstreamTls>, http: UpstreamHttp) -> Self {
        Self { url: url.clone(), address: None, tls: tls.cloned(), http }
    }

    /// The same server at one of the addresses of its name.
    pub(crate) fn at(self, address: Option<SocketAddr>) -> Self {
        Self { address, ..self }
    }

    pub(crate) const fn url(&self) -> &UpstreamUrl {
        &self.url
    }

    /// Opens a connection.
    pub(crate) async fn open(&self) -> Result<Wire, DialError> {
        let stream = match self.address {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((self.url.host(), self.url.port())).await,
        };
        let stream = stream.map_err(DialError::Connect)?;
        stream.set_nodelay(true).map_err(DialError::Connect)?;
        let Some(name) = self.url.tls_name() else { return Ok(Wire::plain(stream)) };
        let tls = self.tls.as_ref().ok_or(DialError::NoTls)?;
        let tls = TlsConnector::from(tls.client(self.http));
        tls.connect(name.clone(), stream).await.map(Wire::tls).map_err(DialError::Tls)
    }
}
