//! The bytes of a request with files, as its client sends them: bounded in all, and given up when
//! they come too slowly. Time counts only while we wait for the client, not while it waits for the
//! upstream.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};

use crate::{
    server::{arriving::Arriving, body, upload::Bounds},
    transport::{body_broke_off, invalid_upload, too_many_bytes},
    verdict::Violation,
};

/// Why no more bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The connection or its framing broke.
    Broken,
    /// The head of a part does not end.
    LongHead,
    /// More than any request may have that keeps the bounds.
    TooLarge {
        /// What is allowed of files.
        limit: u64,
    },
    /// The client sends too slowly.
    TooSlow,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "it broke off",
            Self::LongHead => "the head of a part is too long",
            Self::TooLarge { .. } => "it is too large",
            Self::TooSlow => "it came too slowly",
        })
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for Violation {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Broken => body_broke_off("the connection or its framing broke"),
            Problem::LongHead => invalid_upload("the head of a part is too long"),
            Problem::TooLarge { limit } => too_many_bytes(limit),
            Problem::TooSlow => body_broke_off("it came too slowly"),
        }
    }
}

/// A body that is read by one and, when it is refused, read on by another.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Arriving>>);

impl Shared {
    pub(super) fn new(body: Arriving) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Waits for the end, behind the last part (RFC 2046 §5.1.1: what comes there is ignored).
    pub(super) async fn end(&mut self) -> Result<(), Violation> {
        let mut n_read = 0_u64;
        // Budget: `HEAD`, which every piece draws on.
        while !self.is_end_stream() {
            match poll_fn(|ctx| Pin::new(&mut *self).poll_frame(ctx)).await {
                None => break,
                Some(Ok(frame)) => {
                    let n = frame.data_ref().map_or(0, Bytes::len);
                    n_read = n_read.saturating_add(n as u64);
                }
                Some(Err(_broken)) => return Err(Problem::Broken.into()),
            }
            if n_read > HEAD {
                return Err(invalid_upload("too much behind the last part"));
            }
        }
        Ok(())
    }

    /// Reads on for a while and keeps nothing, so that the client reads why it was refused.
    pub(super) async fn discard(&mut self, limits: body::Limits) {
        body::discard_in_time(self, limits).await;
    }
}

impl Body for Shared {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // Whoever panicked with it is gone; the body is as it was.
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(ctx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

/// How much may still be read until the next part has begun.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<AtomicU64>);

impl Allowance {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(HEAD)))
    }

    /// The head of a part is due.
    pub(super) fn begin_head(&self) {
        self.0.store(HEAD, Ordering::Relaxed);
    }

    /// Content is due, of which every piece is counted by whoever reads it.
    pub(super) fn begin_content(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn spend(&self, n: u64) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(n), Ordering::Relaxed);
    }
}

/// The body as the reader of parts gets it.
#[derive(Debug)]
pub(super) struct Source {
    body: Shared,
    allowance: Allowance,
    bounds: Bounds,
    n_left: u64,
    pace: Pace,
    /// Whether a piece was given since it was looked at.
    has_given: bool,
}

impl Source {
    pub(super) fn new(body: Shared, allowance: Allowance, bounds: Bounds) -> Self {
        let pace = Pace::new(bounds.body.pace, bounds.body.pace_bytes);
        let n_left = bounds.whole();
        Self { body, allowance, bounds, n_left, pace, has_given: false }
    }

    fn take(&mut self, piece: Bytes) -> Result<Bytes, Problem> {
        let n = piece.len() as u64;
        let limit = self.bounds.uploads.bytes;
        self.n_left = self.n_left.checked_sub(n).ok_or(Problem::TooLarge { limit })?;
        self.allowance.spend(n);
        self.pace.came(n, Instant::now());
        self.has_given = true;
        Ok(piece)
    }
}

impl Body for Source {
    type Data = Bytes;
    type Error = Problem;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Problem>>> {
        let this = self.get_mut();
        // A piece at a time: the reader takes all that is there before it looks at any of it.
        if std::mem::take(&mut this.has_given) {
            ctx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.allowance.is_spent() {
            return Poll::Ready(Some(Err(Problem::LongHead)));
        }
        match Pin::new(&mut this.body).poll_frame(ctx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(_broken))) => Poll::Ready(Some(Err(Problem::Broken))),
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => Poll::Ready(Some(this.take(piece).map(Frame::data))),
                // Trailers end a body.
                Err(_trailers) => Poll::Ready(None),
            },
            Poll::Pending if this.pace.is_late(ctx) => Poll::Ready(Some(Err(Problem::TooSlow))),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// In any so long a time of waiting so many bytes must come.
#[derive(Debug)]
struct Pace {
    each: Duration,
    n_bytes: u64,
    n_came: u64,
    waited: Duration,
    since: Option<Instant>,
    late: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    const fn new(each: Duration, n_bytes: u64) -> Self {
        Self { each, n_bytes, n_came: 0, waited: Duration::ZERO, since: None, late: None }
    }

    fn came(&mut self, n: u64, now: Instant) {
        self.late = None;
        let waited = self.since.take().map_or(Duration::ZERO, |it| now.duration_since(it));
        self.waited = self.waited.saturating_add(waited);
        self.n_came = self.n_came.saturating_add(n);
        if self.n_came >= self.n_bytes {
            (self.n_came, self.waited) = (0, Duration::ZERO);
        }
    }

    fn is_late(&mut self, ctx: &mut Context<'_>) -> bool {
        if self.late.is_none() {
            self.late = Some(Box::pin(sleep(self.wait(Instant::now()))));
        }
        self.late.as_mut().is_some_and(|it| it.as_mut().poll(ctx).is_ready())
    }

    /// Begins to wait; how long at the most.
    fn wait(&mut self, now: Instant) -> Duration {
        self.since = Some(now);
        self.each.saturating_sub(self.waited)
    }
}

/// 16 KiB until a part has begun, and behind the last: as much as the head of a request.
const HEAD: u64 = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waiting_counts() {
        let mut pace = Pace::new(Duration::from_secs(5), 10);
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(pace.wait(at(0)), Duration::from_secs(5));
        pace.came(9, at(4));
        // The upstream takes nothing for a while.
        assert_eq!(pace.wait(at(100)), Duration::from_secs(1));
        pace.came(1, at(101));
        assert_eq!(pace.wait(at(102)), Duration::from_secs(5));
    }
}
