//! A connection to the upstream as one request sees it, whatever HTTP it speaks.
//!
//! A request comes and, when it was not sent, goes back as HTTP/1.1 writes it: the next connection
//! may be of another kind.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body as _, Frame, Incoming};
use tokio::time::{Instant, timeout_at};

use crate::upstream::{
    fault::Failure, files::Body, multiplexed::Stream, single::Single, target::Target,
};

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

impl Link {
    /// Sends a request and waits for the head of the answer.
    pub(super) async fn exchange(
        &mut self,
        target: &Target,
        mut request: Parcel,
        deadline: Instant,
    ) -> Result<Response<Incoming>, Broken> {
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

    /// The next piece of an answer; to be called by whoever waits for it.
    pub(super) fn poll_frame(
        &mut self,
        answer: &mut Incoming,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match self {
            // A task of its own drives the connection.
            Self::Shared(_) => Pin::new(answer).poll_frame(ctx),
            Self::Single(it) => it.poll_frame(answer, ctx),
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
