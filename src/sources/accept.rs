//! The bytes of a connection that a client opened, with TLS or without.
//!
//! Knows no deadline for the handshake; whoever waits for it has one.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{config::ListenerTls, identity::Certificate, sources::patient::Patient};

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    stream: Stream,
    /// Verified; nothing when the client showed none.
    certificate: Option<Arc<Certificate>>,
}

/// What client and server have agreed to speak (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreed {
    Http1,
    Http2,
    /// Without TLS nobody asks.
    Nothing,
}

#[derive(Debug)]
enum Stream {
    /// As it is.
    Plain(Patient),
    /// Boxed, since it is ten times as large as the other.
    Tls(Box<TlsStream<Patient>>),
}

impl Accepted {
    /// The connection as it is; `stall` is how long the client may take nothing.
    pub(crate) const fn plain(stream: TcpStream, stall: Duration) -> Self {
        Self { stream: Stream::Plain(Patient::new(stream, stall)), certificate: None }
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// When one side does not accept the other. A certificate that was verified and cannot be read
    /// is an error, too: its client is not nobody.
    pub(crate) async fn tls(
        stream: TcpStream,
        stall: Duration,
        tls: &ListenerTls,
    ) -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(tls.server());
        let stream = acceptor.accept(Patient::new(stream, stall)).await?;
        let certificate = match stream.get_ref().1.peer_certificates() {
            None | Some([]) => None,
            Some([first, ..]) => {
                let certificate = Certificate::read(first);
                let unreadable = "the names in the client's certificate cannot be read";
                Some(Arc::new(certificate.ok_or_else(|| io::Error::other(unreadable))?))
            }
        };
        Ok(Self { stream: Stream::Tls(Box::new(stream)), certificate })
    }

    /// What the client has shown.
    pub(crate) const fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// What was agreed on. A client that offers nothing speaks HTTP/1 (RFC 9113 §3.2).
    pub(crate) fn agreed(&self) -> Agreed {
        match &self.stream {
            Stream::Plain(_) => Agreed::Nothing,
            Stream::Tls(it) if it.get_ref().1.alpn_protocol() == Some(b"h2") => Agreed::Http2,
            Stream::Tls(_) => Agreed::Http1,
        }
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(it) => Pin::new(it).poll_read(ctx, buffer),
            Stream::Tls(it) => Pin::new(it).poll_read(ctx, buffer),
        }
    }
}

impl AsyncWrite for Accepted {
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
