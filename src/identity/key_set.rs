//! A JWK set (RFC 7517 §5): the keys that tokens are verified with.
//!
//! Does not fetch anything: `sources::keys` does.

use std::fmt;

use crate::{
    identity::{
        Algorithm, BadCredential,
        key::{Key, Unusable},
    },
    json,
};

/// The keys that tokens are verified with; at least one.
#[derive(Debug)]
pub struct KeySet(Vec<Key>);

/// A key that is left out of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its place in the set; the first is 1.
    pub n: usize,
    /// Why.
    pub why: Unusable,
}

/// Why a text is no key set that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoKeySet {
    /// Two keys have this `kid` and an algorithm in common: which one counts would be chance.
    DuplicateKid(Box<str>),
    /// It is not strict JSON.
    Json(json::Error),
    /// None of its keys can be used.
    NoKeys(Vec<LeftOut>),
    /// There is no list `keys` in it.
    NotASet,
    /// It is longer than [`MAX_BYTES`].
    TooLarge,
    /// It has more than [`MAX_KEYS`] keys.
    TooMany,
}

/// 256 KiB: a key with its certificates is 5 KB.
pub const MAX_BYTES: usize = 256 * 1024;
/// 100: large providers publish a handful; tokens without a `kid` look at each.
pub const MAX_KEYS: usize = 100;

impl NoKeySet {
    /// Whether it is a set all the same: whoever publishes it has withdrawn the keys of before. Two
    /// keys with one name are a slip.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        match self {
            Self::NoKeys(_) => true,
            Self::DuplicateKid(_)
            | Self::Json(_)
            | Self::NotASet
            | Self::TooLarge
            | Self::TooMany => false,
        }
    }
}

impl fmt::Display for NoKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKid(kid) => write!(f, "two keys have the `kid` `{kid}`"),
            Self::Json(error) => write!(f, "not a key set: {error}"),
            Self::NoKeys(left_out) => match left_out.first() {
                Some(first) => write!(f, "no key can be used; {first}"),
                None => f.write_str("there are no keys in it"),
            },
            Self::NotASet => f.write_str("not a key set: there is no list `keys` in it"),
            Self::TooLarge => write!(f, "longer than {MAX_BYTES} bytes"),
            Self::TooMany => write!(f, "more than {MAX_KEYS} keys"),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {} is left out: {}", self.n, self.why)
    }
}

impl KeySet {
    /// Reads a set. Keys that are for something else, of another kind or broken are left out, as
    /// RFC 7517 §5 wants it; of the rest, what `allowed` does not name is no algorithm of theirs.
    ///
    /// # Errors
    /// When it is no set, two keys have one name, or no key is left.
    pub fn read(text: &[u8], allowed: &[Algorithm]) -> Result<(Self, Vec<LeftOut>), NoKeySet> {
        if text.len() > MAX_BYTES {
            return Err(NoKeySet::TooLarge);
        }
        let tree = json::read(text, json::Limits::default()).map_err(NoKeySet::Json)?;
        let list = tree.root().member("keys").filter(|it| it.kind() == json::Kind::Array);
        let list = list.ok_or(NoKeySet::NotASet)?;
        if list.n_children() as usize > MAX_KEYS {
            return Err(NoKeySet::TooMany);
        }
        let (mut keys, mut left_out) = (Vec::<Key>::new(), Vec::new());
        for (n, jwk) in (1..).zip(list.children()) {
            match Key::read(jwk, allowed) {
                Ok(key) => keys.push(key),
                Err(why) => left_out.push(LeftOut { n, why }),
            }
        }
        for (n, key) in keys.iter().enumerate() {
            // RFC 7517 §4.5: keys of different kinds may have one name, where they are alternatives.
            if let Some(kid) = &key.kid
                && keys.iter().take(n).any(|it| it.kid.as_ref() == Some(kid) && it.rivals(key))
            {
                return Err(NoKeySet::DuplicateKid(kid.clone()));
            }
        }
        if keys.is_empty() {
            return Err(NoKeySet::NoKeys(left_out));
        }
        Ok((Self(keys), left_out))
    }

    /// How many keys can be used.
    #[must_use]
    pub const fn n_keys(&self) -> usize {
        self.0.len()
    }

    /// The one key for a token: of its `kid` and for its algorithm, or, without one, the only one that fits.
    pub(super) fn select(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&Key, BadCredential> {
        let Some(kid) = kid else {
            let mut fitting = self.0.iter().filter(|it| it.allows(algorithm));
            return match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(BadCredential::Algorithm),
                (Some(_), Some(_)) => Err(BadCredential::AmbiguousKey),
            };
        };
        let mut named = self.0.iter().filter(|it| it.kid.as_deref() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Err(BadCredential::UnknownKey { kid: kid.into() });
        }
        named.find(|it| it.allows(algorithm)).ok_or(BadCredential::Algorithm)
    }
}
