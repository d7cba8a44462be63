//! Who sends a request: tokens and API keys, verified with keys that are given at a time that is
//! given; and what of that the policy may look at.
//!
//! Does not fetch keys, read headers or know the time; the shell does. Does not judge what a
//! caller may do; rules do.
//!
#![doc = include_str!("identity.md")]

mod algorithm;
mod api_keys;
mod bad_credential;
mod caller;
mod certificate;
mod encoding;
mod key;
mod key_set;
mod keyring;
mod remembered;
mod seen;
mod token;
mod told;
mod validity;

pub use algorithm::Algorithm;
pub use api_keys::ApiKeys;
pub use bad_credential::BadCredential;
pub use caller::{Caller, Client, Identity, Method, Transport, Way};
pub use certificate::Certificate;
pub use encoding::{from_base64, to_base64};
pub use key::Unusable;
pub use key_set::{KeySet, LeftOut, MAX_BYTES, MAX_KEYS, NoKeySet};
pub use keyring::Keyring;
pub use seen::Seen;
pub use token::TokenRules;
pub use told::Told;
pub use validity::Validity;

#[cfg(test)]
mod tests;
