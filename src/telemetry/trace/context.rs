//! The place of a request in a trace, as `traceparent` tells it (W3C Trace Context, level 2).
//!
//! Other people's words: whoever sends what cannot be read begins a trace of its own.

use std::fmt;

/// A span of somebody else, or of ours, as others are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Of the whole trace; never 0.
    pub trace: u128,
    /// Of the span; never 0.
    pub span: u64,
    /// Whether somebody keeps what is told of it.
    pub is_sampled: bool,
}

impl TraceContext {
    /// Reads the value of `traceparent`.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut parts = text.splitn(5, '-');
        let (version, trace) = (number(parts.next()?, 2)?, number(parts.next()?, 32)?);
        let (span, flags) = (number(parts.next()?, 16)?, number(parts.next()?, 2)?);
        // §3.2.2.1: 255 is no version, and the first one has four parts; later ones may add some.
        let has_more = parts.next().is_some();
        if version == 0xff || (version == 0 && has_more) || trace == 0 || span == 0 {
            return None;
        }
        Some(Self { trace, span: u64::try_from(span).ok()?, is_sampled: flags & 1 == 1 })
    }
}

/// Lower case, and exactly so many digits.
fn number(digits: &str, n: usize) -> Option<u128> {
    let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    let is_right = digits.len() == n && digits.bytes().all(is_digit);
    u128::from_str_radix(digits, 16).ok().filter(|_| is_right)
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.is_sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn check(value: &str, expect: Option<&str>) {
        let read = TraceContext::read(value.as_bytes());
        assert_eq!(read.map(|it| it.to_string()).as_deref(), expect, "{value}");
    }

    #[test]
    fn what_others_write_is_read_as_the_standard_says() {
        check(GOOD, Some(GOOD));
        let off = GOOD.replace("-01", "-00");
        check(&off, Some(&off));
        // Flags that we do not know are not handed on.
        check(&GOOD.replace("-01", "-fe"), Some(&off));
        check(&GOOD.replacen("00-", "cc-", 1), Some(GOOD));
        check(&(GOOD.replacen("00-", "cc-", 1) + "-more-and-more"), Some(GOOD));
        for wrong in [
            "",
            "00",
            &(GOOD.to_owned() + "-more"),
            &GOOD.replacen("00-", "ff-", 1),
            &GOOD.to_uppercase(),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            &GOOD.replace("b7ad6b7169203331", "b7ad6b716920333"),
            &GOOD.replace("b7ad6b7169203331", "+7ad6b7169203331"),
            &GOOD.replace("-01", "-1"),
            &GOOD.replace('-', "_"),
        ] {
            check(wrong, None);
        }
        assert_eq!(TraceContext::read(b"\xff"), None);
    }
}
