//! Every deadline and bound: how it is called, what it is for, why it has its default, and between
//! what it can be set.
//!
//! Defaults are in `deadlines` and `bounds`.

use std::num::NonZeroUsize;

use crate::config::settings::{Kind, Setting};

/// `deadlines` of the file.
pub const DEADLINES: &[Setting] = &[
    Setting {
        name: "head",
        what: "from opening a connection to the end of the first head, and from the first byte of a later head to its end",
        why: "a head is one packet or two, and mobile clients resend a lost one within 3 s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.head),
    },
    Setting {
        name: "body",
        what: "from the end of the head to the end of the body",
        why: "the default body limit (100 KiB) at 10 KiB/s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.body),
    },
    Setting {
        name: "body_pace",
        what: "a body must bring `bounds.body_pace` in any such time, or end",
        why: "a packet that is lost twice is sent again within 3 s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.body_pace),
    },
    Setting {
        name: "idle",
        what: "how long a client connection is kept without a request",
        why: "longer than the 60 s of the usual load balancers, so that it is they who close",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.idle),
    },
    Setting {
        name: "request",
        what: "from the end of the head to the end of the answer",
        why: "body, upstream and pauses at their limits, and a large answer over a slow line",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.request),
    },
    Setting {
        name: "stall",
        what: "how long a client may take nothing of an answer",
        why: "a mobile client in a tunnel comes back sooner, or opens another connection",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.stall),
    },
    Setting {
        name: "connect",
        what: "opening a connection to the upstream, name resolution counted",
        why: "an upstream in the same network answers in milliseconds, and a lost SYN costs 1 s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.connect),
    },
    Setting {
        name: "queue",
        what: "how long a request may wait for a place among those that are with the upstream",
        why: "a burst is over by then, and nobody notices; a longer queue only makes all late",
        range: 1..=DAY,
        kind: Kind::Deadline(|it| &mut it.queue),
    },
    Setting {
        name: "breaker_window",
        what: "in which time failures of an address of the upstream add up",
        why: "long enough for a handful of requests, short against a deployment",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.breaker_window),
    },
    Setting {
        name: "breaker_open",
        what: "how long an address that failed too often is not asked; each time in a row twice as long, up to eight times",
        why: "a process that is restarted is back within seconds",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.breaker_open),
    },
    Setting {
        name: "resolve",
        what: "between two look-ups of the upstream's name",
        why: "half of the 30 s that cluster resolvers keep an answer, and a look-up costs nothing",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.resolve),
    },
    Setting {
        name: "response",
        what: "from sending a request to the upstream to the head of its answer",
        why: "as `response.timeout` of the policy",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.response),
    },
    Setting {
        name: "keys",
        what: "from asking a key server to the end of its answer, discovery counted",
        why: "a request may wait for it, and four round trips over TLS take a second at the worst",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.keys),
    },
    Setting {
        name: "redis",
        what: "from asking Redis to the end of its answer; then `on_error` of the rate decides",
        why: "ten times what it takes in the same network, and little beside what an upstream takes",
        range: 1..=10_000,
        kind: Kind::Deadline(|it| &mut it.redis),
    },
    Setting {
        name: "response_idle",
        what: "between two pieces of the upstream's answer",
        why: "as `response`",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.response_idle),
    },
    Setting {
        name: "stream",
        what: "how long an answer may last that goes on: server-sent events and multipart",
        why: "as `http.websocket.lifetime` of the policy; clients ask again by themselves",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.stream),
    },
    Setting {
        name: "stream_idle",
        what: "between two pieces of such an answer",
        why: "servers that keep streams alive send something every 12 to 60 s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.stream_idle),
    },
    Setting {
        name: "upstream_idle",
        what: "how long a connection to the upstream is kept without work",
        why: "Node's HTTP server, the commonest GraphQL upstream, closes such connections after 5 s",
        range: 10..=DAY,
        kind: Kind::Deadline(|it| &mut it.upstream_idle),
    },
    Setting {
        name: "linger",
        what: "how long a kept HTTP/1 connection may still bring a request when the process stops",
        why: "a request that was sent before the client saw us close is on the wire no longer",
        range: 0..=DAY,
        kind: Kind::Deadline(|it| &mut it.linger),
    },
    Setting {
        name: "grace",
        what: "how long requests in flight have when the process stops",
        why: "Kubernetes kills after 30 s",
        range: 0..=DAY,
        kind: Kind::Deadline(|it| &mut it.grace),
    },
];

