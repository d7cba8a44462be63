//! What must not be shown.

use std::{fmt, sync::Arc};

/// Bytes that nothing prints: there is no `Debug` and no `Display`.
#[derive(Clone)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// From what a file or the environment holds.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one who uses them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The key that requests to the upstream are signed with, shared with the upstream.
#[derive(Clone)]
pub struct LinkKey(Secret);

/// A key that is too short to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortKey {
    /// How many bytes it has.
    pub n_bytes: usize,
}

/// 32 bytes: as long as the signature; a shorter key would be the weaker part (RFC 2104 §3).
const LEAST_KEY: usize = 32;

impl LinkKey {
    /// A key of at least 32 bytes. White space around it does not belong to it: editors end files
    /// with a line feed, and environments do not.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(secret: &Secret) -> Result<Self, ShortKey> {
        let key = secret.bytes().trim_ascii();
        match key.len() {
            n_bytes @ 0..LEAST_KEY => Err(ShortKey { n_bytes }),
            _ => Ok(Self(Secret::new(key))),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

impl fmt::Display for ShortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key has {} bytes, at least {LEAST_KEY} are needed", self.n_bytes)
    }
}

impl std::error::Error for ShortKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<usize, usize>) {
        let key = LinkKey::new(&Secret::new(text.as_bytes()));
        let got = key.map(|it| it.bytes().len()).map_err(|it| it.n_bytes);
        assert_eq!(got, expect, "{text:?}");
    }

    #[test]
    fn keys_have_a_least_length_and_no_line_feed() {
        check(&"k".repeat(32), Ok(32));
        check(&format!("{}\n", "k".repeat(32)), Ok(32));
        check(&"k".repeat(31), Err(31));
        check(&format!("{}\n", "k".repeat(31)), Err(31));
        check(" \r\n", Err(0));
    }

    #[test]
    fn keys_are_not_shown() {
        let key = LinkKey::new(&Secret::new(&[b'k'; 32])).unwrap();
        assert_eq!(format!("{key:?}"), "LinkKey(..)");
    }
}
