//! A session that is to end: what has an end of its own is answered before.
//!
//! A client sends whatever has no answer again, once it has connected again, so that a mutation
//! that is not waited for runs twice. For the same reason an operation that comes meanwhile is
//! neither run nor refused: `graphql-transport-ws` has no word for one that is to be sent elsewhere,
//! and an error would be the last that is heard of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    server::session::Session,
    websocket::{Close, Ended},
};

/// How a session is about to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    close: Close,
    /// When it does at the latest.
    pub(super) until: Option<Instant>,
}

impl Session {
    /// Ends its subscriptions at once, and gives the rest some time.
    pub(super) async fn wind_up(&mut self, close: Close, time: Duration) -> Result<(), Ended> {
        self.ending = Some(Ending { close, until: Instant::now().checked_add(time) });
        for n in self.live.end_subscriptions() {
            self.end_upstream(n).await?;
        }
        Ok(())
    }

    /// Whether operations are left to a later socket.
    pub(super) fn takes_no_more(&self) -> bool {
        self.ending.is_some() || self.client.worker.drain().has_begun()
    }

    /// It goes on, or has something to wait for.
    pub(super) fn is_needed(&self) -> Result<(), Ended> {
        let Some(Ending { close, until }) = self.ending else { return Ok(()) };
        if self.live.is_empty() || until.is_some_and(|it| it <= Instant::now()) {
            return Err(Ended::Wrong(close));
        }
        Ok(())
    }
}
