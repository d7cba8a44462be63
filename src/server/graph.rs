//! The graphs that one process serves: each with a policy, an upstream, and what was spent of its
//! rates, chosen by the host and the path of a request.
//!
//! A request for a host that no graph has, or for a path that none has there, is refused: there is
//! no graph that gets what is left, unless one has no hosts.

use std::{cell::RefCell, collections::HashSet, io, rc::Rc, sync::Arc};

use arc_swap::{ArcSwap, ArcSwapOption};
use http::{header::HOST, request::Parts};

use crate::{
    config::{Config, UpstreamUrl},
    server::{
        host::without_port,
        noted::Taps,
        state::{FailedReload, State},
    },
    telemetry::GraphIndex,
    upstream::Upstream,
    verdict::{Code, Violation, ids},
};

/// A graph as all workers share it.
#[derive(Debug)]
pub(super) struct Graph {
    /// As what it is counted.
    pub(super) index: GraphIndex,
    pub(super) config: Config,
    pub(super) state: ArcSwap<State>,
    /// The last reload, when it failed.
    pub(super) failed: ArcSwapOption<FailedReload>,
    /// Who else sees what is asked for.
    pub(super) taps: Arc<Taps>,
}

/// All graphs; there is at least one.
#[derive(Debug)]
pub(super) struct Graphs {
    pub(super) first: Arc<Graph>,
    pub(super) rest: Box<[Arc<Graph>]>,
}

/// A graph as one worker has it. It never leaves its thread.
#[derive(Debug)]
pub(super) struct Site {
    graph: Arc<Graph>,
    /// What is in force, as last seen: a count of our own, so that cores do not share one.
    seen: RefCell<Rc<InForce>>,
    upstream: Rc<Upstream>,
}

/// All graphs of a worker.
#[derive(Debug)]
pub(super) struct Sites {
    first: Rc<Site>,
    rest: Box<[Rc<Site>]>,
}

/// A state that a request holds on to until it is answered.
#[derive(Debug)]
pub(super) struct InForce(Arc<State>);

impl std::ops::Deref for InForce {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Graph {
    pub(super) fn new(config: Config, state: State, taps: Taps) -> Arc<Self> {
        let (state, failed) = (ArcSwap::from_pointee(state), ArcSwapOption::empty());
        Arc::new(Self { index: config.graph(), config, state, failed, taps: Arc::new(taps) })
    }

    /// Puts another state in force. Requests in progress end under the one they began with.
    ///
    /// An error when there is no thread that asks for keys: nobody could be identified, so what is
    /// in force stays so.
    pub(super) fn replace(&self, state: State) -> io::Result<()> {
        let state = state.begun(&self.config, Some(&self.state.load()))?;
        self.state.store(Arc::new(state));
        Ok(())
    }
}

impl Graphs {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Graph>> {
        [&self.first].into_iter().chain(&self.rest)
    }

    /// Whether no request would be for two graphs, had one of them another path.
    pub(super) fn other_path(&self, graph: &Graph, path: &str) -> Result<(), String> {
        let states: Vec<_> = self.iter().map(|it| (it, it.state.load_full())).collect();
        distinct(states.iter().flat_map(|(it, state)| {
            let is_it = std::ptr::eq(Arc::as_ptr(it), graph);
            places(&it.config, if is_it { path } else { &state.http().path })
        }))
    }
}

/// Which requests are for a graph: its hosts, or any, with its path.
pub(super) fn places<'g>(
    config: &'g Config,
    path: &'g str,
) -> impl Iterator<Item = (Option<&'g str>, &'g str)> {
    let hosts = config.hosts.iter().map(|it| Some(&**it));
    let any = config.hosts.is_empty().then_some(None);
    hosts.chain(any).map(move |it| (it, path))
}

/// No request is for two graphs.
pub(super) fn distinct<'g>(
    places: impl Iterator<Item = (Option<&'g str>, &'g str)>,
) -> Result<(), String> {
    let mut seen = HashSet::new();
    for (host, path) in places {
        if !seen.insert((host, path)) {
            return Err(format!("two graphs have `{}{path}`", host.unwrap_or("*")));
        }
    }
    Ok(())
}

