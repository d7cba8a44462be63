//! Who is to blame when a request cannot be served.

use crate::verdict::Violation;

/// A failure, by the party that caused it. Only a client's fault may be quoted to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nobody is at fault: there is no room at the moment.
    Busy {
        /// Wire code.
        code: crate::verdict::Code,
        /// After which time it is worth another try.
        retry: std::time::Duration,
        /// What happened, for the log.
        detail: Box<str>,
    },
    /// The request is at fault.
    Client(Violation),
    /// Portcullis itself is at fault.
    Internal {
        /// What happened, for the log.
        detail: Box<str>,
    },
    /// The upstream is at fault.
    Upstream {
        /// Wire code: unavailable, timeout, or a bad answer.
        code: crate::verdict::Code,
        /// What happened, for the log.
        detail: Box<str>,
    },
}
