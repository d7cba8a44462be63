//! Events of WebSockets. Refused handshakes and operations are refusals like others.

use tracing::info;

use crate::telemetry::{COUNTERS, Lasting, RequestId};

/// A WebSocket is open.
#[derive(Debug)]
pub struct SocketOpened {
    /// Its handshake.
    pub id: RequestId,
}

impl SocketOpened {
    /// Logs it, and counts it until what is returned is dropped.
    pub fn emit(&self) -> Lasting {
        tracing::debug!(
            event = "socket-opened",
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
        let (opened, closed) = (&COUNTERS.sockets_opened, &COUNTERS.sockets_closed);
        Lasting::begin(self.id.graph(), (opened, closed))
    }
}

/// A WebSocket is closed.
#[derive(Debug)]
pub struct SocketClosed {
    /// Its handshake.
    pub id: RequestId,
    /// The code that the client was told; nothing when it has closed.
    pub code: Option<u16>,
    /// And what that is for.
    pub reason: Option<&'static str>,
    /// How many operations were forwarded.
    pub operations: u64,
    /// How long it was open.
    pub seconds: u64,
}

impl SocketClosed {
    /// Logs it.
    pub fn emit(&self) {
        let (operations, seconds) = (self.operations, self.seconds);
        info!(
            event = "socket-closed",
            code = self.code,
            reason = self.reason,
            operations,
            seconds,
            graph = self.id.graph_name(),
            request_id = %self.id,
        );
    }
}
