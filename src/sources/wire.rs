//! The bytes of a connection that we opened, with TLS or without.

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

/// An open connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: Stream,
    broken: Rc<OnceCell<String>>,
}

/// How a connection broke, once it did. The libraries above do not always pass it on: an upstream
/// that refuses our certificate says so only after the handshake, when they may already have told
/// the request that the connection is closed.
#[derive(Clone, Debug)]
pub(crate) struct Ended(Rc<OnceCell<String>>);

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

    /// To ask later how the connection has ended.
    pub(crate) fn ended(&self) -> Ended {
        Ended(Rc::clone(&self.broken))
    }

    /// True when the other end is this machine.
    pub(super) fn is_local(&self) -> bool {
        let stream = match &self.stream {
            Stream::Plain(it) => it,
            Stream::Tls(it) => it.get_ref().0,
        };
        stream.peer_addr().is_ok_and(|it| it.ip().to_canonical().is_loopback())
    }

    /// True when the server chose HTTP/2 of what we offered.
    pub(crate) fn is_http2(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => false,
            Stream::Tls(it) => it.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }
}

impl Ended {
    /// What reading from the connection said, if it failed.
    pub(crate) fn said(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
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