impl Site {
    fn new(graph: &Arc<Graph>) -> Rc<Self> {
        let seen = RefCell::new(Rc::new(InForce(graph.state.load_full())));
        let upstream = Upstream::new(&graph.config);
        Rc::new(Self { graph: Arc::clone(graph), seen, upstream })
    }

    /// What is in force now.
    pub(super) fn in_force(&self) -> Rc<InForce> {
        let latest = self.graph.state.load();
        let mut seen = self.seen.borrow_mut();
        if !Arc::ptr_eq(&latest, &seen.0) {
            *seen = Rc::new(InForce(Arc::clone(&latest)));
        }
        Rc::clone(&seen)
    }

    /// As what it is counted.
    pub(super) fn index(&self) -> GraphIndex {
        self.graph.index
    }

    pub(super) const fn upstream(&self) -> &Rc<Upstream> {
        &self.upstream
    }

    /// Where the upstream is, when it is at one place.
    pub(super) fn upstream_url(&self) -> Option<&UpstreamUrl> {
        let config = &self.graph.config;
        config.more_upstreams.is_empty().then_some(&config.upstream)
    }

    pub(super) fn taps(&self) -> &Arc<Taps> {
        &self.graph.taps
    }

    fn hosts(&self) -> &[Box<str>] {
        &self.graph.config.hosts
    }
}

impl Sites {
    pub(super) fn new(graphs: &Graphs) -> Self {
        let rest = graphs.rest.iter().map(Site::new).collect();
        Self { first: Site::new(&graphs.first), rest }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rc<Site>> {
        [&self.first].into_iter().chain(&self.rest)
    }

    /// Whether any of them takes WebSockets now.
    pub(super) fn take_websockets(&self) -> bool {
        self.iter().any(|it| it.in_force().http().websocket.is_some())
    }

    /// The graph that a request is for. When there is none, it is refused in the name of another.
    pub(super) fn meant(&self, head: &Parts) -> (&Rc<Site>, Option<Violation>) {
        if self.rest.is_empty() && self.first.hosts().is_empty() {
            // Whoever looks at the path says what is wrong with it.
            return (&self.first, None);
        }
        let host = host(head).to_ascii_lowercase();
        let named = |it: &&Rc<Site>| it.hosts().iter().any(|it| **it == *host);
        let open = |it: &&Rc<Site>| it.hosts().is_empty();
        let is_named = self.iter().any(|it| named(&it));
        let mut here =
            self.iter().filter(|it| if is_named { named(it) } else { open(it) }).peekable();
        let Some(first) = here.peek().copied() else {
            let public = "this host is not served here";
            return (&self.first, Some(wrong(ids::HOST, Code::MISDIRECTED_REQUEST, public)));
        };
        match here.find(|it| *it.in_force().http().path == *head.uri.path()) {
            Some(site) => (site, None),
            None => (first, Some(wrong(ids::PATH, Code::NOT_FOUND, "there is nothing here"))),
        }
    }
}

/// Gives a graph that has no name one that tells it from others: no two have the same host and path.
/// It keeps the name when another policy brings another path.
pub(super) fn name(config: &mut Config, path: &str) {
    let host = config.hosts.first().map_or("*", |it| &**it);
    let name = format!("{host}{path}");
    config.name.get_or_insert_with(|| name.into());
}

fn wrong(rule: &'static str, code: Code, public: &'static str) -> Violation {
    Violation::new(rule, code, public)
}

/// The host without its port. Two that differ are refused by the route.
fn host(head: &Parts) -> &str {
    if let Some(authority) = head.uri.authority() {
        return authority.host();
    }
    let text = head.headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    without_port(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, header: Option<&str>, expect: &str) {
        let mut request = http::Request::builder().uri(uri);
        if let Some(header) = header {
            request = request.header(HOST, header);
        }
        let head = request.body(()).unwrap().into_parts().0;
        assert_eq!(host(&head), expect);
    }

    #[test]
    fn hosts_have_no_port() {
        check("/graphql", Some("shop.example"), "shop.example");
        check("/graphql", Some("shop.example:443"), "shop.example");
        check("/graphql", Some("[::1]:80"), "[::1]");
        check("/graphql", Some("[::1]"), "[::1]");
        check("http://shop.example:80/", None, "shop.example");
        check("/", None, "");
    }
}
