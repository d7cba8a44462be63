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
    /// The upstream says no for now, and when to come again.
    Later {
        /// Wire code.
        code: crate::verdict::Code,
        /// When, as its `Retry-After` has it: seconds, or a date of HTTP.
        retry: Box<str>,
        /// What happened, for the log.
        detail: Box<str>,
    },
    /// Nothing can be served for now, and the upstream was not asked: a key server or what replicas
    /// share gives no answer, the schema has drifted, or we are about to stop.
    Unavailable {
        /// What happened, for the log.
        detail: Box<str>,
    },
    /// The upstream was not reached: it has seen nothing of the request.
    Unreached {
        /// Wire code: unavailable, or timeout.
        code: crate::verdict::Code,
        /// What happened, for the log.
        detail: Box<str>,
    },
    /// The upstream is at fault, and may have run the request.
    Upstream {
        /// Wire code: unavailable, timeout, or a bad answer.
        code: crate::verdict::Code,
        /// What happened, for the log.
        detail: Box<str>,
    },
}

impl Fault {
    /// The same, when the upstream has said when to come again.
    #[must_use]
    pub fn later(self, retry: Option<Box<str>>) -> Self {
        match (self, retry) {
            (Self::Upstream { code, detail }, Some(retry)) => Self::Later { code, retry, detail },
            (fault, _) => fault,
        }
    }

    /// What the client is told of it.
    #[must_use]
    pub const fn code(&self) -> crate::verdict::Code {
        match self {
            Self::Busy { code, .. }
            | Self::Later { code, .. }
            | Self::Unreached { code, .. }
            | Self::Upstream { code, .. } => *code,
            Self::Client(violation) => violation.code,
            Self::Internal { .. } => crate::verdict::Code::INTERNAL_SERVER_ERROR,
            Self::Unavailable { .. } => crate::verdict::Code::SERVICE_UNAVAILABLE,
        }
    }
}
