//! Reads a request's body under a limit and a deadline.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, timeout};

use crate::{
    server::held::Held,
    transport::{Refusal, body_broke_off, body_too_large},
    verdict::{Code, Fault, Violation},
};

/// 1 MiB: ten default bodies. An honest mistake is seldom larger; a larger one is cut off.
const MAX_DISCARDED: u64 = 1024 * 1024;

/// How large a body may be, and how slow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes.
    pub(super) size: u64,
    /// When it must be there.
    pub(super) deadline: Duration,
    /// In any such time...
    pub(super) pace: Duration,
    /// ... so many bytes must come.
    pub(super) pace_bytes: u64,
    /// Whether the client only sends it when it is asked to.
    pub(super) is_asked_for: bool,
}

/// 1 s: what was sent with the head is there by then.
pub(super) const UNREAD: Duration = Duration::from_secs(1);

/// Why there is no body.
#[derive(Debug)]
pub(super) enum NoBody {
    /// The worker holds too much already.
    NoRoom,
    /// It is the client's doing.
    Wrong(Violation),
}

impl From<NoBody> for Refusal {
    fn from(why: NoBody) -> Self {
        match why {
            NoBody::NoRoom => Self::Fault(Fault::Busy {
                code: Code::SERVICE_UNAVAILABLE,
                retry: Duration::from_secs(1),
                detail: "too many bytes of bodies are held".into(),
            }),
            NoBody::Wrong(violation) => violation.into(),
        }
    }
}

/// The whole body. One that arrives in one piece, as most do, is not copied.
///
/// # Errors
/// `MAX_BODY_LIMIT` by the declared length before anything is read, else by counting;
/// `CLIENT_TIMEOUT` when it does not arrive, or in a framing that is broken.
pub(super) async fn read<B>(body: B, limits: Limits, held: &Held) -> Result<Bytes, NoBody>
where
    B: Body<Data = Bytes>,
{
    let (n_read, full) = (Cell::new(0), Cell::new(false));
    let counted =
        Counted { body: pin!(body), n: &n_read, limit: limits.size, held: Some(held), full: &full };
    let mut body = pin!(counted);
    let read = in_time(collect(body.as_mut(), limits.size), &n_read, limits).await;
    if full.get() {
        return Err(NoBody::NoRoom);
    }
    let read = read.unwrap_or_else(|late| Err(body_broke_off(late)));
    if read.as_ref().is_err_and(|it| it.code == Code::MAX_BODY_LIMIT) && !limits.is_asked_for {
        // Too slow is as good as through.
        let limits = Limits { deadline: limits.deadline.min(UNREAD), ..limits };
        let _in_time = in_time(discard(body), &n_read, limits).await;
    }
    read.map_err(NoBody::Wrong)
}

/// Reads on as long as enough comes, and at most until the deadline.
async fn in_time<F: Future>(
    reading: F,
    n_read: &Cell<u64>,
    limits: Limits,
) -> Result<F::Output, &'static str> {
    let mut reading = pin!(reading);
    let begun = Instant::now();
    let mut before = 0;
    // Budget: the deadline; every turn takes its part of it.
    loop {
        let left = limits.deadline.saturating_sub(begun.elapsed());
        if let Ok(read) = timeout(limits.pace.min(left), reading.as_mut()).await {
            return Ok(read);
        }
        if begun.elapsed() >= limits.deadline {
            return Err("the deadline has passed");
        }
        if n_read.get().saturating_sub(before) < limits.pace_bytes {
            return Err("it came too slowly");
        }
        before = n_read.get();
    }
}

/// A body whose bytes are counted as they come.
struct Counted<'c, B> {
    body: Pin<&'c mut B>,
    n: &'c Cell<u64>,
    /// What comes behind it is thrown away, and not held.
    limit: u64,
    held: Option<&'c Held>,
    /// True once there was no room; the body ends there.
    full: &'c Cell<bool>,
}

