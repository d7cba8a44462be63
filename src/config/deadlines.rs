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
    /// From sending a request to the upstream to the head of its answer.
    pub response: Duration,
    /// From asking a key server to the end of its answer, discovery counted.
    pub keys: Duration,
    /// Between two pieces of the upstream's answer.
    pub response_idle: Duration,
    /// How long a connection to the upstream is kept without work.
    pub upstream_idle: Duration,
    /// How long a kept HTTP/1 connection may still bring a request when the process is told to
    /// stop.
    pub linger: Duration,
    /// How long requests in flight have when the process is told to stop.
    pub grace: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: DEFAULT_HEAD,
            body: DEFAULT_BODY,
            body_pace: DEFAULT_BODY_PACE,
            idle: DEFAULT_IDLE,
            request: DEFAULT_REQUEST,
            stall: DEFAULT_STALL,
            connect: DEFAULT_CONNECT,
            response: DEFAULT_RESPONSE,
            keys: DEFAULT_KEYS,
            response_idle: DEFAULT_RESPONSE,
            upstream_idle: DEFAULT_UPSTREAM_IDLE,
            linger: DEFAULT_LINGER,
            grace: DEFAULT_GRACE,
        }
    }
}

/// 5 s: a request may wait for it, and two round trips over TLS take a second at the worst.
const DEFAULT_KEYS: Duration = Duration::from_secs(5);
/// 5 s: a head is one packet or two; mobile clients resend a lost one within 3 s.
const DEFAULT_HEAD: Duration = Duration::from_secs(5);
/// 10 s: the default body limit (100 KiB) at 10 KiB/s.
const DEFAULT_BODY: Duration = Duration::from_secs(10);
/// 5 s: a packet that is lost twice is sent again within 3 s.
const DEFAULT_BODY_PACE: Duration = Duration::from_secs(5);
/// 75 s: longer than the 60 s for which the usual load balancers keep their connections, so that it
/// is they who close.
const DEFAULT_IDLE: Duration = Duration::from_secs(75);
/// 2 min: body, upstream and pauses at their limits, and a large answer over a slow line.
const DEFAULT_REQUEST: Duration = Duration::from_secs(120);
/// 20 s: a mobile client in a tunnel comes back sooner, or opens another connection.
const DEFAULT_STALL: Duration = Duration::from_secs(20);
/// 2 s: an upstream in the same network answers in milliseconds; one lost SYN costs 1 s.
const DEFAULT_CONNECT: Duration = Duration::from_secs(2);
/// 30 s: as `response.timeout` of the policy.
const DEFAULT_RESPONSE: Duration = Duration::from_secs(30);
/// 4 s: Node's HTTP server, the commonest GraphQL upstream, closes idle connections after 5 s.
const DEFAULT_UPSTREAM_IDLE: Duration = Duration::from_secs(4);
/// 1 s: a request that was sent before the client saw us close is on the wire no longer than that.
const DEFAULT_LINGER: Duration = Duration::from_secs(1);
/// 25 s: Kubernetes kills after 30 s.
const DEFAULT_GRACE: Duration = Duration::from_secs(25);
