//! The client of the protected server.
//!
//! [`Lane::forward`] takes an `Admitted` by value and nothing else has a way to the upstream: no
//! verdict, no request. It does not look at what the upstream answers.
//!
//! Everything here belongs to one worker and is not shared between threads: no locks.

mod fault;
mod headers;
mod lane;
mod link;
mod pool;
mod relayed;

pub use headers::{Head, HeaderRules};
pub use lane::{Lane, Pinning};
pub use pool::Upstream;
pub use relayed::{RelayError, Relayed};
