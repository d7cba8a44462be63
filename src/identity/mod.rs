//! Who sent a request: tokens and API keys, verified with keys that are given, at a time that is
//! given.
//!
//! Does not fetch keys, read headers or know the time; the shell does. Does not judge what a
//! caller may do; rules do.
//!
#![doc = include_str!("identity.md")]

mod algorithm;
mod api_keys;
mod bad_credential;
mod key;
mod key_set;
mod keyring;
mod remembered;
mod token;
mod told;
mod validity;

pub use algorithm::Algorithm;
pub use api_keys::ApiKeys;
pub use bad_credential::{BadCredential, RULE};
pub use key::Unusable;
pub use key_set::{KeySet, LeftOut, MAX_BYTES, MAX_KEYS, NoKeySet};
pub use keyring::Keyring;
pub use token::TokenRules;
pub use told::Told;
pub use validity::Validity;

use std::{fmt, net::IpAddr, sync::Arc};

use serde_json::{Map, Value};

use crate::expression;

/// The verified identity and the client it speaks through. Built once per HTTP request or stream.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who it is; none: nobody said so.
    pub identity: Option<Arc<Identity>>,
    /// What it speaks through.
    pub client: Client,
    /// How the request came.
    pub request: Way,
}

/// The client that a caller speaks through.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Where it connects from, as far as trusted proxies tell.
    pub ip: Option<IpAddr>,
    /// The name in its certificate.
    pub mtls: Option<Box<str>>,
    /// What it calls itself; for reports, never for a decision.
    pub label: Option<Box<str>>,
}

/// How a request came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Its method.
    pub method: Method,
    /// What carried it.
    pub transport: Transport,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `POST`.
    #[default]
    Post,
}

/// What carried a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// A request of its own.
    #[default]
    Http,
}

/// Who somebody is, as a credential told that was verified.
pub struct Identity {
    subject: Box<str>,
    claims: Map<String, Value>,
    /// The same for conditions, converted once.
    value: expression::Value,
    validity: Validity,
}

impl Identity {
    /// From claims that were verified.
    ///
    /// # Errors
    /// When they do not name a subject.
    pub fn new(claims: Map<String, Value>, validity: Validity) -> Result<Self, BadCredential> {
        let subject = claims.get("sub").and_then(Value::as_str).filter(|it| !it.is_empty());
        let subject = subject.ok_or(BadCredential::Subject)?.into();
        let all = Value::Object(claims);
        let value = expression::Value::of_json(&all);
        let Value::Object(claims) = all else { return Err(BadCredential::Claims) };
        Ok(Self { subject, claims, value, validity })
    }

    /// The claim `sub`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Every claim, for conditions.
    #[must_use]
    pub const fn claims(&self) -> &expression::Value {
        &self.value
    }

    /// Every claim.
    #[must_use]
    pub const fn claims_json(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The first second since 1970 in which it does not count any more.
    #[must_use]
    pub fn expires(&self) -> u64 {
        self.validity.ends()
    }

    fn check(&self, now: u64) -> Result<(), BadCredential> {
        self.validity.check(now)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Claims are nobody's to log.
        f.write_str("Identity(..)")
    }
}

#[cfg(test)]
mod tests;