impl<B: Body<Data = Bytes>> Body for Counted<'_, B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let polled = this.body.as_mut().poll_frame(ctx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let n = frame.data_ref().map_or(0, |it| it.len() as u64);
            let all = this.n.get().saturating_add(n);
            this.n.set(all);
            if all <= this.limit && this.held.is_some_and(|it| !it.add(n)) {
                this.full.set(true);
                return Poll::Ready(None);
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn collect<B>(mut body: Pin<&mut B>, limit: u64) -> Result<Bytes, Violation>
where
    B: Body<Data = Bytes>,
{
    let size = body.size_hint();
    if size.lower() > limit {
        return Err(body_too_large(limit));
    }
    let first = next(body.as_mut(), limit, 0).await?.unwrap_or_default();
    // Over HTTP/2 all bytes can be there, and their end not: what follows may be wrong.
    if size.exact() == Some(first.len() as u64) && body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    // Never more than the limit, with which the declared length was compared above.
    let missing = size.exact().unwrap_or(0).saturating_sub(whole.len() as u64);
    whole.reserve(usize::try_from(missing).unwrap_or(0));
    // Budget: the limit, which every piece draws on.
    while let Some(piece) = next(body.as_mut(), limit, whole.len() as u64).await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Reads on within the limits, and keeps nothing: whatever is still sent of a request that was
/// refused.
pub(super) async fn discard_in_time<B>(body: &mut B, limits: Limits)
where
    B: Body<Data = Bytes> + Unpin,
{
    let (n_read, full) = (Cell::new(0), Cell::new(false));
    let body = Pin::new(body);
    let mut body = pin!(Counted { body, n: &n_read, limit: 0, held: None, full: &full });
    // Too slow is as good as through.
    let _in_time = in_time(discard(body.as_mut()), &n_read, limits).await;
}

/// Reads on, and keeps nothing: a client that is still sending when its connection is closed would
/// see it reset, and not why it was refused.
async fn discard<B>(mut body: Pin<&mut B>)
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > MAX_DISCARDED {
        return;
    }
    let mut n_read = 0_u64;
    // Budget: `MAX_DISCARDED`, which every piece draws on.
    while let Ok(Some(piece)) = next(body.as_mut(), MAX_DISCARDED, n_read).await {
        n_read = n_read.saturating_add(piece.len() as u64);
    }
}

/// The next piece, when `n_read` and it together stay within the limit; trailers are dropped.
async fn next<B>(mut body: Pin<&mut B>, limit: u64, n_read: u64) -> Result<Option<Bytes>, Violation>
where
    B: Body<Data = Bytes>,
{
    let frame = poll_fn(|ctx: &mut Context<'_>| -> Poll<_> { body.as_mut().poll_frame(ctx) });
    match frame.await {
        None => Ok(None),
        Some(Err(_broken)) => Err(body_broke_off("the connection or its framing broke")),
        // Trailers end a body.
        Some(Ok(frame)) => match frame.into_data() {
            Ok(piece) if n_read.saturating_add(piece.len() as u64) > limit => {
                Err(body_too_large(limit))
            }
            Ok(piece) => Ok(Some(piece)),
            Err(_trailers) => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible};

    use super::*;
    use crate::server::held::Ceiling;
    use http_body_util::{Empty, Full};

    /// A body of unknown length in pieces.
    struct Pieces(VecDeque<&'static str>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _ctx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.get_mut().0.pop_front();
            Poll::Ready(piece.map(|it| Ok(Frame::data(Bytes::from_static(it.as_bytes())))))
        }
    }

    const LIMITS: Limits = Limits {
        size: 5,
        deadline: Duration::from_secs(60),
        pace: Duration::from_secs(60),
        pace_bytes: 1,
        is_asked_for: false,
    };

    async fn check<B: Body<Data = Bytes>>(body: B, expect: Result<&str, Code>) {
        let got = read(body, LIMITS, &Ceiling::new(5).hold()).await.map_err(code);
        assert_eq!(got.as_deref(), expect.map(str::as_bytes).as_ref().copied());
    }

    fn code(why: NoBody) -> Code {
        match why {
            NoBody::NoRoom => Code::SERVICE_UNAVAILABLE,
            NoBody::Wrong(violation) => violation.code,
        }
    }

    #[tokio::test]
    async fn there_is_room_or_there_is_none() {
        let ceiling = Ceiling::new(7);
        let (one, two) = (ceiling.hold(), ceiling.hold());
        assert_eq!(&*read(Pieces(["12", "345"].into()), LIMITS, &one).await.unwrap(), b"12345");
        let none = read(Pieces(["1", "23"].into()), LIMITS, &two).await;
        assert_eq!(none.map_err(code), Err(Code::SERVICE_UNAVAILABLE));
        drop((one, two));
        assert!(read(Full::from("12345"), LIMITS, &ceiling.hold()).await.is_ok());
        // What is over the limit is not held.
        let none = read(Full::from("12345678"), LIMITS, &ceiling.hold()).await;
        assert_eq!(none.map_err(code), Err(Code::MAX_BODY_LIMIT));
    }

    #[tokio::test]
    async fn the_limit_holds_on_both_sides() {
        check(Empty::new(), Ok("")).await;
        check(Full::from("12345"), Ok("12345")).await;
        check(Full::from("123456"), Err(Code::MAX_BODY_LIMIT)).await;
        check(Pieces(["12", "", "345"].into()), Ok("12345")).await;
        check(Pieces(["12", "345", "6"].into()), Err(Code::MAX_BODY_LIMIT)).await;
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        struct Never;
        impl Body for Never {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                self: Pin<&mut Self>,
                _ctx: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                Poll::Pending
            }
        }
        let check = async |limits, expect: &str| {
            let held = Ceiling::new(5).hold();
            let Err(NoBody::Wrong(late)) = read(Never, limits, &held).await else { panic!() };
            assert_eq!((late.code, &*late.detail), (Code::CLIENT_TIMEOUT, expect));
        };
        check(Limits { deadline: Duration::ZERO, ..LIMITS }, "the deadline has passed").await;
        check(Limits { pace: Duration::ZERO, ..LIMITS }, "it came too slowly").await;
    }
}
