//! The messages of a socket, whichever side of it we are.
//!
//! Sending waits until everything is written: a peer that reads slowly is waited for, and nothing
//! is queued for it but one message. Fragments, masks and sizes are the library's; which messages
//! make sense is not known here.

use std::{io, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use crate::websocket::Close;

/// An open socket.
#[derive(Debug)]
pub struct Frames<S> {
    stream: WebSocketStream<S>,
    heard: Instant,
    has_pinged: bool,
}

/// What the peer sent.
#[derive(Debug)]
pub enum Received {
    /// A ping or a pong; what a ping is due is sent already.
    Control,
    /// A whole text message, which is UTF-8.
    Text(Bytes),
}

/// Why there are no more messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The peer has closed it, or the connection broke.
    Gone,
    /// What the peer sent closes it.
    Wrong(Close),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// A socket whose client is the peer; `first` are bytes of it that were read already.
    pub async fn serve(stream: S, first: Vec<u8>, limit: u64) -> Self {
        let config = Some(config(limit));
        let stream =
            WebSocketStream::from_partially_read(stream, first, Role::Server, config).await;
        Self::new(stream)
    }

    pub(super) fn new(stream: WebSocketStream<S>) -> Self {
        Self { stream, heard: Instant::now(), has_pinged: false }
    }

    /// The next message. Nothing is lost when it is dropped while it waits.
    ///
    /// # Errors
    /// When there are no more.
    pub async fn next(&mut self) -> Result<Received, Ended> {
        let message = self.stream.next().await.ok_or(Ended::Gone)?.map_err(ended)?;
        (self.heard, self.has_pinged) = (Instant::now(), false);
        match message {
            Message::Binary(_) => Err(Ended::Wrong(Close::Binary)),
            Message::Close(_) => Err(Ended::Gone),
            Message::Ping(_) | Message::Pong(_) => Ok(Received::Control),
            Message::Text(text) => Ok(Received::Text(text.into())),
            // Only for writing.
            Message::Frame(_) => Err(Ended::Wrong(Close::Protocol)),
        }
    }

    /// Sends a text and waits until it is written.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, text: String) -> Result<(), Ended> {
        self.stream.send(Message::Text(text.into())).await.map_err(|_broken| Ended::Gone)
    }

    /// Asks a peer that is silent whether it is there, once.
    ///
    /// # Errors
    /// When it did not say anything in all the time it has.
    pub async fn keep_alive(&mut self) -> Result<(), Ended> {
        let silent = self.heard.elapsed();
        if silent >= GIVE_UP {
            return Err(Ended::Gone);
        }
        if silent < ASK || std::mem::replace(&mut self.has_pinged, true) {
            return Ok(());
        }
        self.stream.send(Message::Ping(Bytes::new())).await.map_err(|_broken| Ended::Gone)
    }

    /// When [`Frames::keep_alive`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.heard.checked_add(if self.has_pinged { GIVE_UP } else { ASK })
    }

    /// Says why, then lets the peer close: a connection that is closed with unread bytes is reset,
    /// and what was said is lost with it.
    pub async fn close(mut self, close: Option<Close>) {
        let code =
            |it: Close| CloseFrame { code: CloseCode::from(it.code()), reason: it.reason().into() };
        let parting = async {
            // What the peer asked for first is sent with it, or alone.
            let said = match close {
                Some(close) => self.stream.send(Message::Close(Some(code(close)))).await,
                None => self.stream.flush().await,
            };
            if said.is_ok() {
                drop(discard(self.stream.get_mut()).await);
            }
        };
        let _in_time = timeout(PARTING, parting).await;
    }
}

/// Reads on, and keeps nothing.
async fn discard<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut piece = [0; 4096];
    let mut n_left = PARTING_BYTES;
    // Budget: `PARTING_BYTES`, and the time that the caller gives.
    while n_left > 0 {
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            break;
        }
        n_left = n_left.saturating_sub(n);
    }
    Ok(())
}

/// Small buffers, since most sockets are idle; what is written is written at once.
pub(super) fn config(limit: u64) -> WebSocketConfig {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
        .accept_unmasked_frames(false)
}

fn ended(error: Error) -> Ended {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Ended::Wrong(Close::TooLarge),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ended::Gone,
        Error::Protocol(_) => Ended::Wrong(Close::Protocol),
        Error::Utf8(_) => Ended::Wrong(Close::NotUtf8),
        _ => Ended::Gone,
    }
}

/// 2 KiB: a `subscribe` of usual size.
const BUFFER: usize = 2048;
/// 25 s: under the 30 s after which the shortest load balancers drop an idle connection.
const ASK: Duration = Duration::from_secs(25);
/// 60 s: a mobile client in a tunnel comes back sooner, or connects again.
const GIVE_UP: Duration = Duration::from_secs(60);
/// 1 s: a round trip, and a client that looks at its socket.
const PARTING: Duration = Duration::from_secs(1);
/// 1 MiB: as much as the body of a refused request is read on.
const PARTING_BYTES: usize = 1024 * 1024;
