//! One client connection: which protocol, under which bounds, and how it is told to finish.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    convert::Infallible,
    future::{Future, pending},
    io,
    net::IpAddr,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use hyper::{
    Request, Response,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use tokio::{
    net::TcpStream,
    task,
    time::{Instant, sleep, timeout},
};

use crate::{
    identity::Certificate,
    server::{
        answer::Answer,
        arriving::Abandoned,
        graph::Site,
        handler,
        head::{self, Guard, Watch},
        session,
        socket::{Protocol, Socket},
        taken_back::TakenBack,
        upgrade::Upgrade,
        worker::Worker,
    },
    sources::Accepted,
    telemetry::ConnectionEnded,
    upstream::{Lane, Pinning},
};

/// A connection as its requests see it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) worker: Rc<Worker>,
    /// Its ways to the upstreams of the graphs that it has asked for.
    lanes: RefCell<Vec<(Rc<Site>, Rc<Lane>)>>,
    pinning: Pinning,
    /// The other end.
    pub(super) peer: IpAddr,
    /// What it has shown of itself over TLS.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// What is wrong with its bytes; nothing over HTTP/2, of which the library sees every frame.
    pub(super) watch: Rc<Watch>,
    /// What it has asked for and does not want.
    pub(super) taken_back: TakenBack,
    /// Whether a body was not read to its end; over HTTP/1 no request can follow then.
    pub(super) abandoned: Abandoned,
    /// Its answers over HTTP/2 that go on, by their tasks.
    pub(super) going_on: RefCell<HashSet<task::Id>>,
    /// What becomes of it after HTTP, once that was agreed on.
    pub(super) upgrade: RefCell<Option<Box<Upgrade>>>,
}

impl Client {
    /// The way to the upstream of a graph.
    pub(super) fn lane(&self, site: &Rc<Site>) -> Rc<Lane> {
        let mut lanes = self.lanes.borrow_mut();
        if let Some((_, lane)) = lanes.iter().find(|(it, _)| Rc::ptr_eq(it, site)) {
            return Rc::clone(lane);
        }
        let lane = site.upstream().lane(self.pinning);
        lanes.push((Rc::clone(site), Rc::clone(&lane)));
        lane
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, worker: Rc<Worker>) {
    // Without it small answers wait for an acknowledgement; a socket that refuses is as good as gone.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let since = Instant::now();
    let opening = timeout(worker.deadlines().head, open(stream, &worker));
    let (protocol, socket, certificate) = match opening.await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return ConnectionEnded { detail: &error }.emit(),
        Err(_elapsed) => return,
    };
    let pinning = match protocol {
        Protocol::Http1 => Pinning::Pinned,
        Protocol::Http2 => Pinning::Pooled,
    };
    let taken_back = TakenBack::new(worker.bounds().h2_streams);
    let client = Rc::new(Client {
        worker,
        lanes: RefCell::default(),
        pinning,
        peer,
        certificate,
        watch: Rc::default(),
        taken_back,
        abandoned: Abandoned::default(),
        going_on: RefCell::default(),
        upgrade: RefCell::default(),
    });
    match protocol {
        Protocol::Http1 => serve_http1(socket, &client, since).await,
        Protocol::Http2 => serve_http2(socket, &client).await,
    }
}

/// Shakes hands, if that is wanted, and reads what tells the protocol.
async fn open(
    stream: TcpStream,
    worker: &Worker,
) -> io::Result<(Protocol, Socket, Option<Arc<Certificate>>)> {
    let stall = worker.deadlines().stall;
    let accepted = match worker.tls() {
        Some(tls) => Accepted::tls(stream, stall, &tls).await?,
        None => Accepted::plain(stream, stall),
    };
    let certificate = accepted.certificate().cloned();
    let (protocol, socket) = Socket::open(accepted).await?;
    Ok((protocol, socket, certificate))
}

async fn serve_http1(socket: Socket, client: &Rc<Client>, since: Instant) {
    let (bounds, deadlines) = (client.worker.bounds(), client.worker.deadlines());
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // Our guard has the deadline of a head. This one begins with the end of an answer, so that
        // it is the one of a connection without work; a head that comes in the last moment has time.
        .header_read_timeout(deadlines.idle.saturating_add(deadlines.head))
        .max_buf_size(bounds.head.saturating_add(LEAST_BUFFER))
        // An answer to a handshake has the client's spelling of its headers.
        .preserve_header_case(client.worker.sites().take_websockets());
    if bounds.fields > DEFAULT_FIELDS {
        builder.max_headers(bounds.fields);
    }
    let limits = head::Limits { head: bounds.head, fields: bounds.fields, target: bounds.target };
    let watch = Rc::clone(&client.watch);
    let guard = Guard::new(socket, limits, watch, (since, deadlines.head));
    let service = service_fn(|request| handle(client, request));
    let mut connection = builder.serve_connection(TokioIo::new(guard), service);
    // A request may be on its way while we stop, and HTTP/1 has no word for that before an answer.
    finish(Pin::new(&mut connection), &client.worker, deadlines.linger, pending()).await;
    let upgrade = client.upgrade.take();
    if let Some(upgrade) = upgrade {
        let parts = connection.into_parts();
        let (socket, held) = parts.io.into_inner().into_socket();
        // Boxed: it is larger than what connections need that stay with HTTP.
        let first = [&*parts.read_buf, &*held].concat();
        Box::pin(session::run(socket, first, *upgrade, Rc::clone(client))).await;
    }
}

