//! A key set with the rules for its tokens, and the tokens that it has verified.

use std::sync::Arc;

use crate::identity::{BadCredential, Identity, KeySet, TokenRules, remembered::Remembered};

/// Turns tokens into identities. Another key set is another keyring, which has verified nothing:
/// that is how a key that is taken away takes its tokens with it.
#[derive(Debug)]
pub struct Keyring {
    keys: Arc<KeySet>,
    rules: TokenRules,
    remembered: Remembered,
}

impl Keyring {
    /// A keyring that has verified nothing yet.
    #[must_use]
    pub fn new(keys: Arc<KeySet>, rules: TokenRules) -> Self {
        Self { keys, rules, remembered: Remembered::new() }
    }

    /// The identity that a token tells of at a time, in seconds since 1970.
    ///
    /// # Errors
    /// When it does not count. A token that was remembered counts no longer than one that was not.
    pub fn identify(&self, token: &str, now: u64) -> Result<Arc<Identity>, BadCredential> {
        if let Some(identity) = self.remembered.get(token) {
            return match identity.validity().check(now) {
                Ok(()) => Ok(identity),
                Err(bad) => {
                    self.remembered.forget(token);
                    Err(bad)
                }
            };
        }
        let identity = Arc::new(self.rules.verify(&self.keys, token, now)?);
        self.remembered.put(token, Arc::clone(&identity));
        Ok(identity)
    }
}
