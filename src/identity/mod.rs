//! Who sends a request, and what of that the policy may look at.

mod caller;
mod seen;

pub use caller::{Caller, Client, Identity, Method, Transport, Way};
pub use seen::Seen;
