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
    verdict::{Code, Violation},
};

/// 1 MiB: ten default bodies. An honest mistake is seldom larger; a larger one is cut off.
const MAX_DISCARDED: u64 = 1024 * 1024;

/// The whole body. One that arrives in one piece, as most do, is not copied.
///
/// # Errors
/// `MAX_BODY_LIMIT` by the declared length before anything is read, else by counting;
/// `CLIENT_TIMEOUT` when it does not arrive, or in a framing that is broken.
pub(super) async fn read<B>(body: B, limit: u64, deadline: Duration) -> Result<Bytes, Violation>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let reading = async {
        let collected = collect(body.as_mut(), limit).await;
        if collected.as_ref().is_err_and(|it| it.code == Code::MAX_BODY_LIMIT) {
            discard(body).await;
        }
        collected
    };
    let read = timeout(deadline, reading).await;
    read.unwrap_or_else(|_elapsed| Err(body_broke_off("the deadline has passed")))
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
    if size.exact() == Some(first.len() as u64) {
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

    use http_body_util::{Empty, Full};
    use hyper::body::Frame;

    use super::*;

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
