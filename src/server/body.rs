//! Reads a request's body under a limit and a deadline.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use hyper::body::Body;
use tokio::time::timeout;

use crate::{
    transport::{body_broke_off, body_too_large},
    verdict::Violation,
};

/// The whole body. One that arrives in one piece, as most do, is not copied.
///
/// # Errors
/// `MAX_BODY_LIMIT` by the declared length before anything is read, else by counting;
/// `CLIENT_TIMEOUT` when it does not arrive, or in a framing that is broken.
pub(super) async fn read<B>(body: B, limit: u64, deadline: Duration) -> Result<Bytes, Violation>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > limit {
        return Err(body_too_large(limit));
    }
    let reading = timeout(deadline, collect(body, limit));
    reading.await.unwrap_or_else(|_elapsed| Err(body_broke_off("the deadline has passed")))
}

async fn collect<B>(body: B, limit: u64) -> Result<Bytes, Violation>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let declared = body.size_hint().exact();
    let first = next(body.as_mut(), limit, 0).await?.unwrap_or_default();
    if declared == Some(first.len() as u64) {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    // Never more than the limit, which was compared with the declared length before.
    let missing = declared.unwrap_or(0).saturating_sub(whole.len() as u64);
    whole.reserve(usize::try_from(missing).unwrap_or(0));
    // Budget: the limit, which every piece draws on.
    while let Some(piece) = next(body.as_mut(), limit, whole.len() as u64).await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
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

    use http_body_util::{Empty, Full};
    use hyper::body::Frame;

    use super::*;
    use crate::verdict::Code;

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

    async fn check<B: Body<Data = Bytes>>(body: B, expect: Result<&str, Code>) {
        let got = read(body, 5, Duration::from_secs(60)).await.map_err(|it| it.code);
        assert_eq!(got.as_deref(), expect.map(str::as_bytes).as_ref().copied());
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
        let got = read(Never, 5, Duration::ZERO).await.map_err(|it| it.code);
        assert_eq!(got, Err(Code::CLIENT_TIMEOUT));
    }
}
