//! Checks every HTTP/1 request head as it was sent, before the protocol library reads it.
//!
//! ```text
//! socket → Guard → protocol library
//!            │ Walk: where heads begin and end, by length and by chunks
//!            │ check: one complete head
//! ```
//!
//! The library gets the bytes that were checked, and no others: a head is held back until it is
//! complete and faultless. For a faulty one the library gets a request of ours instead, which the
//! handler refuses by what `Watch` says about it; so refusals stay in order on a connection with
//! several requests under way, and no second writer has to know how far the first one got. Nothing
//! here knows what is served.

mod authority;
mod check;
mod chunks;
mod guard;
mod over_bounds;
mod walk;
mod watch;
mod wrong;

pub(super) use guard::Guard;
pub(super) use over_bounds::over_bounds;
pub use walk::{Step, Walk};
pub(super) use watch::Watch;
pub use wrong::Wrong;

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, with the blank line.
    pub head: usize,
    /// Fields.
    pub fields: usize,
    /// Bytes of the request target.
    pub target: usize,
}
