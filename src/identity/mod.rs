//! Who sent a request.
//!
//! Verification of tokens is added here later; for now every caller is anonymous.

/// The verified identity and the client it speaks through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// No credential was sent.
    #[default]
    Anonymous,
}
