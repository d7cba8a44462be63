//! How much of anything there may be.

use std::num::NonZeroUsize;

/// Bounds of one worker and of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Client connections of one worker; further ones wait in the system's accept queue.
    pub connections: NonZeroUsize,
    /// Connections that wait to be accepted, per worker.
    pub backlog: i32,
    /// Bytes of a request's head, and of the read buffer.
    pub head: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Requests of one worker that wait for the upstream; further ones are refused.
    pub upstream_in_flight: usize,
    /// Connections to the upstream that one worker keeps without work.
    pub upstream_idle: usize,
    /// Bytes of the head of the upstream's answer, and of the read buffer.
    pub upstream_head: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: DEFAULT_CONNECTIONS,
            backlog: DEFAULT_BACKLOG,
            head: DEFAULT_HEAD,
            h2_streams: DEFAULT_H2_STREAMS,
            upstream_in_flight: DEFAULT_UPSTREAM_IN_FLIGHT,
            upstream_idle: DEFAULT_UPSTREAM_IDLE,
            upstream_head: DEFAULT_UPSTREAM_HEAD,
        }
    }
}

/// 10,000 connections: some 200 MB when every one of them holds a half-read body.
const DEFAULT_CONNECTIONS: NonZeroUsize = match NonZeroUsize::new(10_000) {
    Some(n) => n,
    None => NonZeroUsize::MIN,
};
/// 1,024 connections: what Linux allowed at the most before 5.4, and enough for a burst.
const DEFAULT_BACKLOG: i32 = 1024;
/// 32 KiB: nginx's four large buffers of 8 KiB; cookies and tokens fit.
const DEFAULT_HEAD: usize = 32 * 1024;
/// 100 streams: what RFC 9113 recommends as the least.
const DEFAULT_H2_STREAMS: u32 = 100;
/// 1,024 requests: a GraphQL server that is that far behind will not catch up.
const DEFAULT_UPSTREAM_IN_FLIGHT: usize = 1024;
/// 256 connections: kept by one worker, below the usual limit of 1,024 files many servers have.
const DEFAULT_UPSTREAM_IDLE: usize = 256;
/// 64 KiB: twice what we accept from clients.
const DEFAULT_UPSTREAM_HEAD: usize = 64 * 1024;
