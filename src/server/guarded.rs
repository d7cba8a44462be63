//! The body of an answer behind the guards of the policy.
//!
//! Where nothing reads it, it passes as it comes, and only its bytes are counted. Where something
//! does, its beginning is held back: an answer that ends within [`HOLD`] is judged whole, so that
//! a wrong one is a clean refusal. One that is longer is cut off where it turns out to be wrong.
//! Of answers that go on, a wrong one is told of in its place, and is the last.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, StatusCode, header::CONTENT_LENGTH};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::{
    response::{self, Counted, Filter, Wrong},
    telemetry::{AnswerCut, RequestId},
    upstream::{RelayError, Relayed},
    verdict::{Code, Fault},
};

/// A body behind the guards.
#[derive(Debug)]
pub(super) struct Guarded {
    id: RequestId,
    relayed: Relayed,
    /// Counts what comes, where that is bounded and the filter does not.
    counted: Option<Counted>,
    filter: Option<Box<Filter>>,
    /// What may go on and did not yet.
    ready: Bytes,
    ended: bool,
    /// Why it breaks off, once everything before that is on its way.
    failed: Option<CutOff>,
    has_waited: bool,
    /// Its head is with the client.
    is_sent: bool,
    /// When it must have come.
    until: Option<Pin<Box<Sleep>>>,
}

/// Why an answer broke off.
#[derive(Debug)]
pub(super) enum CutOff {
    /// A subscription ends as all of them do; clients that do not see the end ask again.
    Due(&'static str),
    /// It took too long.
    Late,
    /// The caller's credential ended before it did.
    Outlived,
    /// The upstream broke off.
    Relay(RelayError),
    /// Another policy is in force, under which it would not be what it is.
    Replaced,
    /// It may not go on.
    Wrong(Wrong),
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due(why) => f.write_str(why),
            Self::Late => f.write_str("the answer took too long"),
            Self::Outlived => f.write_str("the caller's credential ended before the answer"),
            Self::Relay(it) => it.fmt(f),
            Self::Replaced => f.write_str("another policy does not let it go on as it is"),
            Self::Wrong(it) => it.fmt(f),
        }
    }
}

impl std::error::Error for CutOff {}

impl CutOff {
    /// As what the client is told instead of the answer.
    pub(super) fn fault(&self, status: StatusCode) -> Fault {
        let code = match self {
            Self::Due(_)
            | Self::Late
            | Self::Outlived
            | Self::Replaced
            | Self::Relay(RelayError::Timeout) => Code::GATEWAY_TIMEOUT,
            Self::Relay(RelayError::Broken(_)) => Code::UPSTREAM_UNAVAILABLE,
            Self::Wrong(wrong) => return response::fault(status, wrong),
        };
        Fault::Upstream { code, detail: self.to_string().into() }
    }
}

impl Guarded {
    pub(super) fn new(
        id: RequestId,
        relayed: Relayed,
        counted: Option<Counted>,
        filter: Option<Filter>,
    ) -> Self {
        Self {
            id,
            relayed,
            counted,
            filter: filter.map(Box::new),
            ready: Bytes::new(),
            ended: false,
            failed: None,
            has_waited: false,
            is_sent: false,
            until: None,
        }
    }

    /// The same with a time by which it must have come.
    pub(super) fn until(mut self, until: Option<Instant>) -> Self {
        self.until = until.map(|it| Box::pin(sleep_until(it)));
        self
    }

    /// The same, when its head goes to the client at once.
    pub(super) const fn sent(mut self) -> Self {
        self.is_sent = true;
        self
    }

    /// Whether somebody reads it on its way.
    pub(super) const fn is_read(&self) -> bool {
        self.filter.is_some()
    }

    /// Why it breaks off when the request has had its time.
    pub(super) fn late(&self) -> CutOff {
        let cut = CutOff::Late;
        AnswerCut { id: self.id, detail: &cut }.emit();
        cut
    }

    /// Breaks off behind what is ready, unless that is all.
    pub(super) fn cut(&mut self, why: CutOff) {
        self.failed.get_or_insert(why);
    }

