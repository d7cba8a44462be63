//! Opens connections to the upstream: name, socket, TLS, protocol.

use std::{fmt, rc::Rc};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    config::{Config, UpstreamHttp, UpstreamUrl},
    upstream::{fault::Failure, multiplexed::Multiplexed, single::Single, wire::Wire},
};

/// What it takes to open a connection.
pub(super) struct Dial {
    url: UpstreamUrl,
    http: UpstreamHttp,
    /// Nothing: an `https` upstream is not connected to.
    tls: Option<TlsConnector>,
    max_head: usize,
}

/// A connection by what it speaks.
pub(super) enum Opened {
    /// HTTP/2.
    Multiplexed(Rc<Multiplexed>),
    /// HTTP/1.1.
    Single(Single),
}

impl Dial {
    pub(super) fn new(config: &Config) -> Self {
        let client = config.upstream_tls.as_ref().map(|it| it.client(config.upstream_http));
        Self {
            url: config.upstream.clone(),
            http: config.upstream_http,
            tls: client.map(TlsConnector::from),
            max_head: config.bounds.upstream_head,
        }
    }

    /// False when every connection is HTTP/1.1, whatever the upstream would like.
    pub(super) fn may_be_http2(&self) -> bool {
        match self.http {
            UpstreamHttp::Auto => self.url.is_tls(),
            UpstreamHttp::H2c => true,
            UpstreamHttp::Http1 => false,
        }
    }

    pub(super) async fn open(&self) -> Result<Opened, Failure> {
        let address = (self.url.host(), self.url.port());
        let stream = TcpStream::connect(address).await.map_err(Failure::Connect)?;
        stream.set_nodelay(true).map_err(Failure::Connect)?;
        let (wire, is_http2) = match self.url.tls_name() {
            None => (Wire::plain(stream), self.http == UpstreamHttp::H2c),
            Some(name) => {
                let tls = self.tls.as_ref().ok_or(Failure::NoTls)?;
                let stream = tls.connect(name.clone(), stream).await.map_err(Failure::Tls)?;
                // What the server chose of what we offered.
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                (Wire::tls(stream), is_http2)
            }
        };
        if is_http2 {
            Ok(Opened::Multiplexed(Multiplexed::open(wire, self.max_head).await?))
        } else {
            Ok(Opened::Single(Single::open(wire, self.max_head).await?))
        }
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("url", &self.url).field("http", &self.http).finish()
    }
}
