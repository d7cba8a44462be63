//! One HTTP/2 connection to the upstream, which many requests use at a time.
//!
//! A task of its own drives it, since no single request could. It ends when nobody holds the
//! connection any more.

use std::{
    cell::Cell,
    error::Error,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    body::{Body as _, Incoming, SizeHint},
    client::conn::http2::{Builder, SendRequest},
    rt::Executor,
};
use hyper_util::rt::TokioIo;

use crate::{
    sources::{Ended, Wire},
    upstream::{
        fault::Failure,
        files::Body,
        link::{Broken, Cut, Parcel},
    },
};

/// A connection that takes requests.
#[derive(Debug)]
pub(super) struct Multiplexed {
    sender: SendRequest<Body>,
    n_streams: Cell<usize>,
    /// What the upstream allows, and no more than we want.
    max_streams: Rc<Cell<usize>>,
    retired: Cell<bool>,
    /// When the last request ended, or the connection began.
    idle_since: Cell<Instant>,
    ended: Ended,
}

/// One request's part of a connection.
#[derive(Debug)]
pub(super) struct Stream {
    connection: Rc<Multiplexed>,
    /// Once it has begun.
    answer: Option<Incoming>,
}

impl Multiplexed {
    /// Speaks HTTP/2 over what was opened.
    pub(super) async fn open(wire: Wire, max_head: usize) -> Result<Rc<Self>, Failure> {
        let ended = wire.ended();
        let mut builder = Builder::new(OnWorker);
        builder
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            // Until the upstream has said how many it takes: what is sent above that is refused.
            .initial_max_send_streams(UNTIL_SAID)
            .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX));
        let (sender, connection) = builder
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|it| Failure::broken(it, &ended))?;
        let max_streams = Rc::new(Cell::new(MAX_STREAMS as usize));
        tokio::task::spawn_local({
            let (mut connection, max_streams) = (connection, Rc::clone(&max_streams));
            let mut has_said = false;
            // How it ended is told to those who wait for answers.
            poll_fn(move |ctx| {
                let ended = Pin::new(&mut connection).poll(ctx);
                let allowed = connection.current_max_send_streams();
                // Until then requests wait in this connection, or each would open another.
                has_said |= allowed > UNTIL_SAID;
                if has_said {
                    max_streams.set(allowed.min(MAX_STREAMS as usize));
                }
                ended.map(drop)
            })
        });
        Ok(Rc::new(Self {
            sender,
            max_streams,
            n_streams: Cell::new(0),
            retired: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            ended,
        }))
    }

    /// Room for one more request.
    pub(super) fn stream(self: &Rc<Self>) -> Option<Stream> {
        let n = self.n_streams.get();
        if self.is_over() || n >= self.max_streams.get() {
            return None;
        }
        self.n_streams.set(n.saturating_add(1));
        Some(Stream { connection: Rc::clone(self), answer: None })
    }

    /// True when it takes no further requests.
    pub(super) fn is_over(&self) -> bool {
        self.retired.get() || self.sender.is_closed()
    }

    /// True when it had no request for so long.
    pub(super) fn is_idle_for(&self, limit: Duration) -> bool {
        self.n_streams.get() == 0 && self.idle_since.get().elapsed() >= limit
    }
}

impl Stream {
    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: Parcel) -> Result<Response<()>, Broken> {
        let mut sender = self.connection.sender.clone();
        let copy = copy_of(&request);
        let answer = sender.try_send_request(*request).await.map_err(|mut it| {
            let unsent = it.take_message().map(Box::new);
            let error = it.into_error();
            if let Some(refused) = unprocessed(&error).filter(|_| unsent.is_none()) {
                if refused == Refused::WithAllThatFollow {
                    self.retire();
                }
                return Broken { unsent: copy, failure: Failure::Unprocessed(error) };
            }
            if unsent.is_some() {
                self.retire();
            }
            Broken { unsent, failure: Failure::broken(error, &self.connection.ended) }
        })?;
        let (head, body) = answer.into_parts();
        self.answer = Some(body);
        Ok(Response::from_parts(head, ()))
    }

    /// The next piece of the answer; a task of its own drives the connection.
    pub(super) fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let Some(answer) = &mut self.answer else { return Poll::Ready(None) };
        // Budget: every turn takes a frame from the upstream; only trailers make another turn.
        loop {
            match ready!(Pin::new(&mut *answer).poll_frame(ctx)).transpose()? {
                None if answer.is_end_stream() => return Poll::Ready(None),
                None => return Poll::Ready(Some(Err(Unfinished.into()))),
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// True when nothing is to come of the answer.
    pub(super) fn is_end_stream(&self) -> bool {
        self.answer.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// Bytes that are to come of the answer.
    pub(super) fn size_hint(&self) -> SizeHint {
        self.answer.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }

    /// No further requests on this connection.
    pub(super) fn retire(&self) {
        self.connection.retired.set(true);
    }
}

/// The upstream gave up a stream without calling it an error: RFC 9113 §8.1 has that for answers that
/// are whole, and the library takes every one for whole.
#[derive(Debug)]
struct Unfinished;

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it ended the stream within its answer, though without an error")
    }
}

impl Error for Unfinished {}

/// The same request once more; files are read only once.
fn copy_of(request: &Request<Body>) -> Option<Parcel> {
    let Body::Whole(body) = request.body() else { return None };
    let mut copy = Request::new(Body::Whole(body.clone()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(Box::new(copy))
}

/// What an upstream has refused before it looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Alone,
    WithAllThatFollow,
}

/// RFC 9113 §8.7: a stream that is refused, and those above the last that a GOAWAY names, were not
/// processed, and can be sent again, mutations too.
fn unprocessed(error: &hyper::Error) -> Option<Refused> {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    let error = loop {
        match cause?.downcast_ref::<h2::Error>() {
            Some(it) => break it,
            None => cause = cause?.source(),
        }
    };
    match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) if error.is_reset() && error.is_remote() => {
            Some(Refused::Alone)
        }
        _ if error.is_go_away() && error.is_remote() => Some(Refused::WithAllThatFollow),
        _ => None,
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let connection = &self.connection;
        connection.n_streams.set(connection.n_streams.get().saturating_sub(1));
        connection.idle_since.set(Instant::now());
    }
}

/// Runs the parts of a connection on the worker it belongs to.
#[derive(Clone, Copy, Debug)]
struct OnWorker;

impl<F> Executor<F> for OnWorker
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        drop(tokio::task::spawn_local(future));
    }
}

/// 100 requests: what servers allow as a rule; further ones open another connection.
const MAX_STREAMS: u32 = 100;
/// 1 request at a time.
const UNTIL_SAID: usize = 1;
/// 64 KiB per stream: RFC 9113's initial value.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Enough for every stream at once, so that clients that read slowly fill their own windows and
/// never that of the connection, which would halt everybody's answers.
const CONNECTION_WINDOW: u32 = MAX_STREAMS * STREAM_WINDOW;