    /// Waits for the beginning, or for all of it when that is short.
    async fn hold(&mut self) -> Result<(), CutOff> {
        let mut held = Vec::new();
        // Budget: what is held, and what the upstream may send and nobody passes on.
        while held.len() < HOLD {
            match poll_fn(|ctx| Pin::new(&mut *self).poll_frame(ctx)).await {
                Some(Ok(frame)) => {
                    held.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()))
                }
                Some(Err(cut)) => return Err(cut),
                None => break,
            }
        }
        self.ready = held.into();
        Ok(())
    }

    /// The next piece that may go on; at the end, what is left.
    fn poll_next(&mut self, ctx: &mut Context<'_>) -> Poll<Result<Bytes, CutOff>> {
        // Budget: every turn takes a frame from the upstream, of which there are so many bytes.
        loop {
            let Some(frame) = std::task::ready!(Pin::new(&mut self.relayed).poll_frame(ctx)) else {
                self.ended = true;
                let mut out = Vec::new();
                if let Some(filter) = &mut self.filter
                    && let Err(wrong) = filter.finish(&mut out)
                {
                    self.end_wrong(wrong, &mut out);
                }
                return Poll::Ready(Ok(out.into()));
            };
            let mut piece = match frame.map(Frame::into_data) {
                Ok(Ok(piece)) => piece,
                Ok(Err(_trailers)) => continue,
                Err(error) => return Poll::Ready(Err(CutOff::Relay(error))),
            };
            if let Err((wrong, n_good)) = self.counted.as_mut().map_or(Ok(()), |it| it.push(&piece))
            {
                self.failed = Some(CutOff::Wrong(wrong));
                piece.truncate(n_good);
                return Poll::Ready(Ok(piece));
            }
            let Some(filter) = &mut self.filter else { return Poll::Ready(Ok(piece)) };
            let mut out = Vec::with_capacity(piece.len());
            if let Err(wrong) = filter.push(&piece, &mut out) {
                self.end_wrong(wrong, &mut out);
            }
            if !out.is_empty() || self.failed.is_some() {
                return Poll::Ready(Ok(out.into()));
            }
        }
    }

    /// What is wrong is told of in its place, where there is one; else the answer breaks off.
    fn end_wrong(&mut self, wrong: Wrong, out: &mut Vec<u8>) {
        if self.filter.as_mut().is_some_and(|it| it.end_wrong(out)) {
            AnswerCut { id: self.id, detail: &wrong }.emit();
            self.ended = true;
        } else {
            self.failed = Some(CutOff::Wrong(wrong));
        }
    }

    /// Breaks off. What was handed over before is written first: an error drops what is buffered.
    fn poll_failed(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.is_sent && !std::mem::replace(&mut self.has_waited, true) {
            ctx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ended = true;
        let Some(cut) = self.failed.take() else { return Poll::Ready(None) };
        if self.is_sent && !matches!(cut, CutOff::Due(_)) {
            AnswerCut { id: self.id, detail: &cut }.emit();
        }
        Poll::Ready(Some(Err(cut)))
    }
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let this = self.get_mut();
        if !this.ready.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.ready)))));
        }
        // The end may have shown that it is wrong.
        if this.ended && this.failed.is_none() {
            return Poll::Ready(None);
        }
        let is_late = this.until.as_mut().is_some_and(|it| it.as_mut().poll(ctx).is_ready());
        if is_late && this.failed.is_none() {
            this.failed = Some(CutOff::Late);
        }
        if this.failed.is_none() {
            match std::task::ready!(this.poll_next(ctx)) {
                Ok(piece) if piece.is_empty() && this.failed.is_some() => {}
                Ok(piece) if piece.is_empty() => return Poll::Ready(None),
                Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(cut) => this.failed = Some(cut),
            }
        }
        this.poll_failed(ctx)
    }

    fn is_end_stream(&self) -> bool {
        let is_over = match self.filter {
            _ if self.failed.is_some() => false,
            Some(_) => self.ended,
            None => self.ended || self.relayed.is_end_stream(),
        };
        is_over && self.ready.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.filter {
            Some(_) if self.ended => SizeHint::with_exact(self.ready.len() as u64),
            Some(_) => SizeHint::default(),
            None => self.relayed.size_hint(),
        }
    }
}

/// Holds an answer back that is read, until it is clear that it is not wrong from the start.
pub(super) async fn held(
    answer: Response<Guarded>,
    until: Option<Instant>,
) -> Result<Response<Guarded>, Fault> {
    let (mut head, mut body) = answer.into_parts();
    let held = match until {
        Some(until) => timeout_at(until, body.hold()).await.unwrap_or(Err(CutOff::Late)),
        None => body.hold().await,
    };
    held.map_err(|it| it.fault(head.status))?;
    // What is longer has to break off visibly when it turns out to be wrong.
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, body))
}

/// 64 KiB: more than most answers have.
const HOLD: usize = 64 * 1024;