async fn serve_http2(socket: Socket, client: &Rc<Client>) {
    let (bounds, deadlines) = (client.worker.bounds(), client.worker.deadlines());
    let streams = Rc::new(Cell::new(0));
    let n_running = Rc::clone(&streams);
    let mut builder = http2::Builder::new(OnWorker {
        n_running,
        client: Rc::clone(client),
        limit: deadlines.request,
        stream: deadlines.stream,
    });
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.h2_streams)
        .max_header_list_size(u32::try_from(bounds.head).unwrap_or(u32::MAX))
        .initial_stream_window_size(bounds.h2_stream_window)
        .initial_connection_window_size(bounds.h2_connection_window)
        .max_send_buf_size(usize::try_from(bounds.h2_stream_window).unwrap_or(usize::MAX))
        .max_pending_accept_reset_streams(bounds.h2_resets)
        .max_local_error_reset_streams(Some(bounds.h2_resets))
        // Also the deadline of a head that never ends: within it a ping cannot be answered.
        .keep_alive_interval(deadlines.head)
        .keep_alive_timeout(deadlines.head);
    let service = service_fn(|request| handle(client, request));
    // GOAWAY says which requests are still answered.
    let connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let unused = unused(&client.watch, &streams, deadlines.idle);
    let finished = finish(connection, &client.worker, Duration::ZERO, unused);
    tokio::select! {
        biased;
        () = finished => {}
        () = client.taken_back.too_many() => {
            ConnectionEnded { detail: &io::Error::other("too many requests were taken back") }.emit();
        }
    }
}

fn handle(
    client: &Rc<Client>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<> {
    let client = Rc::clone(client);
    async move {
        let unanswered = client.taken_back.begin();
        let response = handler::handle(&client, request).await;
        unanswered.answered();
        Ok(response)
    }
}

/// Waits until no request has come, and none was in progress, for as long as `idle`.
async fn unused(watch: &Watch, n_running: &Cell<usize>, idle: Duration) {
    // Budget: none; every turn waits.
    loop {
        let n_begun = watch.n_begun();
        sleep(idle).await;
        if n_running.get() == 0 && n_begun == watch.n_begun() {
            return;
        }
    }
}

/// Runs a connection until it ends, or until it is `unused`, or until the worker finishes and its
/// requests are answered: those in progress, and those that come within `linger`, after whose
/// answer it is closed.
async fn finish<C>(
    mut connection: Pin<&mut C>,
    worker: &Worker,
    linger: Duration,
    unused: impl Future<Output = ()>,
) where
    C: GracefulConnection,
    C::Error: std::error::Error,
{
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = unused => {
            connection.as_mut().graceful_shutdown();
            // There is nothing left to wait for but the farewell.
            let Ok(ended) = timeout(worker.deadlines().head, connection).await else { return };
            ended
        }
        () = worker.drain().begun() => match timeout(linger, connection.as_mut()).await {
            Ok(ended) => ended,
            Err(_elapsed) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        },
    };
    if let Err(error) = ended {
        ConnectionEnded { detail: &error }.emit();
    }
}

/// Runs the streams of an HTTP/2 connection on the worker they belong to.
#[derive(Clone, Debug)]
struct OnWorker {
    /// How many run.
    n_running: Rc<Cell<usize>>,
    client: Rc<Client>,
    /// How long one may.
    limit: Duration,
    /// How much longer, once an answer goes on.
    stream: Duration,
}

/// One stream that runs.
struct Stream(Rc<Cell<usize>>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl<F> hyper::rt::Executor<F> for OnWorker
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        self.n_running.set(self.n_running.get().saturating_add(1));
        let stream = Stream(Rc::clone(&self.n_running));
        let (client, limit, longer) = (Rc::clone(&self.client), self.limit, self.stream);
        // A panic outside the handler ends the stream; tokio catches it.
        drop(task::spawn_local(async move {
            let _running = stream;
            let mut future = pin!(future);
            // A client that opens no window for its answer is cut off here.
            let in_time = timeout(limit, future.as_mut()).await;
            let id = task::try_id();
            let goes_on = id.is_some_and(|it| client.going_on.borrow_mut().remove(&it));
            if in_time.is_err() && goes_on {
                let _in_time = timeout(longer, future).await;
            }
        }));
    }
}

/// 8 KiB: the least that the library takes.
const LEAST_BUFFER: usize = 8192;
/// 100 fields: what the library takes without memory of its own.
const DEFAULT_FIELDS: usize = 100;
