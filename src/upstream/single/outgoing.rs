//! A request as HTTP/1.1 writes it, and how much of it was written.

use std::{
    io::{self, IoSlice, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, buf::Chain};
use http::Request;
use hyper::body::Body as _;
use tokio::io::AsyncWrite as _;

use super::Wrong;
use crate::{
    sources::Wire,
    upstream::{files::Body, link::Parcel},
};

/// What of a request is on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    request: Parcel,
    /// Written next.
    next: Next,
    has_begun: bool,
    /// True once all of the body stands in `next`.
    is_whole: bool,
}

/// A head, and a body or a piece of it with what stands around it.
type Next = Chain<Chain<Bytes, Bytes>, &'static [u8]>;

impl Outgoing {
    pub(super) fn new(request: Parcel) -> Self {
        let whole = match request.body() {
            Body::Whole(bytes) => Some(bytes.clone()),
            Body::Files(_) => None,
        };
        let head = head(&request, whole.as_ref().map(Bytes::len)).into();
        let is_whole = whole.is_some();
        let next = next(head, whole.unwrap_or_default(), b"");
        Self { request, next, has_begun: false, is_whole }
    }

    /// True once something of it was written.
    pub(super) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The request, when nothing of it was written.
    pub(super) fn unsent(self) -> Option<Parcel> {
        (!self.has_begun).then_some(self.request)
    }

    /// Writes what there is, to the end of the request.
    pub(super) fn poll_write(
        &mut self,
        wire: &mut Wire,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<(), Wrong>> {
        // Budget: the pieces of the body that are there, and room for them.
        loop {
            ready!(self.poll_next(wire, ctx)).map_err(Wrong::Wire)?;
            if self.is_whole {
                return Pin::new(wire).poll_flush(ctx).map_err(Wrong::Wire);
            }
            if self.poll_piece(ctx)?.is_pending() {
                // What was written does not wait for what comes.
                ready!(Pin::new(wire).poll_flush(ctx)).map_err(Wrong::Wire)?;
                return Poll::Pending;
            }
        }
    }

    fn poll_next(&mut self, wire: &mut Wire, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.next.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 3];
            let n = self.next.chunks_vectored(&mut slices);
            let slices = slices.get(..n).unwrap_or_default();
            let n = ready!(Pin::new(&mut *wire).poll_write_vectored(ctx, slices))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.has_begun = true;
            self.next.advance(n);
        }
        Poll::Ready(Ok(()))
    }

    /// The next piece of files, as a chunk (RFC 9112 §7.1).
    fn poll_piece(&mut self, ctx: &mut Context<'_>) -> Result<Poll<()>, Wrong> {
        let piece = match Pin::new(self.request.body_mut()).poll_frame(ctx) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(piece) => piece.transpose().map_err(Wrong::Files)?,
        };
        let Some(piece) = piece else {
            self.is_whole = true;
            self.next = next(Bytes::from_static(b"0\r\n\r\n"), Bytes::new(), b"");
            return Ok(Poll::Ready(()));
        };
        // A chunk without bytes would be the last.
        if let Some(piece) = piece.into_data().ok().filter(|it| !it.is_empty()) {
            let size = format!("{:x}\r\n", piece.len());
            self.next = next(size.into(), piece, b"\r\n");
        }
        Ok(Poll::Ready(()))
    }
}

fn next(before: Bytes, piece: Bytes, after: &'static [u8]) -> Next {
    before.chain(piece).chain(after)
}

/// The head, for a body of so many bytes or in chunks.
fn head(request: &Request<Body>, length: Option<usize>) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD);
    let path = request.uri().path_and_query().map_or("/", |it| it.as_str());
    for piece in [request.method().as_str(), " ", path, " HTTP/1.1\r\n"] {
        head.extend_from_slice(piece.as_bytes());
    }
    for (name, value) in request.headers() {
        for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(piece);
        }
    }
    match length {
        // Writing to a vector does not fail.
        Some(length) => drop(write!(head, "content-length: {length}\r\n\r\n")),
        None => head.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n"),
    }
    head
}

/// 512 bytes: a head without tokens fits.
const HEAD: usize = 512;
