//! How much of anything there may be.

use std::num::NonZeroUsize;

/// Bounds of one worker and of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Client connections of one worker; further ones wait in the system's accept queue.
    pub connections: NonZeroUsize,
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
            fields: DEFAULT_FIELDS,
            target: DEFAULT_TARGET,
            body_pace: DEFAULT_BODY_PACE,
            h2_streams: DEFAULT_H2_STREAMS,
            h2_resets: DEFAULT_H2_RESETS,
            h2_stream_window: DEFAULT_H2_STREAM_WINDOW,
            h2_connection_window: DEFAULT_H2_CONNECTION_WINDOW,
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
/// 16 KiB: as HAProxy and Node; the largest token that is accepted, and as much in cookies.
const DEFAULT_HEAD: usize = 16 * 1024;
/// 100 fields: as Apache and HAProxy; browsers send some 20, and proxies add some 10.
const DEFAULT_FIELDS: usize = 100;
/// 8 KiB: as nginx and Apache; a document in a URL is seldom longer, since browsers and caches cut
/// such URLs off.
const DEFAULT_TARGET: usize = 8 * 1024;
/// 1 KiB: a third of what a modem sent; most bodies are smaller than that.
const DEFAULT_BODY_PACE: u64 = 1024;
/// 100 streams: what RFC 9113 recommends as the least.
const DEFAULT_H2_STREAMS: u32 = 100;
/// 20 resets: the library's own answer to rapid reset, written down.
const DEFAULT_H2_RESETS: usize = 20;
/// 64 KiB per stream: RFC 9113's initial value; a default body needs two windows.
const DEFAULT_H2_STREAM_WINDOW: u32 = 64 * 1024;
/// 1 MiB per connection: sixteen streams that send at full speed.
const DEFAULT_H2_CONNECTION_WINDOW: u32 = 1024 * 1024;
/// 1,024 requests: a GraphQL server that is that far behind will not catch up.
const DEFAULT_UPSTREAM_IN_FLIGHT: usize = 1024;
/// 256 connections: kept by one worker, below the usual limit of 1,024 files many servers have.
const DEFAULT_UPSTREAM_IDLE: usize = 256;
/// 64 KiB: four times what we accept from clients; answers set cookies.
const DEFAULT_UPSTREAM_HEAD: usize = 64 * 1024;
