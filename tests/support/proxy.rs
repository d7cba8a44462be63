//! Portcullis in this process, on free loopback ports.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Config, Sample, TrafficFile, UpstreamUrl},
    diagnostic::{Colour, render},
    server::{Running, Server, State},
    sources::load_policy,
    traffic::{Bounds, Details, Writing},
};

use crate::support::wire::exchange;

/// A traffic log of every request.
pub(crate) fn traffic(path: PathBuf, details: Details) -> TrafficFile {
    let writing = Writing { path, bounds: Bounds::default(), details };
    TrafficFile { writing, sample: Sample::ALL }
}

/// A running proxy; it stops when it is dropped.
pub(crate) struct Proxy {
    running: Option<Running>,
}

impl Proxy {
    /// With a policy file of this repository, in front of an upstream.
    pub(crate) fn start(policy: &str, upstream: SocketAddr) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(policy);
        Self::serve(state(&path), upstream, |_config| {})
    }

    /// The same with a config that is changed.
    pub(crate) fn start_with(
        policy: &Path,
        upstream: SocketAddr,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::serve(state(policy), upstream, change)
    }

    /// With a policy over `test.graphql`, and a config that is changed.
    pub(crate) fn with(
        policy: &str,
        schema: &str,
        upstream: SocketAddr,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.yaml");
        fs::write(folder.path().join("test.graphql"), schema).expect("write");
        fs::write(&path, policy).expect("write");
        Self::serve(state(&path), upstream, change)
    }

    fn serve(state: State, upstream: SocketAddr, change: impl FnOnce(&mut Config)) -> Self {
        let upstream = format!("http://{upstream}/up?x=1");
        let upstream = UpstreamUrl::parse(&upstream).expect("a URL");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Config { listen: any, admin: Some(any), ..Config::new(upstream) };
        change(&mut config);
        Self { running: Some(Server::start(config, state).expect("the server starts")) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running().addr()
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.running().admin_addr().expect("it has an admin listener")
    }

    /// Puts another policy over `test.graphql` in force.
    pub(crate) fn replace(&self, policy: &str, schema: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.yaml");
        fs::write(folder.path().join("test.graphql"), schema).expect("write");
        fs::write(&path, policy).expect("write");
        self.running().replace(state(&path)).expect("it is in force");
    }

    /// Tells it to stop.
    pub(crate) fn begin_to_stop(&self) {
        self.running().stop();
    }

    /// Stops it; how many connections it has cut off.
    pub(crate) fn stop(mut self) -> u64 {
        self.begin_to_stop();
        self.running.take().expect("it runs until it is dropped").join()
    }

    /// What `/readyz` says.
    pub(crate) fn ready(&self) -> String {
        let get = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answer = exchange(self.admin_address(), get).expect("an answer");
        String::from_utf8_lossy(&answer.body).into_owned()
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is dropped")
    }
}

fn state(policy: &Path) -> State {
    let (policy, found) = load_policy(policy);
    let policy = policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain)));
    State::new(Gate::new(Arc::new(policy), CacheLimits::default()))
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
            let _cut_off = running.join();
        }
    }
}
