//! Who may look at the console and the metrics.

use std::fmt;

use crate::{config::Secret, digest::Digest};

/// Who may look at what the admin listener shows beside liveness and readiness.
#[derive(Clone, Debug, Default)]
pub struct AdminAccess {
    /// What everyone must show; none: the console is shown on loopback alone.
    pub token: Option<AdminToken>,
    /// Names at which it may be asked for, beside loopback and its own address.
    pub hosts: Vec<Box<str>>,
}

/// A token of operators. Only its hash is kept, so that a comparison tells nothing by its time.
#[derive(Clone)]
pub struct AdminToken(Digest);

/// A token that could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortToken {
    /// How many bytes it has.
    pub n_bytes: usize,
}

/// 16 bytes: 64 bits when it is written in hexadecimal digits.
const LEAST: usize = 16;

impl AdminToken {
    /// A token of at least 16 bytes; white space around it does not belong to it.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(secret: &Secret) -> Result<Self, ShortToken> {
        let token = secret.bytes().trim_ascii();
        match token.len() {
            n_bytes @ 0..LEAST => Err(ShortToken { n_bytes }),
            _ => Ok(Self(Digest::of(token))),
        }
    }

    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, shown: &[u8]) -> bool {
        Digest::of(shown) == self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(..)")
    }
}

impl fmt::Display for ShortToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token has {} bytes, at least {LEAST} are needed", self.n_bytes)
    }
}

impl std::error::Error for ShortToken {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, expect: Result<bool, usize>) {
        let token = AdminToken::new(&Secret::new(text.as_bytes()));
        let got = token.map(|it| it.is(shown.as_bytes())).map_err(|it| it.n_bytes);
        assert_eq!(got, expect, "{text:?}");
    }

    #[test]
    fn tokens_are_long_and_compared_whole() {
        check("0123456789abcdef\n", "0123456789abcdef", Ok(true));
        check("0123456789abcdef", "0123456789abcde", Ok(false));
        check("0123456789abcdef", "", Ok(false));
        check("0123456789abcde", "", Err(15));
    }
}
