//! The body of a request, which tells when it is given up: over HTTP/1 its connection ends then, and
//! the client is told so.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Whether a body of this connection was given up before its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body as it comes.
#[derive(Debug)]
pub(super) struct Arriving {
    /// Nothing once another has it.
    body: Option<Incoming>,
    has_ended: bool,
    abandoned: Abandoned,
}

impl Arriving {
    pub(super) fn new(body: Incoming, abandoned: &Abandoned) -> Self {
        Self { body: Some(body), has_ended: false, abandoned: abandoned.clone() }
    }

    /// What is left of it, for somebody who goes on with it.
    pub(super) fn take(&mut self) -> Self {
        Self {
            body: self.body.take(),
            has_ended: std::mem::replace(&mut self.has_ended, true),
            abandoned: self.abandoned.clone(),
        }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(ctx);
        // Trailers are the last of a body.
        this.has_ended |= match &polled {
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers(),
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !self.is_end_stream() {
            self.abandoned.note();
        }
    }
}
