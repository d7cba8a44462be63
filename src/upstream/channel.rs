//! The WebSocket to the upstream that belongs to one client's.
//!
//! As with requests, what was judged is the only thing that goes over it: operations are handed
//! over by value, under numbers of ours. It does not know the client's ids, nor what an answer says.

use std::{fmt, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{
    Method,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use tokio::time::{Instant, timeout};

use crate::{
    sources::{Wire, now, signed_link},
    upstream::{
        Head, Upstream, breaker::Outcome, fault::Failure, headers::written_address, lane,
        pool::Attempt, target::Target,
    },
    verdict::{Admitted, Fault},
    websocket::{
        Close, ConnectError, Dialect, Ended, Frames, FromUpstream, Received, connect,
        read_upstream, write,
    },
};

/// An open WebSocket to the upstream.
#[derive(Debug)]
pub struct Channel {
    frames: Frames<Wire>,
    dialect: Dialect,
    /// How long it may take nothing of what we write.
    patience: Duration,
    /// Bytes of a message, which is held as a whole.
    limit: u64,
}

/// What the upstream is told when a socket is opened, and how large its messages may be.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'o> {
    /// The handshake of the client.
    pub head: Head<'o>,
    /// The payload of our `connection_init`.
    pub init: Option<&'o str>,
    /// Bytes of a message, which is held as a whole.
    pub limit: u64,
}

/// Why the upstream's side cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelEnded {
    /// It closed, or is gone.
    Gone,
    /// Its message is larger than is held of one.
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// What it sent is no message of a WebSocket, or no text.
    Unreadable,
}

impl fmt::Display for ChannelEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("it closed"),
            Self::TooLarge { limit } => write!(f, "its message is larger than {limit} bytes"),
            Self::Unreadable => f.write_str("it does not keep to the protocol of WebSocket"),
        }
    }
}

impl std::error::Error for ChannelEnded {}

impl Upstream {
    /// Opens a WebSocket for a client.
    ///
    /// # Errors
    /// When the upstream cannot be reached, or does not accept it in time.
    pub async fn channel(&self, opening: Opening<'_>) -> Result<Channel, Fault> {
        let upstream = self.apart.as_deref().unwrap_or(self);
        let (mut attempt, wire) = upstream.reach().await?;
        let target = &attempt.replica.target;
        let agreeing = timeout(self.response, self.agree(wire, target, opening)).await;
        let opened = agreeing.unwrap_or(Err(Failure::ResponseTimeout));
        attempt.note(opened.as_ref().map_or_else(outcome_of, |_open| Outcome::Answered));
        Ok(opened?)
    }

    /// Connects to one address after the other, until one is there.
    async fn reach(&self) -> Result<(Attempt, Wire), Failure> {
        let mut attempt = self.choose(None, &[])?;
        let mut tried = Vec::new();
        // Budget: the addresses, of which every turn tries another.
        loop {
            let replica = Rc::clone(&attempt.replica);
            let failure = match replica.open_channel().await {
                Ok(wire) => return Ok((attempt, wire)),
                Err(failure) => failure,
            };
            attempt.note(Outcome::Failed);
            tried.push(replica);
            attempt = self.choose_after(&tried, failure)?;
        }
    }

    async fn agree(
        &self,
        wire: Wire,
        target: &Target,
        Opening { head, init, limit }: Opening<'_>,
    ) -> Result<Channel, Failure> {
        let mut headers = head.write(target.host(), written_address(head.address));
        for name in
            [ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, signed_link::HEADER.clone()]
        {
            headers.remove(name);
        }
        if let Some(signer) = &self.signer {
            let signature = signer.sign(&Method::GET, target.path(), b"", now());
            headers.insert(&signed_link::HEADER, signature);
        }
        let opened = connect(wire, target.websocket(), headers, limit).await;
        let (frames, dialect) = opened.map_err(Failure::Handshake)?;
        let mut channel = Channel { frames, dialect, patience: self.response_idle, limit };
        let silent = |_ended| Failure::WebSocket("it closed instead of an acknowledgement".into());
        channel.send(write::connection_init(init)).await.map_err(silent)?;
        // Budget: the deadline of the caller.
        loop {
            let message = channel.next().await.map_err(silent)?;
            match channel.read(&message, |it| matches!(it, FromUpstream::ConnectionAck)) {
                Some(true) => return Ok(channel),
                Some(false) => {}
                None => return Err(Failure::WebSocket("its message cannot be read".into())),
            }
        }
    }
}

