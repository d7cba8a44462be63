//! Opens connections to the upstream, in the protocol that it speaks.

use std::{fmt, net::SocketAddr, rc::Rc};

use crate::{
    config::{Config, UpstreamHttp, UpstreamUrl},
    sources::Dialer,
    upstream::{fault::Failure, multiplexed::Multiplexed, single::Single},
};

/// What it takes to open a connection.
pub(super) struct Dial {
    dialer: Dialer,
    http: UpstreamHttp,
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
    pub(super) fn new(config: &Config, url: &UpstreamUrl, at: Option<SocketAddr>) -> Self {
        let (http, tls) = (config.upstream_http, config.upstream_tls.as_ref());
        let dialer = Dialer::new(url, tls, http).at(at);
        Self { dialer, http, max_head: config.bounds.upstream_head }
    }

    /// False when every connection is HTTP/1.1, whatever the upstream would like.
    pub(super) fn may_be_http2(&self) -> bool {
        match self.http {
            UpstreamHttp::Auto => self.dialer.url().is_tls(),
            UpstreamHttp::H2c => true,
            UpstreamHttp::Http1 => false,
        }
    }

    pub(super) async fn open(&self) -> Result<Opened, Failure> {
        let wire = self.dialer.open().await?;
        if wire.is_http2() || self.http == UpstreamHttp::H2c {
            Ok(Opened::Multiplexed(Multiplexed::open(wire, self.max_head).await?))
        } else {
            Ok(Opened::Single(Single::new(wire, self.max_head)))
        }
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial").field("url", self.dialer.url()).field("http", &self.http).finish()
    }
}
