//! The ways in which a credential can be wrong: the list is the documentation.

use crate::verdict::{Code, Violation, ids};

/// Why a credential is refused. Nothing of the credential is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadCredential {
    /// The algorithm is unknown, or not one that the key and the policy allow.
    Algorithm,
    /// No `kid`, and not exactly one key fits.
    AmbiguousKey,
    /// The token is made out to somebody else, or to nobody.
    Audience,
    /// The payload is not a JSON object that everyone reads in the same way.
    Claims,
    /// The token has extensions that must be understood (`crit`).
    Critical,
    /// Two credentials tell of different subjects.
    Disagreement,
    /// It says `Bearer`, and nothing more.
    Empty,
    /// A part of the token is not base64url.
    Encoding,
    /// The token has expired.
    Expired,
    /// `exp` is missing or no time.
    Expiry,
    /// Not three parts with dots between.
    Form,
    /// The header is not a JSON object that everyone reads in the same way.
    Header,
    /// Somebody else issued the token, or nobody says who.
    Issuer,
    /// Issued in the future.
    IssuedLater,
    /// Issued longer ago than the policy allows, or nobody says when.
    MaxAge,
    /// Not valid yet (`nbf`).
    NotYet,
    /// A place for one credential holds several.
    Repeated,
    /// Not `Bearer`.
    Scheme,
    /// The signature is not the key's.
    Signature,
    /// Longer than the policy allows.
    Size,
    /// `sub` is missing or no text.
    Subject,
    /// `nbf` or `iat` is no time.
    Time,
    /// A claim that the upstream is to be told cannot stand in a header.
    Told {
        /// The name of the header.
        header: Box<str>,
    },
    /// `typ` says that the token is for something else.
    Type,
    /// No such API key.
    UnknownApiKey,
    /// No key has the `kid` of the token.
    UnknownKey {
        /// As the token has it; not to be shown.
        kid: Box<str>,
    },
}

impl BadCredential {
    /// A word for logs, stable.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::AmbiguousKey => "ambiguous-key",
            Self::Audience => "audience",
            Self::Claims => "claims",
            Self::Critical => "critical",
            Self::Disagreement => "disagreement",
            Self::Empty => "empty",
            Self::Encoding => "encoding",
            Self::Expired => "expired",
            Self::Expiry => "expiry",
            Self::Form => "form",
            Self::Header => "header",
            Self::Issuer => "issuer",
            Self::IssuedLater => "issued-later",
            Self::MaxAge => "max-age",
            Self::NotYet => "not-yet",
            Self::Repeated => "repeated",
            Self::Scheme => "scheme",
            Self::Signature => "signature",
            Self::Size => "size",
            Self::Subject => "subject",
            Self::Time => "time",
            Self::Told { header: _ } => "told",
            Self::Type => "type",
            Self::UnknownApiKey => "unknown-api-key",
            Self::UnknownKey { kid: _ } => "unknown-key",
        }
    }
}

impl From<BadCredential> for Violation {
    /// A client that may learn only that it is refused: what is wrong would help to guess.
    fn from(bad: BadCredential) -> Self {
        Self {
            rule: ids::IDENTITY,
            code: Code::UNAUTHENTICATED,
            at: None,
            public: "the credential is not accepted".into(),
            detail: match bad {
                BadCredential::Told { header } => format!("told: `{header}`").into(),
                other => other.reason().into(),
            },
        }
    }
}
