//! One HTTP/1.1 connection to the upstream (RFC 9112), driven by whoever uses it.
//!
//! ```text
//! outgoing → wire               what is there of the request, while the answer may come already
//! wire     → received → head    with how its body is framed
//!                     → body    piece by piece
//! ```
//!
//! No task and no channel are behind a connection: the request in progress polls it. One without
//! work is not polled at all; whether it is still good is asked when it is used again. What the
//! upstream is seen to have sent beyond an answer is not taken for the next one.

mod body;
mod head;
mod outgoing;
mod wrong;

use std::{
    future::poll_fn,
    io,
    pin::pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use http::Response;
use hyper::body::SizeHint;
use tokio::io::AsyncReadExt as _;

use crate::{
    sources::{Ended, Wire},
    upstream::{
        fault::Failure,
        link::{Broken, Parcel},
    },
};
use body::{Reading, Taken};
use outgoing::Outgoing;
pub(super) use wrong::Wrong;

/// A connection. Boxed, since links are handed from hand to hand.
#[derive(Debug)]
pub(super) struct Single(Box<Connection>);

#[derive(Debug)]
struct Connection {
    wire: Wire,
    ended: Ended,
    max_head: usize,
    /// What came, and nobody has taken.
    received: BytesMut,
    /// Bytes that there is room for when it is read from next.
    room: usize,
    /// What of the request is on its way.
    outgoing: Option<Outgoing>,
    /// How writing has ended, before all was written.
    unwritten: Option<io::Error>,
    reading: Reading,
    /// Interim answers before the one that is waited for.
    n_interim: u8,
    /// True when no request can follow the one in progress.
    is_last: bool,
}

impl Single {
    /// Speaks HTTP/1.1 over what was opened.
    pub(super) fn new(wire: Wire, max_head: usize) -> Self {
        Self(Box::new(Connection {
            ended: wire.ended(),
            wire,
            max_head,
            received: BytesMut::new(),
            room: LEAST_ROOM,
            outgoing: None,
            unwritten: None,
            reading: Reading::DONE,
            n_interim: 0,
            is_last: false,
        }))
    }

    /// Sends a request over a connection that is ready, and waits for the head of the answer.
    pub(super) async fn exchange(&mut self, request: Parcel) -> Result<Response<()>, Broken> {
        let Self(connection) = self;
        connection.outgoing = Some(Outgoing::new(request));
        match poll_fn(|ctx| connection.poll_head(ctx)).await {
            Ok(head) => Ok(head),
            Err(wrong) => {
                let unsent = connection.outgoing.take().and_then(Outgoing::unsent);
                Err(Broken { failure: Failure::broken(wrong, &connection.ended), unsent })
            }
        }
    }

    /// The next piece of an answer.
    pub(super) fn poll_data(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Wrong>>> {
        self.0.poll_data(ctx)
    }

    /// True when nothing is to come of the answer.
    pub(super) fn is_end_stream(&self) -> bool {
        self.0.reading.is_done()
    }

    /// Bytes that are to come of the answer.
    pub(super) fn size_hint(&self) -> SizeHint {
        self.0.reading.size_hint()
    }

    /// True when another request can be sent: the last exchange is complete, and the upstream has
    /// not closed the connection meanwhile as far as the system has told us.
    pub(super) fn is_ready(&mut self) -> bool {
        let Self(connection) = self;
        let is_over = connection.reading.is_done() && connection.outgoing.is_none();
        is_over && !connection.is_last && self.check().is_ok()
    }

    /// Says how a connection has ended on which nothing is to come.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        let Self(connection) = self;
        connection.check().map_err(|wrong| Failure::broken(wrong, &connection.ended))
    }
}

impl Connection {
    fn check(&mut self) -> Result<(), Wrong> {
        if !self.received.is_empty() {
            return Err(Wrong::Unasked);
        }
        // Nobody waits for this connection, so nobody is to be woken.
        match self.poll_read(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(0)) => Err(Wrong::Closed),
            Poll::Ready(Ok(_)) => Err(Wrong::Unasked),
            Poll::Ready(Err(error)) => Err(Wrong::Wire(error)),
        }
    }

    /// Writes what there is of the request. That it fails does not matter when the upstream has
    /// answered before.
    fn poll_outgoing(&mut self, ctx: &mut Context<'_>) -> Result<(), Wrong> {
        let Some(outgoing) = &mut self.outgoing else { return Ok(()) };
        match outgoing.poll_write(&mut self.wire, ctx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) => {
                self.outgoing = None;
                Ok(())
            }
            Poll::Ready(Err(Wrong::Wire(error))) if outgoing.has_begun() => {
                (self.unwritten, self.outgoing, self.is_last) = (Some(error), None, true);
                Ok(())
            }
            Poll::Ready(Err(wrong)) => Err(wrong),
        }
    }

    fn poll_head(&mut self, ctx: &mut Context<'_>) -> Poll<Result<Response<()>, Wrong>> {
        self.poll_outgoing(ctx)?;
        // Budget: every turn reads, or takes one of so many heads.
        loop {
            match head::take(&mut self.received, self.max_head)? {
                Some(answer) if !answer.is_final() => self.interim()?,
                Some(answer) => {
                    self.n_interim = 0;
                    self.reading = answer.reading;
                    self.is_last |= answer.is_last;
                    return Poll::Ready(Ok(answer.head));
                }
                None => match ready!(self.poll_read(ctx)) {
                    Ok(0) => return Poll::Ready(Err(self.closed())),
                    Ok(_) => {}
                    Err(error) => return Poll::Ready(Err(Wrong::Wire(error))),
                },
            }
        }
    }

    fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Wrong>>> {
        self.poll_outgoing(ctx)?;
        // Budget: every turn takes some of the bytes that came, or reads more of them.
        loop {
            let taken = self.reading.take(&mut self.received)?;
            if self.reading.is_done() {
                self.rest();
            }
            match taken {
                Taken::Piece(bytes) => return Poll::Ready(Some(Ok(bytes))),
                Taken::End => return Poll::Ready(None),
                Taken::Nothing => match ready!(self.poll_read(ctx)) {
                    Ok(0) => self.reading.close()?,
                    Ok(_) => {}
                    Err(error) => return Poll::Ready(Some(Err(Wrong::Wire(error)))),
                },
            }
        }
    }

    fn poll_read(&mut self, ctx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.received.reserve(self.room);
        let n = ready!(pin!(self.wire.read_buf(&mut self.received)).poll(ctx))?;
        if n >= self.room {
            self.room = self.room.saturating_mul(2).min(MOST_ROOM);
        }
        Poll::Ready(Ok(n))
    }

    /// They say nothing to us, and do not pass (RFC 9110 §15.2).
    const fn interim(&mut self) -> Result<(), Wrong> {
        self.n_interim = self.n_interim.saturating_add(1);
        if self.n_interim > MAX_INTERIM { Err(Wrong::Interim) } else { Ok(()) }
    }

    /// A connection without work keeps no large buffer.
    fn rest(&mut self) {
        if self.room > LEAST_ROOM && self.received.is_empty() {
            (self.room, self.received) = (LEAST_ROOM, BytesMut::new());
        }
    }

    /// Why no answer comes.
    fn closed(&mut self) -> Wrong {
        self.unwritten.take().map_or(Wrong::Closed, Wrong::Wire)
    }
}

/// 100 interim answers: one in a second is more than servers send that say that they work.
const MAX_INTERIM: u8 = 100;
/// 8 KiB: most heads and many answers in one go.
const LEAST_ROOM: usize = 8 * 1024;
/// 128 KiB: what a read may bring of a large answer.
const MOST_ROOM: usize = 128 * 1024;
