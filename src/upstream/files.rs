//! Files that go on with what was judged.
//!
//! Reads nothing: whoever hands them over makes the body around the operations.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::{self, Frame, SizeHint};

/// Files, and how they stand in the request.
pub struct Files {
    /// `Content-Type`, and how the client has shown that it was not sent unasked.
    pub headers: Vec<(HeaderName, HeaderValue)>,
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

/// A body that is read while it is sent.
pub struct FilesBody(Pin<Box<Pieces>>);

impl FilesBody {
    /// Of any body; its error breaks the request off.
    pub fn new(
        body: impl body::Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + 'static,
    ) -> Self {
        Self(Box::pin(body))
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
    Whole(Full<Bytes>),
}

impl body::Body for Body {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.get_mut() {
            Self::Files(files) => files.0.as_mut().poll_frame(ctx),
            Self::Whole(whole) => Pin::new(whole).poll_frame(ctx).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Files(files) => files.0.is_end_stream(),
            Self::Whole(whole) => whole.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Files(files) => files.0.size_hint(),
            Self::Whole(whole) => whole.size_hint(),
        }
    }
}
