//! A connection to the upstream as one request sees it, whatever HTTP it speaks.
//!
//! A request comes and, when it was not sent, goes back as HTTP/1.1 writes it: the next connection
//! may be of another kind.

use std::{
    error::Error,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::SizeHint;
use tokio::time::{Instant, timeout_at};

use crate::upstream::{
    breaker::Outcome, fault::Failure, files::Body, multiplexed::Stream, single::Single,
    target::Target,
};

/// Why an answer broke off.
pub(super) type Cut = Box<dyn Error + Send + Sync>;

/// One request's connection.
#[derive(Debug)]
pub(super) enum Link {
    /// HTTP/2: shared with other requests.
    Shared(Stream),
    /// HTTP/1.1: for one request at a time.
    Single(Single),
}

/// A request on its way to a connection. Boxed: every future that holds it would have it twice.
pub(super) type Parcel = Box<Request<Body>>;

/// An exchange that failed, with the request when not a byte of it was sent.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) unsent: Option<Parcel>,
}

impl Broken {
    /// What it says of the upstream; `when_sent`, if the upstream has seen something of it.
    pub(super) const fn outcome(&self, when_sent: Outcome) -> Outcome {
        match (&self.failure, &self.unsent) {
            (_, None) => when_sent,
            // Who says so is there, and has only enough to do.
            (Failure::Unprocessed(_), Some(_)) => Outcome::Unknown,
            (_, Some(_)) => Outcome::Failed,
        }
    }
}

impl Link {
    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(
        &mut self,
        target: &Target,
        mut request: Parcel,
        deadline: Instant,
    ) -> Result<Response<()>, Broken> {
        let answer = match self {
            Self::Shared(it) => {
                target.to_http2(&mut request);
                timeout_at(deadline, it.exchange(request)).await
            }
            Self::Single(it) => timeout_at(deadline, it.exchange(request)).await,
        };
        let Ok(mut answer) = answer else {
            self.give_up();
            return Err(Broken { failure: Failure::ResponseTimeout, unsent: None });
        };
        if let (Err(Broken { unsent: Some(unsent), .. }), Self::Shared(_)) = (&mut answer, self) {
            target.to_http1(unsent);
        }
        answer
    }

    /// The next piece of the answer, whose trailers do not pass.
    pub(super) fn poll_data(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        Poll::Ready(match self {
            Self::Shared(it) => ready!(it.poll_data(ctx)),
            Self::Single(it) => ready!(it.poll_data(ctx)).map(|it| Ok(it?)),
        })
    }

    /// True when nothing is to come of the answer.
    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Self::Shared(it) => it.is_end_stream(),
            Self::Single(it) => it.is_end_stream(),
        }
    }

    /// Bytes that are to come of the answer.
    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Shared(it) => it.size_hint(),
            Self::Single(it) => it.size_hint(),
        }
    }

    /// Takes no further requests: the upstream was silent for too long, and nobody knows whether
    /// it is still there. Other requests under way may still be answered.
    pub(super) fn give_up(&self) {
        match self {
            Self::Shared(it) => it.retire(),
            // Dropped by its only user.
            Self::Single(_) => {}
        }
    }
}
