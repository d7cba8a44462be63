//! API keys, known by their hashes alone: whoever reads the file learns no key.
//!
//! A key is high-entropy, so a plain SHA-256 is enough: there is nothing to guess and no need for
//! a slow hash. The hash of what a client sent is taken by the caller.

use std::{fmt, sync::Arc};

use subtle::ConstantTimeEq as _;

use crate::identity::{BadCredential, Identity};

/// Hashes of API keys, each with whom it tells of.
#[derive(Default)]
pub struct ApiKeys(Vec<([u8; 32], Arc<Identity>)>);

impl ApiKeys {
    /// Adds a key by its SHA-256.
    pub fn add(&mut self, hash: [u8; 32], identity: Identity) {
        self.0.push((hash, Arc::new(identity)));
    }

    /// How many there are.
    #[must_use]
    pub const fn n_keys(&self) -> usize {
        self.0.len()
    }

    /// Whether a hash is known.
    #[must_use]
    pub fn holds(&self, hash: &[u8; 32]) -> bool {
        self.0.iter().any(|(it, _)| it == hash)
    }

    /// Whom the key of this SHA-256 tells of at a time, in seconds since 1970. Takes as long for
    /// every hash.
    ///
    /// # Errors
    /// When there is no such key, or it does not count at that time.
    pub fn identify(&self, hash: &[u8; 32], now: u64) -> Result<Arc<Identity>, BadCredential> {
        let mut found = None;
        for (known, identity) in &self.0 {
            if bool::from(known.ct_eq(hash)) {
                found = Some(identity);
            }
        }
        let identity = found.ok_or(BadCredential::UnknownApiKey)?;
        identity.validity().check(now)?;
        Ok(Arc::clone(identity))
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeys({} keys)", self.0.len())
    }
}
