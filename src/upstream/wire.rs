//! The bytes of a connection to the upstream, with TLS or without.

use std::{
    cell::OnceCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::upstream::fault::Failure;

/// An open connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    broken: Rc<OnceCell<String>>,
}

/// How a connection broke, once it did. The libraries above do not always pass it on: an upstream
/// that refuses our certificate says so only after the handshake, when they may already have told
/// the request that the connection is closed.
#[derive(Clone, Debug)]
pub(super) struct Ended(Rc<OnceCell<String>>);

#[derive(Debug)]
enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Boxed, since it is ten times as large as the other.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), broken: Rc::default() }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self { stream: Stream::Tls(Box::new(stream)), broken: Rc::default() }
    }

    pub(super) fn ended(&self) -> Ended {
        Ended(Rc::clone(&self.broken))
    }
}

impl Ended {
    /// A failure of the connection, with what is known about its end.
    pub(super) fn failure(&self, error: hyper::Error) -> Failure {
        Failure::Broken { error, wire: self.0.get().cloned() }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, broken } = self.get_mut();
        let read = match stream {
            Stream::Plain(it) => Pin::new(it).poll_read(ctx, buffer),
            Stream::Tls(it) => Pin::new(it).poll_read(ctx, buffer),
        };
        match read {
            Poll::Ready(Err(error)) => {
                broken.get_or_init(|| error.to_string());
                Poll::Ready(Err(error))
            }
            read => read,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(it) => Pin::new(it).poll_write(ctx, bytes),
            Stream::Tls(it) => Pin::new(it).poll_write(ctx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(it) => Pin::new(it).poll_write_vectored(ctx, pieces),
            Stream::Tls(it) => Pin::new(it).poll_write_vectored(ctx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(it) => it.is_write_vectored(),
            Stream::Tls(it) => it.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(it) => Pin::new(it).poll_flush(ctx),
            Stream::Tls(it) => Pin::new(it).poll_flush(ctx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(it) => Pin::new(it).poll_shutdown(ctx),
            Stream::Tls(it) => Pin::new(it).poll_shutdown(ctx),
        }
    }
}
