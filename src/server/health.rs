//! What probes are told: `/livez` and `/readyz`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    diagnostic::to_json,
    server::{
        drain::Phase,
        graph::Graph,
        state::{Drifted, FailedReload, Shared},
    },
    traffic::{ShadowSeen, criterion},
};

/// Alive: whoever can say so is.
pub(super) fn live() -> (StatusCode, String) {
    (StatusCode::OK, r#"{"live":true}"#.into())
}

/// Ready: every worker listens, nobody told us to stop, and some graph does not refuse everything. A
/// policy is always in force; that a newer one cannot be used is told, and does not take away
/// readiness.
pub(super) fn ready(shared: &Shared, phase: Phase) -> (StatusCode, String) {
    let (listening, workers) = (shared.n_listening(), shared.config.workers.get());
    let draining = phase != Phase::Serving;
    // The others are served on; who takes us out of turn for one of them would end them all.
    let refusing = shared.graphs.iter().map(|it| why_refused(it)).collect::<Option<Vec<_>>>();
    let is_ready = listening == workers && !draining && refusing.is_none();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": is_ready,
        "workers": { "listening": listening, "configured": workers },
        "draining": draining,
        "refusing": refusing,
        "policy": policy(&shared.graphs.first),
        "graphs": shared.graphs.iter().map(|it| graph(it)).collect::<Vec<_>>(),
        "certificate": certificate(shared),
        "upstream_certificate": upstream_certificate(shared),
    });
    (status, body.to_string())
}

/// Why every request of a graph is refused, if it is.
fn why_refused(graph: &Graph) -> Option<String> {
    graph.state.load().drifted.as_ref().and_then(|it| it.why_refused())
}

/// Where a graph is, and what is in force for it.
fn graph(graph: &Graph) -> Value {
    let state = graph.state.load();
    let path = &*state.http().path;
    let shadow = graph.taps.shadow().map(|it| shadow(&it.seen()));
    json!({
        "name": graph.index.name(),
        "hosts": graph.config.hosts,
        "path": path,
        "refusing": why_refused(graph),
        "policy": policy(graph),
        "shadow": shadow,
    })
}

/// How the policy that is judged beside did so far.
fn shadow(seen: &ShadowSeen) -> Value {
    json!({
        "name": seen.name,
        "digest": format!("sha256:{}", seen.digest),
        "operations": seen.n,
        "newly_refused": seen.newly_refused,
        "newly_admitted": seen.newly_admitted,
        "left_out": seen.left_out,
        "criterion": criterion(seen.n, seen.newly_refused),
    })
}

/// Why newer certificates are not in force; null when we do not end TLS.
fn certificate(shared: &Shared) -> Value {
    let failed = shared.failed_tls.clients.load();
    let failed = failed.as_ref().map(|it| failed_reload(it));
    shared.tls.load().as_ref().map_or(Value::Null, |_| json!({ "failed_reload": failed }))
}

/// The same of those that upstreams are met with; null when no connection to them has any.
fn upstream_certificate(shared: &Shared) -> Value {
    let failed = shared.failed_tls.upstreams.load();
    let failed = failed.as_ref().map(|it| failed_reload(it));
    let has_any = shared.graphs.iter().any(|it| it.config.upstream_tls.is_some());
    if has_any { json!({ "failed_reload": failed }) } else { Value::Null }
}

fn failed_reload(failed: &FailedReload) -> Value {
    json!({ "at": failed.at.0, "found": to_json(&failed.found) })
}

/// What is in force since when, and why a newer one is not. Times in seconds since 1970.
fn policy(graph: &Graph) -> Value {
    let state = graph.state.load();
    let policy = state.gate.policy();
    let failed = graph.failed.load();
    json!({
        "name": policy.name,
        "digest": format!("sha256:{}", policy.digest),
        "loaded_at": state.since.0,
        "drift": state.drifted.as_deref().map(drift),
        "failed_reload": failed.as_ref().map(|it| failed_reload(it)),
    })
}

fn drift(drifted: &Drifted) -> Value {
    let first = drifted.differences.iter().take(MAX_DIFFERENCES);
    let first = first.map(|it| json!({ "at": it.at, "detail": it.detail }));
    json!({
        "refuses": drifted.refuses,
        "differences": drifted.differences.len(),
        "first": first.collect::<Vec<_>>(),
    })
}

/// 20 differences: enough to see what was deployed.
const MAX_DIFFERENCES: usize = 20;
