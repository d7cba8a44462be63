//! The client of the protected server.
//!
//! [`Lane::forward`] takes an `Admitted` by value and nothing else has a way to the upstream: no
//! verdict, no request. It does not look at what the upstream answers.
//!
//! Connections are plain or TLS, and speak HTTP/1.1 or HTTP/2. A request goes out once: it is sent
//! again only when not a byte of it was sent. What [`signed_link`](crate::sources::signed_link) adds lets the upstream tell our
//! requests from those that went around us.
//!
//! An upstream may have several addresses: see [`Upstream`]. One that fails is left alone for a
//! while, and a request of which not a byte was sent goes to another one.
//!
//! Everything here belongs to one worker and is not shared between threads: no locks.

mod breaker;
mod channel;
mod dial;
mod fault;
mod files;
mod headers;
mod hearing;
mod lane;
mod link;
mod multiplexed;
mod pool;
mod relayed;
mod replica;
mod single;
mod target;
mod turnstile;

pub use channel::{Channel, ChannelEnded, Opening};
pub use files::{Files, FilesBody};
pub use headers::{Head, HeaderRules, Trace};
pub use lane::{Lane, Pinning};
pub use pool::Upstream;
pub use relayed::{RelayError, Relayed};
