//! Files that go on with what was judged.
//!
//! Reads nothing: whoever hands them over makes the body around the operations.

use std::{
    cell::RefCell,
    error::Error,
    fmt, mem,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use hyper::body::{self, Frame, SizeHint};

/// Files, and how they stand in the request.
pub struct Files {
    /// `Content-Type`.
    pub content_type: HeaderValue,
    /// How the client has shown that it was not sent unasked; what we write is never among them.
    pub proofs: Vec<(HeaderName, HeaderValue)>,
    /// Which file stands where, as it is sent.
    pub map: Box<str>,
    /// Makes the body around the operations that were judged.
    pub body: Box<dyn FnOnce(Vec<u8>) -> FilesBody>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files(..)")
    }
}

type Pieces = dyn body::Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>>;

/// A piece of a body, its end, or why there is none.
type Polled = Poll<Option<Result<Frame<Bytes>, Box<dyn Error + Send + Sync>>>>;

/// What is still to be read.
struct Rest {
    /// Nothing at its end, or once it was given up.
    pieces: Option<Pin<Box<Pieces>>>,
    /// Who waits for the next piece.
    waker: Option<Waker>,
}

/// A body that is read while it is sent.
pub struct FilesBody(Rc<RefCell<Rest>>);

impl FilesBody {
    /// Of any body; its error breaks the request off.
    pub fn new(
        body: impl body::Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + 'static,
    ) -> Self {
        Self(Rc::new(RefCell::new(Rest { pieces: Some(Box::pin(body)), waker: None })))
    }

    pub(super) fn sending(&self) -> Sending {
        Sending(Rc::clone(&self.0))
    }
}

/// Files that are being sent: they are given up with it, whoever sends them.
pub(super) struct Sending(Rc<RefCell<Rest>>);

impl Sending {
    /// Whether all was sent.
    pub(super) fn is_over(&self) -> bool {
        self.0.borrow().pieces.is_none()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut rest = self.0.borrow_mut();
        let (given_up, waker) = (rest.pieces.take(), rest.waker.take());
        drop(rest);
        if given_up.is_some() {
            // Whoever waits is told, and ends its stream.
            waker.inspect(Waker::wake_by_ref);
        }
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending(..)")
    }
}

impl FilesBody {
    fn poll_frame(&self, ctx: &mut Context<'_>) -> Polled {
        let mut rest = self.0.borrow_mut();
        let polled = match rest.pieces.as_mut() {
            None => return Poll::Ready(Some(Err("the files were given up".into()))),
            Some(it) => it.as_mut().poll_frame(ctx),
        };
        match &polled {
            Poll::Pending => rest.waker = Some(ctx.waker().clone()),
            Poll::Ready(None | Some(Err(_))) => rest.pieces = None,
            Poll::Ready(Some(Ok(_))) => {}
        }
        polled
    }
}

impl fmt::Debug for FilesBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilesBody(..)")
    }
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Body {
    Files(FilesBody),
    /// All at once.
    Whole(Bytes),
}

impl body::Body for Body {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Polled {
        match self.get_mut() {
            Self::Files(files) => files.poll_frame(ctx),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Files(files) => {
                files.0.borrow().pieces.as_ref().is_some_and(|it| it.is_end_stream())
            }
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Files(files) => {
                let rest = files.0.borrow();
                rest.pieces.as_ref().map_or_else(SizeHint::default, |it| it.size_hint())
            }
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
