//! The ways in which an HTTP/1 message can be wrong, as objections.

use crate::{
    config::Bounds,
    verdict::{Code, Violation, ids},
};

/// What is wrong with the bytes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An absolute target and `Host` name different servers.
    AbsoluteForm,
    /// CR or LF without the other, or a control character where a line ends.
    BareLineFeed,
    /// A chunk's size, extension or end.
    Chunk,
    /// `CONNECT`: this is no tunnel.
    Connect,
    /// Not a plain number.
    ContentLength,
    /// More than one `Content-Length`.
    ContentLengthTwice,
    /// A name that is no token; also a blank before the colon.
    FieldName,
    /// A control character.
    FieldValue,
    /// A line that goes on in the next one (obs-fold), or a blank at the start of the first.
    Folded,
    /// Larger than allowed.
    HeadTooLarge,
    /// Not a host with an optional port.
    Host,
    /// HTTP/1.1 without `Host`.
    HostMissing,
    /// More than one `Host`.
    HostTwice,
    /// A blank line before the request.
    LeadingBlankLine,
    /// `Content-Length` and `Transfer-Encoding`.
    LengthAndCoding,
    /// No method, or one that is no token.
    Method,
    /// The head did not arrive in time.
    Slow,
    /// Not a path or URL of printable characters.
    Target,
    /// Longer than allowed.
    TargetTooLong,
    /// More fields than allowed.
    TooManyFields,
    /// Anything but `chunked`, or in HTTP/1.0.
    TransferEncoding,
    /// More than one `Transfer-Encoding`.
    TransferEncodingTwice,
    /// Neither HTTP/1.0 nor HTTP/1.1, or a request line of another shape.
    Version,
}

impl Wrong {
    pub(super) const fn code(self) -> Code {
        match self {
            Self::HeadTooLarge | Self::TooManyFields => Code::REQUEST_HEADERS_TOO_LARGE,
            Self::Slow => Code::CLIENT_TIMEOUT,
            Self::TargetTooLong => Code::URI_TOO_LONG,
            Self::AbsoluteForm
            | Self::BareLineFeed
            | Self::Chunk
            | Self::Connect
            | Self::ContentLength
            | Self::ContentLengthTwice
            | Self::FieldName
            | Self::FieldValue
            | Self::Folded
            | Self::Host
            | Self::HostMissing
            | Self::HostTwice
            | Self::LeadingBlankLine
            | Self::LengthAndCoding
            | Self::Method
            | Self::Target
            | Self::TransferEncoding
            | Self::TransferEncodingTwice
            | Self::Version => Code::INVALID_HTTP,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::AbsoluteForm => "the target and `Host` name different servers",
            Self::BareLineFeed => "a line does not end with CR LF",
            Self::Chunk => "a chunk is malformed",
            Self::Connect => "there are no tunnels here",
            Self::ContentLength => "`Content-Length` is not a number",
            Self::ContentLengthTwice => "`Content-Length` is there twice",
            Self::FieldName => "the name of a header is malformed",
            Self::FieldValue => "a header holds a control character",
            Self::Folded => "a header is folded",
            Self::HeadTooLarge => "the head is too large",
            Self::Host => "`Host` is malformed",
            Self::HostMissing => "`Host` is missing",
            Self::HostTwice => "`Host` is there twice",
            Self::LeadingBlankLine => "a blank line comes before the request",
            Self::LengthAndCoding => "both `Content-Length` and `Transfer-Encoding` are there",
            Self::Method => "the method is malformed",
            Self::Slow => "the head did not arrive in time",
            Self::Target => "the target is malformed",
            Self::TargetTooLong => "the target is too long",
            Self::TooManyFields => "there are too many headers",
            Self::TransferEncoding => "`Transfer-Encoding` is not `chunked`",
            Self::TransferEncodingTwice => "`Transfer-Encoding` is there twice",
            Self::Version => "this is neither HTTP/1.0 nor HTTP/1.1",
        }
    }
}

impl Wrong {
    /// The objection, which tells the log what the most is.
    pub(in crate::server) fn violation(self, bounds: &Bounds) -> Violation {
        let text = self.text();
        let most = match self {
            Self::HeadTooLarge => Some((bounds.head, "bytes", "head")),
            Self::TargetTooLong => Some((bounds.target, "bytes", "target")),
            Self::TooManyFields => Some((bounds.fields, "fields", "fields")),
            _ => None,
        };
        let detail = match most {
            Some((n, what, name)) => {
                format!("{text}: more than {n} {what}, which is `bounds.{name}`")
            }
            None => text.to_owned(),
        };
        let (rule, code) = (ids::HTTP, self.code());
        Violation::new(rule, code, text).detailed(detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_told_with_the_number() {
        let bounds = Bounds { head: 9000, target: 80, fields: 7, ..Bounds::default() };
        let detail = |wrong: Wrong| wrong.violation(&bounds).detail;
        let expect = "the head is too large: more than 9000 bytes, which is `bounds.head`";
        assert_eq!(&*detail(Wrong::HeadTooLarge), expect);
        assert!(detail(Wrong::TargetTooLong).ends_with("80 bytes, which is `bounds.target`"));
        assert!(detail(Wrong::TooManyFields).ends_with("7 fields, which is `bounds.fields`"));
        assert_eq!(&*detail(Wrong::HostTwice), "`Host` is there twice");
    }
}
