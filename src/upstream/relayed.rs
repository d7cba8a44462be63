//! The body of an answer on its way from the upstream to the client.
//!
//! It is not buffered: a piece is read from the upstream when the client has room for it. Trailers
//! do not pass.

use std::{
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::{
    upstream::{
        lane::{Lane, Leg},
        link::Cut,
        pool::Place,
        turnstile::Permit,
    },
    verdict::Fault,
};

/// The body of an answer, and the connection that it comes from.
#[derive(Debug)]
pub struct Relayed {
    ended: bool,
    /// Nothing but the end of the connection says where it ends.
    is_open_ended: bool,
    /// Gone once it was given back.
    leg: Option<Leg>,
    lane: Rc<Lane>,
    permit: Running,
    limit: Duration,
    /// Runs while the upstream lets us wait.
    waiting: Option<Pin<Box<Sleep>>>,
}

/// As what an answer is counted.
#[derive(Debug)]
enum Running {
    Request { _permit: Permit },
    Stream { _place: Place },
}

/// Why an answer broke off. The client sees that it did; nothing else can be told any more.
#[derive(Debug)]
pub enum RelayError {
    /// The connection broke, or the framing is wrong.
    Broken(Cut),
    /// Too long a pause.
    Timeout,
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "the upstream's answer broke off: {error}"),
            Self::Timeout => f.write_str("the upstream's answer came to a halt"),
        }
    }
}

impl std::error::Error for RelayError {}

impl Relayed {
    pub(super) fn new(leg: Leg, lane: Rc<Lane>, permit: Permit, limit: Duration) -> Self {
        let ended = leg.link.is_end_stream();
        let permit = Running::Request { _permit: permit };
        let (is_open_ended, leg) = (false, Some(leg));
        Self { ended, is_open_ended, leg, lane, permit, limit, waiting: None }
    }

    /// The same as an answer that goes on.
    ///
    /// # Errors
    /// When there are too many of them.
    pub fn going_on(self) -> Result<Self, Fault> {
        let upstream = Rc::clone(self.lane.upstream());
        let permit = Running::Stream { _place: upstream.streams.take()? };
        Ok(self.counted_as(permit, upstream.stream_idle))
    }

    pub(super) const fn open_ended(mut self, is_open_ended: bool) -> Self {
        self.is_open_ended = is_open_ended;
        self
    }

    /// Whether nothing but the end of the connection says where it ends, so that one that broke
    /// off looks like one that is whole.
    #[must_use]
    pub const fn is_open_ended(&self) -> bool {
        self.is_open_ended
    }

    /// The same with a shorter time between two pieces.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = self.limit.min(limit);
        self
    }

    fn counted_as(mut self, permit: Running, limit: Duration) -> Self {
        (self.permit, self.limit) = (permit, limit);
        self
    }

    fn is_late(&mut self, ctx: &mut Context<'_>) -> bool {
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        waiting.as_mut().poll(ctx).is_ready()
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = RelayError;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RelayError>>> {
        let this = self.get_mut();
        // Whoever has seen it break off does not ask again.
        let Some(leg) = &mut this.leg else { return Poll::Ready(None) };
        match leg.link.poll_data(ctx) {
            Poll::Ready(Some(Ok(data))) => {
                leg.hear(&data);
                (this.ended, this.waiting) = (leg.link.is_end_stream(), None);
                if this.ended {
                    leg.heard();
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(Some(Err(error))) => {
                leg.heard();
                this.leg = None;
                Poll::Ready(Some(Err(RelayError::Broken(error))))
            }
            Poll::Ready(None) => {
                leg.heard();
                this.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending if this.is_late(ctx) => {
                if let Some(mut leg) = this.leg.take() {
                    leg.heard();
                    leg.link.give_up();
                }
                Poll::Ready(Some(Err(RelayError::Timeout)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.leg.as_ref().map_or_else(SizeHint::default, |it| it.link.size_hint())
    }
}

impl Drop for Relayed {
    fn drop(&mut self) {
        // An answer that was not read to its end takes its connection with it.
        if self.ended
            && let Some(leg) = self.leg.take()
        {
            self.lane.put(leg);
        }
    }
}
