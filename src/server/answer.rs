//! The body of an answer: ours, or relayed from the upstream.

use std::{
    fmt,
    future::pending,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::server::{
    guarded::{CutOff, Guarded},
    held::Held,
    stream::Ends,
    watched::Counting,
};

/// The body of an answer.
pub(super) enum Answer {
    /// Written by us, in one piece; nothing once it was taken.
    Ours(Option<Bytes>),
    /// Written by us, and as large as the schema makes it: counted until its last piece is taken.
    Held {
        /// What is left.
        bytes: Bytes,
        /// Its room.
        _room: Held,
    },
    /// On its way from the upstream.
    Relayed {
        /// What comes.
        relayed: Guarded,
        /// When it must have come; nothing: never.
        until: Option<Instant>,
        /// Counts it, when the policy wants that.
        counting: Option<Box<Counting>>,
    },
    /// On its way from the upstream, event by event or part by part.
    Streamed {
        /// What comes.
        relayed: Guarded,
        /// When it ends at the latest.
        ends: Ends,
        /// What runs until it ends, and what is settled then.
        counting: Option<Box<Counting>>,
    },
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held { .. } => "Held",
            Self::Ours(_) => "Ours",
            Self::Relayed { .. } => "Relayed",
            Self::Streamed { .. } => "Streamed",
        })
    }
}

impl From<Bytes> for Answer {
    fn from(bytes: Bytes) -> Self {
        Self::Ours(Some(bytes).filter(|it| !it.is_empty()))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match self.get_mut() {
            Self::Ours(bytes) => Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it)))),
            Self::Held { bytes, .. } => {
                Poll::Ready(next_piece(bytes).map(|it| Ok(Frame::data(it))))
            }
            // Looked at when a piece is due, since neither a pause of the upstream nor one of the
            // client is ever longer than its own deadline.
            Self::Relayed { until, relayed, .. } if until.is_some_and(|it| it < Instant::now()) => {
                Poll::Ready(Some(Err(relayed.late())))
            }
            Self::Streamed { relayed, ends, counting } => {
                if let Poll::Ready(cut) = ends.as_mut().poll(ctx) {
                    relayed.cut(cut);
                    *ends = Box::pin(pending());
                }
                let polled = count(Pin::new(relayed).poll_frame(ctx), counting);
                if let (Some(counting), Poll::Ready(None | Some(Err(_)))) = (counting, &polled) {
                    counting.settle();
                }
                polled
            }
            Self::Relayed { relayed, until: _, counting } => {
                count(Pin::new(relayed).poll_frame(ctx), counting)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Held { bytes, .. } => bytes.is_empty(),
            Self::Ours(bytes) => bytes.is_none(),
            Self::Relayed { relayed, .. } | Self::Streamed { relayed, .. } => {
                relayed.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Ours(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Held { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
            Self::Relayed { relayed, .. } => relayed.size_hint(),
            // It may end before.
            Self::Streamed { .. } => SizeHint::default(),
        }
    }
}

/// What is handed over at a time: who takes nothing more has no more of it than that.
fn next_piece(bytes: &mut Bytes) -> Option<Bytes> {
    let n = bytes.len().min(PIECE);
    (n > 0).then(|| bytes.split_to(n))
}

/// 64 KiB, as the window of a stream.
const PIECE: usize = 64 * 1024;

type Polled = Poll<Option<Result<Frame<Bytes>, CutOff>>>;

/// Shows a piece to who counts.
fn count(polled: Polled, counting: &mut Option<Box<Counting>>) -> Polled {
    if let (Some(counting), Poll::Ready(Some(Ok(frame)))) = (counting, &polled)
        && let Some(piece) = frame.data_ref()
    {
        counting.push(piece);
    }
    polled
}
