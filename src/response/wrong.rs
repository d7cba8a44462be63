//! The ways in which an answer of the upstream can be wrong.

use std::fmt;

use crate::{
    response::Breach,
    verdict::{Code, Fault},
};

/// What is wrong with an answer. The client learns the code alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It says of itself that it is compressed, though nobody asked for that.
    Compressed,
    /// It is not what its operation asks for.
    Contract(Breach),
    /// It ends before it is complete.
    Incomplete,
    /// It is JSON, but no answer to a GraphQL request.
    NotAnAnswer,
    /// Its media type or its bytes are none of JSON.
    NotJson,
    /// It has a status that answers do not have.
    Status(u16),
    /// It is nested more deeply than `response.depth` allows.
    TooDeep,
    /// It has more bytes than `response.max` allows.
    TooLarge {
        /// Bytes.
        limit: u64,
    },
    /// One answer of many has more bytes than are held, though the policy allows any number.
    TooLargeToHold {
        /// Bytes.
        limit: u64,
    },
    /// A list has more elements than `response.list` allows.
    TooLong {
        /// Elements.
        limit: u64,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compressed => f.write_str("the answer is compressed, and nobody asked for that"),
            Self::Contract(breach) => write!(f, "the answer is not what was asked for: {breach}"),
            Self::Incomplete => f.write_str("the answer ends before it is complete"),
            Self::NotAnAnswer => f.write_str("the answer is JSON, but none of GraphQL"),
            Self::NotJson => f.write_str("the answer is not JSON"),
            Self::Status(status) => write!(f, "the answer has the status {status}"),
            Self::TooDeep => f.write_str("the answer is nested too deeply"),
            Self::TooLarge { limit } => {
                write!(f, "the answer is larger than `response.max`, {limit} bytes")
            }
            Self::TooLargeToHold { limit } => {
                write!(f, "the answer is larger than what is held of one, {limit} bytes")
            }
            Self::TooLong { limit } => {
                write!(f, "a list of the answer is longer than `response.list`, {limit}")
            }
        }
    }
}

impl std::error::Error for Wrong {}

impl Wrong {
    /// As something that the upstream is to blame for.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Upstream { code: Code::UPSTREAM_ANSWER_INVALID, detail: self.to_string().into() }
    }
}