impl Channel {
    /// Starts an operation that was judged.
    ///
    /// # Errors
    /// When the upstream is gone.
    pub async fn subscribe(&mut self, n: u64, admitted: Admitted) -> Result<(), ChannelEnded> {
        let body = String::from_utf8(admitted.into_body()).map_err(|_never| ChannelEnded::Gone)?;
        self.send(write::subscribe(self.dialect, n, &body)).await
    }

    /// Ends an operation.
    ///
    /// # Errors
    /// When the upstream is gone.
    pub async fn complete(&mut self, n: u64) -> Result<(), ChannelEnded> {
        self.send(write::stop(self.dialect, n)).await
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// When the upstream is gone.
    pub async fn pong(&mut self) -> Result<(), ChannelEnded> {
        self.send(write::pong()).await
    }

    /// The next message. Nothing is lost when it is dropped while it waits.
    ///
    /// # Errors
    /// When the upstream is gone.
    pub async fn next(&mut self) -> Result<Bytes, ChannelEnded> {
        // Budget: the upstream, which is trusted not to flood us with pings.
        loop {
            match self.frames.next().await.map_err(|it| self.why(it))? {
                Received::Control => {}
                Received::Text(text) => return Ok(text),
            }
        }
    }

    /// Reads a message; nothing when it is none of the protocol.
    pub fn read<T>(&self, message: &[u8], read: impl FnOnce(FromUpstream<'_>) -> T) -> Option<T> {
        read_upstream(message, self.dialect).map(read)
    }

    /// Asks an upstream that is silent whether it is there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn keep_alive(&mut self) -> Result<(), ChannelEnded> {
        let asked = timeout(self.patience, self.frames.keep_alive()).await;
        asked.unwrap_or(Err(Ended::Gone)).map_err(|it| self.why(it))
    }

    /// When [`Channel::keep_alive`] has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.frames.due()
    }

    /// Says farewell.
    pub async fn close(self) {
        self.frames.close(Some(Close::Normal)).await;
    }

    async fn send(&mut self, text: String) -> Result<(), ChannelEnded> {
        let sent = timeout(self.patience, self.frames.send(text)).await;
        sent.unwrap_or(Err(Ended::Gone)).map_err(|it| self.why(it))
    }

    const fn why(&self, ended: Ended) -> ChannelEnded {
        match ended {
            Ended::Gone => ChannelEnded::Gone,
            Ended::Wrong(Close::TooLarge) => ChannelEnded::TooLarge { limit: self.limit },
            Ended::Wrong(_) => ChannelEnded::Unreadable,
        }
    }
}

/// An upstream that refuses one client's socket has answered: a bad credential of one client must
/// not shut the upstream to the others.
fn outcome_of(failure: &Failure) -> Outcome {
    match failure {
        Failure::Handshake(ConnectError::Status(status)) => lane::outcome_of(*status),
        Failure::Handshake(ConnectError::NoHandshake(_)) | Failure::WebSocket(_) => {
            Outcome::Answered
        }
        Failure::Broken { .. }
        | Failure::Coded
        | Failure::Connect(_)
        | Failure::ConnectTimeout
        | Failure::Ejected(_)
        | Failure::Handshake(ConnectError::BrokeOff(_))
        | Failure::NoTls
        | Failure::Overload
        | Failure::ResponseTimeout
        | Failure::Switching
        | Failure::Tls(_)
        | Failure::Unprocessed(_) => Outcome::Failed,
    }
}