/// `bounds` of the file.
pub const BOUNDS: &[Setting] = &[
    Setting {
        name: "connections",
        what: "client connections of one worker; further ones wait to be accepted",
        why: "some 200 MB when every one of them holds a half-read body",
        range: 1..=1_000_000,
        kind: Kind::Count {
            get: |it| it.connections.get() as u64,
            set: |it, n| it.connections = NonZeroUsize::new(size(n)).unwrap_or(NonZeroUsize::MIN),
        },
    },
    Setting {
        name: "client_connections",
        what: "connections of one worker from one address (IPv6: /64); trusted proxies have no bound",
        why: "half of `connections`, so that one address never has all places",
        range: 1..=1_000_000,
        kind: Kind::Count {
            get: |it| it.client_connections as u64,
            set: |it, n| it.client_connections = size(n),
        },
    },
    Setting {
        name: "bodies",
        what: "request bodies that one worker holds, with its own answers to introspection, and as much \
               of operations that go on; further requests are refused with 503",
        why: "some 650 bodies of the default limit, far more than one core has under way",
        range: 64 * KIB..=1024 * GIB,
        kind: Kind::Bytes { get: |it| it.bodies, set: |it, n| it.bodies = n },
    },
    Setting {
        name: "backlog",
        what: "connections that wait to be accepted, per worker",
        why: "what Linux allowed at the most before 5.4, and enough for a burst",
        range: 1..=65_535,
        kind: Kind::Count {
            get: |it| u64::from(it.backlog.unsigned_abs()),
            set: |it, n| it.backlog = i32::try_from(n).unwrap_or(i32::MAX),
        },
    },
    Setting {
        name: "head",
        what: "a request's head; over HTTP/2, its header list",
        why: "as HAProxy and Node: the largest token that is accepted, and as much in cookies",
        range: KIB..=MIB,
        kind: Kind::Bytes { get: |it| it.head as u64, set: |it, n| it.head = size(n) },
    },
    Setting {
        name: "fields",
        what: "fields of a request's head",
        why: "as Apache and HAProxy; browsers send some 20, and proxies add some 10",
        range: 1..=1000,
        kind: Kind::Count { get: |it| it.fields as u64, set: |it, n| it.fields = size(n) },
    },
    Setting {
        name: "target",
        what: "a request's target",
        why: "as nginx and Apache; browsers and caches cut off longer URLs",
        range: 16..=MIB,
        kind: Kind::Bytes { get: |it| it.target as u64, set: |it, n| it.target = size(n) },
    },
    Setting {
        name: "body_pace",
        what: "what a body must bring in `deadlines.body_pace`",
        why: "a third of what a modem sent; most bodies are smaller than that",
        range: 1..=GIB,
        kind: Kind::Bytes { get: |it| it.body_pace, set: |it, n| it.body_pace = n },
    },
    Setting {
        name: "h2_streams",
        what: "requests at a time on one HTTP/2 connection",
        why: "what RFC 9113 recommends as the least",
        range: 1..=10_000,
        kind: Kind::Count {
            get: |it| u64::from(it.h2_streams),
            set: |it, n| it.h2_streams = u32::try_from(n).unwrap_or(u32::MAX),
        },
    },
    Setting {
        name: "h2_resets",
        what: "streams of an HTTP/2 connection that may have been reset before they were looked at",
        why: "the library's own answer to rapid reset, written down",
        range: 1..=1000,
        kind: Kind::Count { get: |it| it.h2_resets as u64, set: |it, n| it.h2_resets = size(n) },
    },
    Setting {
        name: "h2_stream_window",
        what: "what one HTTP/2 stream may send ahead, and what we hold of its answer",
        why: "the initial value of RFC 9113; a default body needs two windows",
        range: KIB..=GIB,
        kind: Kind::Bytes {
            get: |it| u64::from(it.h2_stream_window),
            set: |it, n| it.h2_stream_window = u32::try_from(n).unwrap_or(u32::MAX),
        },
    },
    Setting {
        name: "h2_connection_window",
        what: "what all streams of an HTTP/2 connection may send ahead",
        why: "sixteen streams that send at full speed",
        range: 64 * KIB..=GIB,
        kind: Kind::Bytes {
            get: |it| u64::from(it.h2_connection_window),
            set: |it, n| it.h2_connection_window = u32::try_from(n).unwrap_or(u32::MAX),
        },
    },
    Setting {
        name: "upstream_in_flight",
        what: "requests of one worker that are with the upstream, and further ones wait in a queue; half as many may have files, and no more of those wait",
        why: "a GraphQL server that is that far behind will not catch up",
        range: 1..=1_000_000,
        kind: Kind::Count {
            get: |it| it.upstream_in_flight as u64,
            set: |it, n| it.upstream_in_flight = size(n),
        },
    },
    Setting {
        name: "queue",
        what: "requests that wait for a place among those; further ones are refused with 503",
        why: "as `upstream_in_flight`; `deadlines.queue` is what really bounds it",
        range: 0..=1_000_000,
        kind: Kind::Count { get: |it| it.queue as u64, set: |it, n| it.queue = size(n) },
    },
    Setting {
        name: "breaker_failures",
        what: "failures of an address of the upstream, half of its answers at least, after which it is not asked for a while",
        why: "one or two are an accident",
        range: 1..=1_000_000,
        kind: Kind::Count {
            get: |it| u64::from(it.breaker_failures),
            set: |it, n| it.breaker_failures = u32::try_from(n).unwrap_or(u32::MAX),
        },
    },
    Setting {
        name: "upstream_idle",
        what: "connections to the upstream that one worker keeps without work",
        why: "below the usual limit of 1,024 files that many servers have",
        range: 0..=100_000,
        kind: Kind::Count {
            get: |it| it.upstream_idle as u64,
            set: |it, n| it.upstream_idle = size(n),
        },
    },
    Setting {
        name: "upstream_head",
        what: "the head of the upstream's answer, and the read buffer",
        why: "four times what we accept from clients; answers set cookies. Of fields it has 100 at most",
        range: 8 * KIB..=MIB,
        kind: Kind::Bytes {
            get: |it| it.upstream_head as u64,
            set: |it, n| it.upstream_head = size(n),
        },
    },
];

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

const DAY: u64 = 24 * 60 * 60 * 1000;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
