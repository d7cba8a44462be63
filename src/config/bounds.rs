//! How much of anything there may be.

use std::num::NonZeroUsize;

/// Bounds of one worker and of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Client connections of one worker; further ones wait in the system's accept queue.
    pub connections: NonZeroUsize,
    /// Of those, connections from one address; over IPv6 from one /64. Trusted proxies have no bound.
    pub client_connections: usize,
    /// Bytes of request bodies that one worker holds, and as many of the requests that operations
    /// which go on came with; further requests are refused.
    pub bodies: u64,
    /// Connections that wait to be accepted, per worker.
    pub backlog: i32,
    /// Bytes of a request's head; over HTTP/2, of its header list.
    pub head: usize,
    /// Fields of a request's head.
    pub fields: usize,
    /// Bytes of a request's target.
    pub target: usize,
    /// Bytes that a body must bring in `Deadlines::body_pace`.
    pub body_pace: u64,
    /// Requests at a time on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Streams of an HTTP/2 connection that the client may have reset before they were looked at.
    pub h2_resets: usize,
    /// Bytes that one HTTP/2 stream may send ahead, and that we hold of its answer.
    pub h2_stream_window: u32,
    /// Bytes that all streams of an HTTP/2 connection may send ahead.
    pub h2_connection_window: u32,
    /// Requests of one worker that are with the upstream; further ones wait.
    pub upstream_in_flight: usize,
    /// Requests that wait for a place among those; further ones are refused.
    pub queue: usize,
    /// Failures of an address of the upstream after which it is not asked for a while.
    pub breaker_failures: u32,
    /// Connections to the upstream that one worker keeps without work.
    pub upstream_idle: usize,
    /// Bytes of the head of the upstream's answer, and of the read buffer.
    pub upstream_head: usize,
}

impl Bounds {
    /// Lowers the connections of clients to what there is room for when a worker may have so many
    /// files open; true when that was needed. Each may hold one to the upstream, for an answer that
    /// goes on.
    pub fn fit(&mut self, files: usize, n_graphs: usize) -> bool {
        let of_graph = self.upstream_in_flight.saturating_add(self.upstream_idle);
        let wanted = of_graph.saturating_mul(n_graphs).saturating_add(OWN_FILES);
        let room = (files.saturating_sub(wanted.min(files / 2)) / 2).max(1);
        let connections = self.connections.get();
        if room >= connections {
            return false;
        }
        self.connections = NonZeroUsize::new(room).unwrap_or(NonZeroUsize::MIN);
        let share = self.client_connections.saturating_mul(room).div_ceil(connections);
        self.client_connections = share.min(room);
        true
    }
}

/// Listeners, logs, Redis, the console and what is read again: 64 are more than were ever seen.
const OWN_FILES: usize = 64;

/// Each default's reason stands in `table`.
impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: NonZeroUsize::new(10_000).unwrap_or(NonZeroUsize::MIN),
            client_connections: 5_000,
            bodies: 64 * 1024 * 1024,
            backlog: 1024,
            head: 16 * 1024,
            fields: 100,
            target: 8 * 1024,
            body_pace: 1024,
            h2_streams: 100,
            h2_resets: 20,
            h2_stream_window: 64 * 1024,
            h2_connection_window: 1024 * 1024,
            upstream_in_flight: 1024,
            queue: 1024,
            breaker_failures: 5,
            upstream_idle: 256,
            upstream_head: 64 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(files: usize, n_graphs: usize) -> (bool, usize, usize) {
        let mut bounds = Bounds::default();
        let is_lower = bounds.fit(files, n_graphs);
        (is_lower, bounds.connections.get(), bounds.client_connections)
    }

    #[test]
    fn clients_have_the_files_that_upstreams_leave() {
        let wanted = 20_000 + 1024 + 256 + 64;
        assert_eq!(fitted(wanted, 1), (false, 10_000, 5_000));
        assert_eq!(fitted(wanted - 1, 1), (true, 9_999, 5_000));
        assert_eq!(fitted(wanted, 2), (true, 9_360, 4_680));
        assert_eq!(fitted(1024, 1), (true, 256, 128));
        assert_eq!(fitted(0, 1), (true, 1, 1));
        assert_eq!(fitted(usize::MAX, usize::MAX), (false, 10_000, 5_000));
    }
}
