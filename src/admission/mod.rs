//! The one judge of every transport.

mod cache;
mod compile;
mod request;

pub use request::{Request, Requests};

use std::sync::Arc;

use crate::{identity::Caller, policy::Policy, verdict::Verdict};

/// Seconds since 1970-01-01 UTC. The core has no clock: the shell tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixSeconds(pub u64);
