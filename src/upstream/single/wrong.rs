//! What can be wrong with a connection and what comes over it.

use std::{error::Error, fmt, io};

/// Why an exchange over HTTP/1.1 broke off.
#[derive(Debug)]
pub(in crate::upstream) enum Wrong {
    /// The bytes of a body in chunks are no chunks.
    Chunk,
    /// Closed before the answer began.
    Closed,
    /// Closed within the answer.
    Cut,
    /// What was to be sent could not be read.
    Files(Box<dyn Error + Send + Sync>),
    /// `Transfer-Encoding` where it cannot be (RFC 9112 §6.1).
    Framing,
    /// The head is none.
    Head(httparse::Error),
    /// More interim answers than anybody sends.
    Interim,
    /// The length of the body is not one number.
    Length,
    /// The head is larger than is held of it; bytes.
    TooLarge(usize),
    /// The trailers are larger than anybody reads; bytes.
    Trailers(usize),
    /// Something came that nobody has asked for.
    Unasked,
    /// Reading or writing failed.
    Wire(io::Error),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunk => "its chunks cannot be read",
            Self::Closed => "it closed the connection before it answered",
            Self::Cut => "it closed the connection within its answer",
            Self::Files(error) => return write!(f, "the request broke off: {error}"),
            Self::Framing => "it answered with `Transfer-Encoding` in HTTP/1.0",
            Self::Head(error) => {
                return write!(f, "the head of its answer cannot be read: {error}");
            }
            Self::Interim => "it sent one interim answer after the other",
            Self::Length => "its `Content-Length` is not one number",
            Self::TooLarge(limit) => {
                return write!(f, "the head of its answer is larger than {limit} bytes");
            }
            Self::Trailers(limit) => {
                return write!(f, "the trailers of its answer are larger than {limit} bytes");
            }
            Self::Unasked => "it sent something without being asked",
            Self::Wire(error) => return error.fmt(f),
        })
    }
}

impl Error for Wrong {}
