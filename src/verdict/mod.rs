//! What was decided about a request, and why.
//!
//! Does not decide anything: rules find, `admission` decides. Nothing here knows HTTP.

mod code;
mod fault;
mod violation;

pub use code::Code;
pub use fault::Fault;
pub use violation::{Findings, Mode, Violation};
