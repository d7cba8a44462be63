//! SHA-256, the only file that names its crate.

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of one text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Of several texts; each with its length, so that no two lists have the same bytes.
    #[must_use]
    pub fn of_all(texts: &[&[u8]]) -> Self {
        let mut state = Sha256::new();
        for text in texts {
            state.update((text.len() as u64).to_be_bytes());
            state.update(text);
        }
        Self(state.finalize().into())
    }

    /// From 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Some(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok())
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write!(f, "{it:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The SHA-256 of a text, made when somebody asks: without help from the processor it costs more
/// than reading a document does, and of most requests nobody wants it.
#[derive(Clone)]
pub enum TextDigest {
    /// As it is.
    Made(Digest),
    /// That of a text; every time that it is asked for, it is made.
    Of(Arc<str>),
}

impl TextDigest {
    /// Of a text, for later.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::Of(text.into())
    }

    /// The SHA-256.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Made(digest) => *digest,
            Self::Of(text) => Digest::of(text.as_bytes()),
        }
    }

    /// Makes it and lets go of the text: for what is kept, and asked again and again.
    pub fn settle(&mut self) {
        *self = Self::Made(self.digest());
    }
}

impl PartialEq for TextDigest {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for TextDigest {}

/// Never the text, which is a client's.
impl fmt::Debug for TextDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::{Digest, TextDigest};

    #[test]
    fn hex_goes_both_ways() {
        let digest = Digest::of(b"abc");
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), hex);
        assert_eq!(Digest::from_hex(hex), Some(digest));
        assert_eq!(Digest::from_hex(&hex.to_uppercase()), Some(digest));
        for wrong in ["", hex.trim_start_matches('b'), &format!("{hex}0"), &hex.replace('b', "g")] {
            assert_eq!(Digest::from_hex(wrong), None);
        }
    }

    #[test]
    fn a_digest_is_the_same_before_and_after_it_is_made() {
        let mut digest = TextDigest::of("abc");
        let before = digest.clone();
        digest.settle();
        assert!(matches!(digest, TextDigest::Made(it) if it == Digest::of(b"abc")));
        assert_eq!(before, digest);
        assert_ne!(before, TextDigest::of("abd"));
        assert!(!format!("{before:?}").contains("abc\""));
    }

    #[test]
    fn lists_do_not_run_together() {
        assert_ne!(Digest::of_all(&[b"ab", b"c"]), Digest::of_all(&[b"a", b"bc"]));
    }
}
