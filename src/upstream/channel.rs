//! The WebSocket to the upstream that belongs to one client's.
//!
//! As with requests, what was judged is the only thing that goes over it: operations are handed
//! over by value, under numbers of ours. It does not know the client's ids, nor what an answer says.

use std::{rc::Rc, time::Duration};

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
}

/// The upstream's side is closed, or cannot be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelEnded;

impl From<Ended> for ChannelEnded {
    fn from(_ended: Ended) -> Self {
        Self
    }
}

impl Upstream {
    /// Opens a WebSocket for a client whose handshake is `head`; `init` is the payload of our
    /// `connection_init`.
    ///
    /// # Errors
    /// When the upstream cannot be reached, or does not accept it in time.
    pub async fn channel(&self, head: Head<'_>, init: Option<&str>) -> Result<Channel, Fault> {
        let upstream = self.apart.as_deref().unwrap_or(self);
        let (mut attempt, wire) = upstream.reach().await?;
        let target = &attempt.replica.target;
        let agreeing = timeout(self.response, self.agree(wire, target, head, init)).await;
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
        head: Head<'_>,
        init: Option<&str>,
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
        let opened = connect(wire, target.websocket(), headers, MAX_MESSAGE).await;
        let (frames, dialect) = opened.map_err(Failure::Handshake)?;
        let mut channel = Channel { frames, dialect, patience: self.response_idle };
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
        let body = String::from_utf8(admitted.into_body()).map_err(|_never| ChannelEnded)?;
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
            match self.frames.next().await? {
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
        Ok(asked.map_err(|_elapsed| ChannelEnded)??)
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
        Ok(sent.map_err(|_elapsed| ChannelEnded)??)
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
        | Failure::Tls(_) => Outcome::Failed,
    }
}

/// 10 MiB: a message of the upstream is held as a whole.
const MAX_MESSAGE: u64 = 10 * 1024 * 1024;
