//! How long anything may take.

use std::time::Duration;

/// Deadlines of a request and of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From opening a connection to the end of the first head, and from the first byte of a later
    /// head to its end.
    pub head: Duration,
    /// From the end of the head to the end of the body.
    pub body: Duration,
    /// A body must bring `Bounds::body_pace` bytes in any such time, or end.
    pub body_pace: Duration,
    /// How long a client connection is kept without a request.
    pub idle: Duration,
    /// From the end of the head to the end of the answer.
    pub request: Duration,
    /// How long a client may take nothing of an answer.
    pub stall: Duration,
    /// Opening a connection to the upstream, name resolution counted.
    pub connect: Duration,
    /// How long a request may wait for a place among those that are with the upstream.
    pub queue: Duration,
    /// In which time failures of an address of the upstream add up.
    pub breaker_window: Duration,
    /// How long an address that has failed too often is not asked.
    pub breaker_open: Duration,
    /// Between two look-ups of the upstream's name.
    pub resolve: Duration,
    /// From sending a request to the upstream to the head of its answer.
    pub response: Duration,
    /// From asking a key server to the end of its answer, discovery counted.
    pub keys: Duration,
    /// From asking Redis to the end of its answer.
    pub redis: Duration,
    /// Between two pieces of the upstream's answer.
    pub response_idle: Duration,
    /// How long an answer may last that goes on: server-sent events and multipart.
    pub stream: Duration,
    /// Between two pieces of such an answer.
    pub stream_idle: Duration,
    /// How long a connection to the upstream is kept without work.
    pub upstream_idle: Duration,
    /// How long a kept HTTP/1 connection may still bring a request when the process is told to
    /// stop.
    pub linger: Duration,
    /// How long requests in flight have when the process is told to stop.
    pub grace: Duration,
}

/// Each default's reason stands in `table`.
impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            body_pace: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            request: Duration::from_secs(120),
            stall: Duration::from_secs(20),
            connect: Duration::from_secs(2),
            queue: Duration::from_millis(200),
            breaker_window: Duration::from_secs(10),
            breaker_open: Duration::from_secs(2),
            resolve: Duration::from_secs(10),
            response: Duration::from_secs(30),
            keys: Duration::from_secs(5),
            redis: Duration::from_millis(10),
            response_idle: Duration::from_secs(30),
            stream: Duration::from_hours(1),
            stream_idle: Duration::from_mins(2),
            upstream_idle: Duration::from_secs(4),
            linger: Duration::from_secs(1),
            grace: Duration::from_secs(25),
        }
    }
}
