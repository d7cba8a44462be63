//! Portcullis in this process, on free loopback ports.

use std::{net::SocketAddr, path::Path, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Config, UpstreamUrl},
    diagnostic::{Colour, render},
    server::{Running, Server, State},
    sources::load_policy,
};

/// A running proxy; it stops when it is dropped.
pub(crate) struct Proxy {
    running: Option<Running>,
}

impl Proxy {
    /// With a policy file of this repository, in front of an upstream.
    pub(crate) fn start(policy: &str, upstream: SocketAddr) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(policy);
        let (policy, found) = load_policy(&path);
        let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
        let gate = Gate::new(Arc::new(policy), CacheLimits::default());
        let upstream = UpstreamUrl::parse(&format!("http://{upstream}/graphql")).expect("a URL");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: any, admin: None, ..Config::new(upstream) };
        let running = Server::start(config, State::new(gate)).expect("the server starts");
        Self { running: Some(running) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().map(Running::addr).expect("it runs until it is dropped")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
            let _cut_off = running.join();
        }
    }
}
