//! How an operation came, and what became of it: the two closed sets that requests are counted by.

use crate::verdict::Code;

/// How an operation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The query of a GET.
    Get,
    /// The body of a POST.
    Post,
    /// A POST with files.
    Upload,
    /// A message over a WebSocket, or its handshake.
    WebSocket,
}

impl Carrier {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Get, Self::Post, Self::Upload, Self::WebSocket];

    /// As a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "http_get",
            Self::Post => "http_post",
            Self::Upload => "http_upload",
            Self::WebSocket => "websocket",
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It went on, and the answer back.
    Admitted,
    /// It was answered here.
    Answered,
    /// We failed at it.
    Failed(Code),
    /// It may not go on.
    Refused(Code),
    /// There was no room.
    Shed(Code),
    /// It went on, and no good answer came.
    UpstreamFailed(Code),
}

impl Outcome {
    /// Every word that [`Outcome::as_str`] can say.
    pub const WORDS: [&'static str; 6] =
        ["admitted", "answered", "failed", "refused", "shed", "upstream_failed"];

    /// As a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        let [admitted, answered, failed, refused, shed, upstream_failed] = Self::WORDS;
        match self {
            Self::Admitted => admitted,
            Self::Answered => answered,
            Self::Failed(_) => failed,
            Self::Refused(_) => refused,
            Self::Shed(_) => shed,
            Self::UpstreamFailed(_) => upstream_failed,
        }
    }

    /// What the client was told, when it was told no.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Admitted | Self::Answered => None,
            Self::Failed(code)
            | Self::Refused(code)
            | Self::Shed(code)
            | Self::UpstreamFailed(code) => Some(code),
        }
    }
}
