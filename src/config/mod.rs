//! How this process runs: addresses, the upstream, workers, deadlines, bounds.
//!
//! Never what is admitted (that is the policy), and nothing here reads flags, files or the
//! environment: `cli` fills these structs, and hands over what a file holds.

mod admin_access;
mod bounds;
mod collector;
mod deadlines;
mod front;
mod graphs;
mod store;
mod traffic;
mod trusted_proxies;
mod secret;
mod settings;
mod table;
mod upstream_http;
mod upstream_tls;
mod upstream_url;

pub use admin_access::{AdminAccess, AdminToken, ShortToken};
pub use bounds::Bounds;
pub use collector::Collector;
pub use deadlines::Deadlines;
pub use front::{ClientCertificates, Front, ListenerTls};
pub use graphs::GraphSettings;
pub use secret::{LinkKey, Secret, ShortKey};
pub use settings::{Amount, Setting, read_settings};
pub use store::{Redis, RedisUrl, RedisUrlProblem};
pub use table::{BOUNDS, DEADLINES};
pub use traffic::{Sample, TrafficFile};
pub use trusted_proxies::{NotANetwork, TrustedProxies};
pub use upstream_http::UpstreamHttp;
pub use upstream_tls::{Chain, PrivateKey, TlsProblem, Trust, UpstreamTls};
pub use upstream_url::{UpstreamUrl, UrlProblem};

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    sync::Arc,
};

use crate::{admission::CacheLimits, telemetry::GraphIndex, traffic::Shadow};

/// Everything that `serve` is told except the policy.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What this graph is called in metrics and logs; none: what is told of it has no such label, or
    /// with several graphs its host and path.
    pub name: Option<Box<str>>,
    /// The hosts at which this graph is asked for, in lower case, without a port; none: any that no
    /// other graph has.
    pub hosts: Vec<Box<str>>,
    /// What protects the way from clients to us.
    pub front: Front,
    /// Where operators connect; none: no admin listener.
    pub admin: Option<SocketAddr>,
    /// Who may look at the console and the metrics.
    pub admin_access: AdminAccess,
    /// The GraphQL server that is protected.
    pub upstream: UpstreamUrl,
    /// Where else it is; each of them differs in host and port alone.
    pub more_upstreams: Vec<UpstreamUrl>,
    /// Where it takes WebSocket; none: where it takes requests.
    pub upstream_websocket: Option<UpstreamUrl>,
    /// Which HTTP it speaks.
    pub upstream_http: UpstreamHttp,
    /// How an `https` upstream is recognised; none: no connection to one.
    pub upstream_tls: Option<UpstreamTls>,
    /// What requests to the upstream are signed with; none: not signed.
    pub upstream_key: Option<LinkKey>,
    /// How an `https` key server is recognised; none: by the system's authorities.
    pub key_server_tls: Option<UpstreamTls>,
    /// What replicas share; none: every process counts by itself.
    pub redis: Option<Redis>,
    /// Threads, each with a listener, a runtime and an upstream pool of its own.
    pub workers: NonZeroUsize,
    /// The proxies in front of us whose word about a client's address counts; none.
    pub trusted_proxies: TrustedProxies,
    /// How long anything may take.
    pub deadlines: Deadlines,
    /// How much of anything there may be.
    pub bounds: Bounds,
    /// Where traffic is written down; none: nowhere.
    pub traffic: Option<TrafficFile>,
    /// Where traces and metrics are sent; none: nowhere, and `traceparent` is what clients say.
    pub collector: Option<Collector>,
    /// The policy that is judged beside the one in force; none.
    pub shadow: Option<Arc<Shadow>>,
    /// How many documents are remembered.
    pub cache: CacheLimits,
}

impl Config {
    /// The defaults in front of an upstream.
    #[must_use]
    pub fn new(upstream: UpstreamUrl) -> Self {
        Self {
            listen: DEFAULT_LISTEN,
            name: None,
            hosts: Vec::new(),
            front: Front::Plain,
            admin: Some(DEFAULT_ADMIN),
            admin_access: AdminAccess::default(),
            upstream,
            more_upstreams: Vec::new(),
            upstream_websocket: None,
            upstream_http: UpstreamHttp::default(),
            upstream_tls: None,
            upstream_key: None,
            key_server_tls: None,
            redis: None,
            workers: default_workers(),
            trusted_proxies: TrustedProxies::default(),
            deadlines: Deadlines::default(),
            bounds: Bounds::default(),
            traffic: None,
            collector: None,
            shadow: None,
            cache: CacheLimits::default(),
        }
    }

    /// The same for WebSocket alone, when the upstream takes it at another place.
    #[must_use]
    pub fn websocket_apart(&self) -> Option<Self> {
        let upstream = self.upstream_websocket.clone()?;
        let (more_upstreams, upstream_websocket) = (Vec::new(), None);
        Some(Self { upstream, more_upstreams, upstream_websocket, ..self.clone() })
    }

    /// As what the graph is counted.
    #[must_use]
    pub fn graph(&self) -> GraphIndex {
        self.name.as_deref().and_then(GraphIndex::named).unwrap_or_default()
    }

    /// Where the upstream is: one URL, or several.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &UpstreamUrl> {
        [&self.upstream].into_iter().chain(&self.more_upstreams)
    }
}

/// Loopback only: whoever opens the proxy to a network says so.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000);
/// Loopback only: the admin listener has no authentication.
pub const DEFAULT_ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4001);

/// One worker per core: a worker never waits for anything but its sockets.
fn default_workers() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
