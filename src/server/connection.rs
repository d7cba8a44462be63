//! One client connection: which protocol, under which bounds, and how it is told to finish.

use std::{convert::Infallible, future::Future, pin::pin, rc::Rc, time::Duration};

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
use tokio::{net::TcpStream, time::timeout};

use crate::{
    server::{
        answer::Answer,
        handler,
        socket::{Protocol, Socket},
        worker::Worker,
    },
    telemetry::ConnectionEnded,
    upstream::{Lane, Pinning},
};

/// Serves a connection to its end.
pub(super) async fn serve(stream: TcpStream, worker: Rc<Worker>) {
    // Without it small answers wait for an acknowledgement; a socket that refuses is as good as gone.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let opening = timeout(worker.deadlines().head, Socket::open(stream));
    let Ok(Ok((protocol, socket))) = opening.await else { return };
    match protocol {
        Protocol::Http1 => serve_http1(socket, &worker).await,
        Protocol::Http2 => serve_http2(socket, &worker).await,
    }
}

async fn serve_http1(socket: Socket, worker: &Rc<Worker>) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(worker.deadlines().head)
        .max_buf_size(worker.bounds().head.max(LEAST_BUFFER));
    let lane = worker.upstream().lane(Pinning::Pinned);
    let service = service_fn(|request| handle(worker, &lane, request));
    let connection = builder.serve_connection(TokioIo::new(socket), service);
    // A request may be on its way while we stop, and HTTP/1 has no word for that before an answer.
    finish(connection, worker, worker.deadlines().linger).await;
}

async fn serve_http2(socket: Socket, worker: &Rc<Worker>) {
    let bounds = worker.bounds();
    let mut builder = http2::Builder::new(OnWorker);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.h2_streams)
        .max_header_list_size(u32::try_from(bounds.head).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(Some(MAX_RESETS))
        .keep_alive_interval(worker.deadlines().head)
        .keep_alive_timeout(worker.deadlines().head);
    let lane = worker.upstream().lane(Pinning::Pooled);
    let service = service_fn(|request| handle(worker, &lane, request));
    // GOAWAY says which requests are still answered.
    let connection = builder.serve_connection(TokioIo::new(socket), service);
    finish(connection, worker, Duration::ZERO).await;
}

fn handle(
    worker: &Rc<Worker>,
    lane: &Rc<Lane>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<> {
    let (worker, lane) = (Rc::clone(worker), Rc::clone(lane));
    async move { Ok(handler::handle(&worker, &lane, request).await) }
}

/// Runs a connection until it ends, or until the worker finishes and its requests are answered:
/// those in progress, and those that come within `linger`, after whose answer it is closed.
async fn finish<C>(connection: C, worker: &Worker, linger: Duration)
where
    C: GracefulConnection,
    C::Error: std::error::Error,
{
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
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
#[derive(Clone, Copy, Debug)]
struct OnWorker;

impl<F> hyper::rt::Executor<F> for OnWorker
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        // A panic outside the handler ends the stream; tokio catches it.
        drop(tokio::task::spawn_local(future));
    }
}

/// 8 KiB: the least that the library takes.
const LEAST_BUFFER: usize = 8192;
/// 64 KiB per stream: RFC 9113's initial value; a default body needs two windows.
const STREAM_WINDOW: u32 = 64 * 1024;
/// 1 MiB per connection: sixteen streams that send at full speed.
const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// 20 resets that were not yet accepted: the library's own answer to rapid reset, written down.
const MAX_RESETS: usize = 20;
