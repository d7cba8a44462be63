//! A client's socket as the protocol library may see it: only what was checked.
//!
//! A whole request in one packet, as most are, is checked where the library reads it and not
//! copied.

use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep, sleep_until},
};

use crate::server::{
    head::{Limits, Watch, walk::Walk, wrong::Wrong},
    socket::Socket,
};

/// A socket whose requests are checked as they come.
#[derive(Debug)]
pub(in crate::server) struct Guard {
    socket: Socket,
    walk: Walk,
    watch: Rc<Watch>,
    /// Bytes that were read; the first `n_good` may go on.
    held: Vec<u8>,
    n_good: usize,
    /// Nothing is read any more after a fault.
    fault: Option<Place>,
    slow: Slow,
    parting: Option<Parting>,
}

/// Where a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Body,
    Head,
}

/// When a head is late.
#[derive(Debug)]
struct Slow {
    limit: Duration,
    /// Runs while a head is incomplete.
    timer: Option<Pin<Box<Sleep>>>,
}

/// What is still read, and thrown away, when a connection is closed on a client that sends.
#[derive(Debug)]
struct Parting {
    n_left: usize,
    timer: Pin<Box<Sleep>>,
}

impl Guard {
    /// The first head is due `limit` after `since`, every other one after its first byte.
    pub(in crate::server) fn new(
        socket: Socket,
        limits: Limits,
        watch: Rc<Watch>,
        (since, limit): (Instant, Duration),
    ) -> Self {
        let timer = since.checked_add(limit).map(|it| Box::pin(sleep_until(it)));
        Self {
            socket,
            walk: Walk::new(limits),
            watch,
            held: Vec::new(),
            n_good: 0,
            fault: None,
            slow: Slow { limit, timer },
            parting: None,
        }
    }

    /// The socket, once another protocol was agreed on, and what came of it already.
    pub(in crate::server) fn into_socket(self) -> (Socket, Vec<u8>) {
        (self.socket, self.held)
    }

    /// Gives the library what it may have; false when there is nothing.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let n = self.n_good.min(buffer.remaining());
        buffer.put_slice(self.held.get(..n).unwrap_or_default());
        self.n_good = self.n_good.saturating_sub(n);
        if n == self.held.len() {
            // Connections without work keep no memory.
            self.held = Vec::new();
        } else {
            self.held.drain(..n);
        }
        n > 0
    }

    /// Reads where the library reads; what may not go on yet is held.
    fn read_through(
        &mut self,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(ctx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        let (n_read, n) = (read.len(), self.walk_on(read));
        self.held.extend_from_slice(read.get(n..).unwrap_or_default());
        buffer.set_filled(before.saturating_add(n));
        if n_read > 0 && self.fault.is_some() {
            self.substitute(0);
        }
        Poll::Ready(Ok(n_read))
    }

    /// Reads behind what is held.
    fn read_held(&mut self, ctx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [0; PIECE];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.socket).poll_read(ctx, &mut buffer))?;
        let n_read = buffer.filled().len();
        self.held.extend_from_slice(buffer.filled());
        let held = std::mem::take(&mut self.held);
        self.n_good = self.walk_on(&held);
        self.held = held;
        if self.fault.is_some() {
            self.substitute(self.n_good);
        }
        Poll::Ready(Ok(n_read))
    }

    /// How many of these bytes may go on.
    fn walk_on(&mut self, bytes: &[u8]) -> usize {
        let step = self.walk.advance(bytes);
        if step.n > 0 {
            self.slow.timer = None;
        }
        if self.walk.is_switching() {
            self.watch.report_switching(self.walk.n_heads());
        }
        if let Some(wrong) = step.wrong {
            self.fail(wrong);
        }
        step.n
    }

    fn fail(&mut self, wrong: Wrong) {
        let n = self.walk.n_heads();
        if self.walk.is_at_head() {
            self.fault = Some(Place::Head);
            self.watch.report(n.saturating_add(1), wrong);
        } else {
            self.fault = Some(Place::Body);
            self.watch.report(n, wrong);
        }
    }

    /// Puts a request of ours where the faulty head is, behind `n` bytes that are held and good.
    fn substitute(&mut self, n: usize) {
        self.held.truncate(n);
        if self.fault == Some(Place::Head) {
            self.held.extend_from_slice(SUBSTITUTE);
        }
        self.n_good = self.held.len();
    }

    /// True when an incomplete head is late.
    fn is_late(&mut self, ctx: &mut Context<'_>) -> bool {
        if !self.walk.is_at_head() || (self.held.is_empty() && self.walk.n_heads() > 0) {
            return false;
        }
        let limit = self.slow.limit;
        let timer = self.slow.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(ctx).is_ready()
    }
}

impl AsyncRead for Guard {
    fn poll_read(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // Budget: every turn reads from the socket, which makes us wait at times, or returns.
        loop {
            if this.give(buffer) {
                return Poll::Ready(Ok(()));
            }
            match this.fault {
                Some(Place::Body) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
                // The substitute closes the connection when it is answered.
                Some(Place::Head) => return Poll::Pending,
                // As does a request for another protocol that is refused.
                None if this.walk.is_switching() => return Poll::Pending,
                None => {}
            }
            let read = if this.held.is_empty() {
                this.read_through(ctx, buffer)
            } else {
                this.read_held(ctx)
            };
            match read {
                Poll::Ready(Ok(n)) if n == 0 || buffer.filled().len() > before => {
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if this.is_late(ctx) => {
                    // A connection that never said anything is closed without a word.
                    if this.held.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    this.fail(Wrong::Slow);
                    this.substitute(0);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(ctx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(ctx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(ctx)
    }

    /// Says that we are done; then, for a client that may still be sending, reads on for a while:
    /// a socket that is closed with unread bytes is reset, and the answer is lost with it.
    fn poll_shutdown(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.parting.is_none() {
            ready!(Pin::new(&mut this.socket).poll_shutdown(ctx))?;
        }
        if this.fault.is_none() && this.walk.is_at_head() {
            return Poll::Ready(Ok(()));
        }
        let parting = this.parting.get_or_insert_with(Parting::new);
        parting.poll(&mut this.socket, ctx).map(Ok)
    }
}

impl Parting {
    fn new() -> Self {
        Self { n_left: PARTING_BYTES, timer: Box::pin(sleep(PARTING)) }
    }

    fn poll(&mut self, socket: &mut Socket, ctx: &mut Context<'_>) -> Poll<()> {
        let mut piece = [0; PIECE];
        // Budget: `PARTING_BYTES`, of which every turn takes some, and `PARTING`.
        while self.n_left > 0 {
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut *socket).poll_read(ctx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.n_left = self.n_left.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_ended) => return Poll::Ready(()),
                Poll::Pending => return self.timer.as_mut().poll(ctx),
            }
        }
        Poll::Ready(())
    }
}

/// What the library reads in place of a faulty head; never forwarded, since `Watch` says so.
const SUBSTITUTE: &[u8] = b"POST / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
/// 4 KiB at a time: a head is seldom larger.
const PIECE: usize = 4096;
/// 32 MiB: most clients look for an answer once all is sent.
const PARTING_BYTES: usize = 32 * 1024 * 1024;
/// 1 s: a round trip, and a client that looks at its socket.
const PARTING: Duration = Duration::from_secs(1);
