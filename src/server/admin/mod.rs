//! The admin listener: probes, metrics and the console. No client of the proxy can reach it.

mod access;
mod events;
mod show;

pub(super) use show::figures;

use std::{
    cell::RefCell, convert::Infallible, io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, LocalOptions},
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    console::{self, History, Page, Sightings},
    server::{
        admin::{
            access::{Denied, Peer},
            events::{Body, Seats},
        },
        drain::Phase,
        health,
        state::Shared,
    },
    sources::Accepted,
    telemetry::{AcceptFailed, Exposition, numbers},
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

/// What the connections of operators share.
#[derive(Debug)]
struct Desk {
    shared: Arc<Shared>,
    phase: watch::Receiver<Phase>,
    history: RefCell<History>,
    sightings: RefCell<Sightings>,
    seats: Seats,
}

async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    let (history, sightings, seen) = (RefCell::default(), RefCell::default(), phase.clone());
    let desk = Rc::new(Desk { shared, phase: seen, history, sightings, seats: Seats::default() });
    let mut samples = interval(SAMPLE);
    samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn_local(connection(stream, peer, Rc::clone(&desk)));
                }
                Err(error) => {
                    AcceptFailed { detail: &error }.emit();
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
            _now = samples.tick() => desk.history.borrow_mut().note(show::now(), &numbers()),
            _now = looks.tick() => show::look(&desk),
            _told = phase.wait_for(|it| *it == Phase::Stopped) => return Ok(()),
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, desk: Rc<Desk>) {
    let peer = Peer { address: peer.ip(), local: stream.local_addr().ok().map(|it| it.ip()) };
    let deadlines = &desk.shared.config.deadlines;
    let (head, stream) = (deadlines.head, Accepted::plain(stream, deadlines.stall));
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &desk, peer);
        async { Ok::<_, Infallible>(response) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    // Whatever ends it, the operator's client sees it too.
    let _ended = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn respond<B>(request: &Request<B>, desk: &Rc<Desk>, peer: Peer) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return json((StatusCode::METHOD_NOT_ALLOWED, r#"{"error":"only GET"}"#.into()));
    }
    let path = request.uri().path();
    match path {
        "/livez" => return json(health::live()),
        "/readyz" => return json(health::ready(&desk.shared, *desk.phase.borrow())),
        _ => {}
    }
    let access = &desk.shared.config.admin_access;
    if let Err(denied) = access::check(access, request, peer) {
        return deny(denied);
    }
    match path {
        "/metrics" => metrics(request, &desk.shared),
        "/" => html(console::page(&show::view(desk))),
        "/events" => match desk.seats.take() {
            Some(seat) => body("text/event-stream", Body::events(Rc::clone(desk), seat)),
            None => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "too many watch\n".into()),
        },
        _ => match path.strip_prefix("/explain/").and_then(console::explain) {
            Some(page) => html(page),
            None => json((StatusCode::NOT_FOUND, r#"{"error":"no such page"}"#.into())),
        },
    }
}

fn metrics<B>(request: &Request<B>, shared: &Shared) -> Response<Body> {
    let accept = request.headers().get_all(ACCEPT).iter().filter_map(|it| it.to_str().ok());
    let form = Exposition::accepted(&accept.collect::<Vec<_>>().join(","));
    match form.write(&figures(shared)) {
        Ok(text) => answer(StatusCode::OK, form.media(), text),
        Err(_never) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, String::new()),
    }
}

fn deny(denied: Denied) -> Response<Body> {
    let (status, why) = match denied {
        Denied::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            "this host is not served here; `--admin-host` names others\n",
        ),
        Denied::Stranger => (
            StatusCode::FORBIDDEN,
            "without `--admin-token-file` the console is shown on loopback alone\n",
        ),
        Denied::Token => {
            (StatusCode::UNAUTHORIZED, "the token of `--admin-token-file` is needed\n")
        }
    };
    let mut response = answer(status, TEXT, why.into());
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"portcullis\", charset=\"UTF-8\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn html(page: Page) -> Response<Body> {
    let mut response = answer(StatusCode::OK, "text/html; charset=utf-8", page.html);
    if let Ok(csp) = HeaderValue::try_from(page.csp) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, csp);
    }
    response
}

fn json((status, text): (StatusCode, String)) -> Response<Body> {
    answer(status, "application/json", text)
}

fn answer(status: StatusCode, media: &'static str, text: String) -> Response<Body> {
    let mut response = body(media, Body::whole(Bytes::from(text)));
    *response.status_mut() = status;
    response
}

/// Nothing of it is kept, framed, sniffed or told to others.
fn body(media: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, media),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const TEXT: &str = "text/plain; charset=utf-8";
/// 64 connections: probes, a scraper and a few people need less.
const MAX_CONNECTIONS: usize = 64;
/// 2 s: the step of the picture on the console.
const SAMPLE: Duration = Duration::from_secs(2);
/// 10 s: how exactly it is told when an operation came first and last.
const LOOK: Duration = Duration::from_secs(10);
