//! The names of graphs in spans: of several each is told by its own, and one alone by none.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use portcullis::{
    admission::{CacheLimits, Gate},
    config::{Collector, Config, UpstreamUrl},
    server::{Server, State},
    sources::load_policy,
};

use crate::{
    POLICY, SCHEMA, fact, spans,
    support::{
        bench::{ANSWER, ONE},
        upstream::Upstream,
        wire::{exchange, request},
    },
};

/// What is refused by every one of the policies.
const DEEP: &str = r#"{"query":"{ b { b { a } } }"}"#;

fn state(folder: &Path) -> State {
    let path = folder.join("policy.yaml");
    fs::write(folder.join("test.graphql"), SCHEMA).unwrap();
    fs::write(&path, POLICY).unwrap();
    let policy = load_policy(&path).0.expect("a policy");
    State::new(Gate::new(Arc::new(policy), CacheLimits::default()))
}

/// The spans of requests, in the order in which they ended, when graphs of these names and hosts
/// are asked at these hosts.
fn told(graphs: &[(Option<&str>, &[&str])], asked: &[(&str, &str)]) -> Vec<Span> {
    let folder = tempfile::tempdir().unwrap();
    let (collector, upstream) = (Upstream::answering(""), Upstream::answering(ANSWER));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let url = |at: SocketAddr, path: &str| UpstreamUrl::parse(&format!("http://{at}{path}"));
    let mut all = graphs.iter().map(|(name, hosts)| {
        let wanted = Collector::new(url(collector.address(), "/base/").unwrap());
        let config = Config::new(url(upstream.address(), "/up").unwrap());
        let hosts = hosts.iter().map(|it| (*it).into()).collect();
        let name = name.map(Into::into);
        let config = Config { name, hosts, listen: any, collector: Some(wanted), ..config };
        (config, state(folder.path()))
    });
    let first = all.next().expect("at least one graph");
    let running = Server::start_all(first, all.collect()).unwrap();
    for (host, body) in asked {
        let headers = [("Host", *host), ("Content-Type", "application/json")];
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        exchange(running.addr(), &bytes).expect("an answer");
    }
    running.stop();
    let _cut_off = running.join();
    let mut spans = spans(&collector.take());
    spans.retain(|it| it.kind == i32::from(SpanKind::Server));
    spans.sort_by_key(|it| it.start_time_unix_nano);
    spans
}

fn check(spans: &[Span], expect: &[Option<&str>]) {
    let names: Vec<_> = spans.iter().map(|it| fact(&it.attributes, "portcullis.graph")).collect();
    let names: Vec<_> = names.iter().map(Option::as_deref).collect();
    assert_eq!(names, expect);
}

#[test]
fn spans_name_their_graph() {
    let graphs: [(Option<&str>, &[&str]); 2] =
        [(Some("span-shop"), &["shop.example"]), (Some("span-rest"), &["rest.example"])];
    let asked = [
        ("shop.example", ONE),
        ("rest.example", ONE),
        ("rest.example", DEEP),
        ("lost.example", ONE),
    ];
    let spans = told(&graphs, &asked);
    // What is for no graph has no name, nor that of whoever comes first.
    check(&spans, &[Some("span-shop"), Some("span-rest"), Some("span-rest"), None]);
    assert_eq!(fact(&spans[2].attributes, "error.type").as_deref(), Some("MAX_DEPTH_LIMIT"));
    assert_eq!(fact(&spans[3].attributes, "error.type").as_deref(), Some("MISDIRECTED_REQUEST"));
}

#[test]
fn spans_of_one_graph_without_a_name_name_none() {
    let spans = told(&[(None, &[])], &[("shop.example", ONE), ("shop.example", DEEP)]);
    check(&spans, &[None, None]);
}
