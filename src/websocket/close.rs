//! Why a socket is closed: every way, with its code.
//!
//! Codes of 4400 and above are those of `graphql-transport-ws`; clients connect again after 1001,
//! 1012, 1013 and 4403, and give up after the others.

/// One variant per way in which we close a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// A message that is none of the protocol.
    BadMessage,
    /// A binary message.
    Binary,
    /// A credential that is not good, or not good any more.
    Forbidden,
    /// The process stops, or the socket has been open for too long.
    GoingAway,
    /// An id that a live operation has.
    IdInUse,
    /// Something of ours failed.
    Internal,
    /// No `connection_init` in time.
    InitLate,
    /// Another `connection_init`.
    InitTwice,
    /// There is nothing more to say.
    Normal,
    /// Text that is not UTF-8.
    NotUtf8,
    /// The policy that let it open is not in force any more.
    Replaced,
    /// Frames that break RFC 6455.
    Protocol,
    /// A message larger than allowed.
    TooLarge,
    /// More messages beside operations than a client has reason to send.
    TooMany,
    /// An operation before `connection_init`.
    Unauthorized,
    /// The upstream has closed its side.
    UpstreamGone,
}

impl Close {
    /// RFC 6455 §7.4, or the protocol's own.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.told().0
    }

    /// What the client reads.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (u16, &'static str) {
        match self {
            Self::BadMessage => (4400, "invalid message"),
            Self::Binary => (1003, "only text is read"),
            Self::Forbidden => (4403, "forbidden"),
            Self::GoingAway => (1001, "going away"),
            Self::IdInUse => (4409, "subscriber already exists"),
            Self::Internal => (1011, "internal error"),
            Self::InitLate => (4408, "connection initialisation timeout"),
            Self::InitTwice => (4429, "too many initialisation requests"),
            Self::Normal => (1000, "done"),
            Self::NotUtf8 => (1007, "not UTF-8"),
            Self::Replaced => (1012, "service restart"),
            Self::Protocol => (1002, "protocol error"),
            Self::TooLarge => (1009, "message too large"),
            Self::TooMany => (1008, "too many pings, or messages about no operation"),
            Self::Unauthorized => (4401, "unauthorized"),
            Self::UpstreamGone => (1013, "try again later"),
        }
    }
}
