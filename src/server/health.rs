//! The admin listener: `/livez` and `/readyz`. No client of the proxy can reach it.

use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, LocalOptions},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use crate::{
    diagnostic::to_json,
    server::{
        drain::Phase,
        graph::Graph,
        state::{Drifted, FailedReload, Shared},
    },
    telemetry::AcceptFailed,
    traffic::{ShadowSeen, criterion},
};

/// Serves until the workers have ended, so that `/readyz` can tell that they are about to.
pub(super) fn run(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
) {
    let serving = || {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        runtime.block_on(serve(listener, shared, phase))
    };
    if let Err(error) = serving() {
        AcceptFailed { detail: &error }.emit();
    }
}

async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    let seen = phase.clone();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _peer)) => {
                    let (shared, seen) = (Arc::clone(&shared), seen.clone());
                    connections.spawn_local(connection(stream, shared, seen));
                }
                Err(error) => {
                    AcceptFailed { detail: &error }.emit();
                    sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
            _told = phase.wait_for(|it| *it == Phase::Stopped) => return Ok(()),
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, phase: watch::Receiver<Phase>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &shared, *phase.borrow());
        async { Ok::<_, Infallible>(response) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(shared.config.deadlines.head);
    // Whatever ends it, the operator's client sees it too.
    let _ended = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn respond<B>(request: &Request<B>, shared: &Shared, phase: Phase) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return json(StatusCode::METHOD_NOT_ALLOWED, r#"{"error":"only GET"}"#.into());
    }
    match request.uri().path() {
        "/livez" => json(StatusCode::OK, r#"{"live":true}"#.into()),
        "/readyz" => ready(shared, phase),
        _ => json(StatusCode::NOT_FOUND, r#"{"error":"no such page"}"#.into()),
    }
}

/// Ready: every worker listens, nobody told us to stop. A policy is always in force; that a newer
/// one cannot be used is told, and does not take away readiness.
fn ready(shared: &Shared, phase: Phase) -> Response<Full<Bytes>> {
    let (listening, workers) = (shared.n_listening(), shared.config.workers.get());
    let draining = phase != Phase::Serving;
    let is_ready = listening == workers && !draining;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "ready": is_ready,
        "workers": { "listening": listening, "configured": workers },
        "draining": draining,
        "policy": policy(&shared.graphs.first),
        "graphs": shared.graphs.iter().map(|it| graph(it)).collect::<Vec<_>>(),
        "certificate": certificate(shared),
    });
    json(status, body.to_string())
}

/// Where a graph is, and what is in force for it.
fn graph(graph: &Graph) -> Value {
    let state = graph.state.load();
    let path = &*state.http().path;
    let shadow = graph.taps.shadow().map(|it| shadow(&it.seen()));
    json!({ "hosts": graph.config.hosts, "path": path, "policy": policy(graph), "shadow": shadow })
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
    let failed = shared.failed_tls.load();
    let failed = failed.as_ref().map(|it| failed_reload(it));
    shared.tls.load().as_ref().map_or(Value::Null, |_| json!({ "failed_reload": failed }))
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

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let media = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

/// 64 connections: probes and a scraper need a handful.
const MAX_CONNECTIONS: usize = 64;
/// 20 differences: enough to see what was deployed.
const MAX_DIFFERENCES: usize = 20;
