//! A client's socket, between the system and the protocol library.
//!
//! It has read the first bytes of a connection to tell HTTP/2 from HTTP/1, and gives them back
//! first. What is read is checked by `head`, not here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::sources::{Accepted, Agreed};

/// What a client speaks, by the first bytes it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Anything that is not HTTP/2, also what is no HTTP at all.
    Http1,
    /// HTTP/2 by prior knowledge: the connection preface of RFC 9113 §3.4.
    Http2,
}

/// A socket of which the first bytes were read already.
#[derive(Debug)]
pub(super) struct Socket {
    stream: Accepted,
    first: Box<[u8]>,
    /// How many of the first bytes were given back.
    n_given: usize,
}

/// Enough of the preface to tell: no method of HTTP/1 is called `PRI`.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl Socket {
    /// Reads as much as it takes to know the protocol.
    ///
    /// # Errors
    /// When it breaks, or the client speaks something else than it has agreed to over TLS.
    pub(super) async fn open(mut stream: Accepted) -> io::Result<(Protocol, Self)> {
        let mut first = [0; PREFACE.len()];
        let mut n = 0_usize;
        // Budget: the preface; every turn reads at least one byte of it.
        let protocol = loop {
            let so_far = first.get(..n).unwrap_or_default();
            match PREFACE.strip_prefix(so_far) {
                Some([]) => break Protocol::Http2,
                Some(_rest) => {}
                None => break Protocol::Http1,
            }
            let n_read = stream.read(first.get_mut(n..).unwrap_or_default()).await?;
            if n_read == 0 {
                break Protocol::Http1;
            }
            n = n.saturating_add(n_read);
        };
        match (stream.agreed(), protocol) {
            (Agreed::Nothing, _)
            | (Agreed::Http1, Protocol::Http1)
            | (Agreed::Http2, Protocol::Http2) => {}
            (Agreed::Http1 | Agreed::Http2, _) => return Err(io::ErrorKind::InvalidData.into()),
        }
        let first = first.get(..n).unwrap_or_default().into();
        Ok((protocol, Self { stream, first, n_given: 0 }))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let first = this.first.get(this.n_given..).unwrap_or_default();
        if first.is_empty() {
            return Pin::new(&mut this.stream).poll_read(ctx, buffer);
        }
        let n = first.len().min(buffer.remaining());
        buffer.put_slice(first.get(..n).unwrap_or_default());
        this.n_given = this.n_given.saturating_add(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(ctx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(ctx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(ctx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(ctx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::AsyncWriteExt,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn check(sent: &[u8], expect: Protocol) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(sent).await.unwrap();
        client.shutdown().await.unwrap();
        let accepted = Accepted::plain(listener.accept().await.unwrap().0, Duration::MAX);
        let (protocol, mut socket) = Socket::open(accepted).await.unwrap();
        let mut read = Vec::new();
        socket.read_to_end(&mut read).await.unwrap();
        assert_eq!((protocol, &*read), (expect, sent));
    }

    #[tokio::test]
    async fn the_preface_tells_and_nothing_is_lost() {
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", Protocol::Http2).await;
        check(b"POST /graphql HTTP/1.1\r\nHost: a\r\n\r\n", Protocol::Http1).await;
        check(b"PRI * HTTP/2.0\r\n\r\nXX and more", Protocol::Http1).await;
        check(b"P", Protocol::Http1).await;
        check(b"", Protocol::Http1).await;
    }
}
