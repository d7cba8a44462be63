//! As whom requests are sent: a name for reports, the headers that prove it, and what the policy
//! then knows of the caller.
//!
//! Verifies nothing: a token that does not count is refused by the firewall, and that shows in the
//! report. What proves an identity is never printed.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    digest::Digest,
    identity::{Identity, from_base64},
    policy::Policy,
    sources::now,
};

/// As whom requests are sent.
#[derive(Clone, Default)]
pub struct Persona {
    name: Option<Arc<str>>,
    identity: Option<Arc<Identity>>,
    headers: Vec<(String, String)>,
}

impl Persona {
    /// Whoever the headers of every request stand for, with the claims that are said to be theirs.
    #[must_use]
    pub fn unnamed(claims: Option<Map<String, Value>>) -> Self {
        Self { identity: claims.map(Identity::new).map(Arc::new), ..Self::default() }
    }

    /// Somebody by a token or an API key, whichever the policy takes.
    ///
    /// # Errors
    /// What is wrong, without the credential.
    pub fn named(name: &str, credential: &str, policy: &Policy) -> Result<Self, NoPersona> {
        let credential = credential.trim();
        if credential.is_empty() || credential.chars().any(char::is_control) {
            return Err(NoPersona::Empty);
        }
        let (keys, name) = (policy.credentials.api_keys.as_ref(), Some(name.into()));
        let hash = Digest::of(credential.as_bytes());
        if let Some(keys) = keys
            && let Ok(identity) = keys.keys.identify(&hash.0, now().0)
        {
            let headers = vec![(keys.header.to_string(), credential.to_owned())];
            return Ok(Self { name, identity: Some(identity), headers });
        }
        if policy.credentials.jwt.is_none() {
            return Err(if keys.is_some() { NoPersona::UnknownKey } else { NoPersona::NoIdentity });
        }
        let claims = claims_of(credential).ok_or(NoPersona::NotToken)?;
        let headers = vec![("authorization".to_owned(), format!("Bearer {credential}"))];
        Ok(Self { name, identity: Some(Arc::new(Identity::new(claims))), headers })
    }

    /// What a report calls it.
    #[must_use]
    pub const fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// What the policy knows of it; `None`: it is anonymous.
    #[must_use]
    pub const fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    /// What proves it.
    pub(super) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

impl fmt::Debug for Persona {
    /// What proves it is nobody's to print.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Persona({})", self.name.as_deref().unwrap_or("-"))
    }
}

/// Why a credential stands for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPersona {
    /// There is nothing, or what no header can carry.
    Empty,
    /// The policy takes neither tokens nor keys.
    NoIdentity,
    /// It is no token.
    NotToken,
    /// It is none of the policy's keys.
    UnknownKey,
}

impl fmt::Display for NoPersona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the credential is empty, or no header can carry it",
            Self::NoIdentity => "the policy has no `identity`",
            Self::NotToken => "the credential is neither a token nor one of the policy's API keys",
            Self::UnknownKey => "the credential is none of the policy's API keys",
        })
    }
}

/// What a token claims.
fn claims_of(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let plain: String = payload.replace('-', "+").replace('_', "/");
    let missing = "=".repeat(plain.len().wrapping_neg() % 4);
    serde_json::from_slice(&from_base64(&format!("{plain}{missing}"))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_token_claims() {
        for (token, expect) in [
            // {"sub":"a"}
            ("e30.eyJzdWIiOiJhIn0.c2ln", Some("a")),
            ("e30.eyJzdWIiOiJhIn0", None),
            ("e30.eyJzdWIiOiJhIn0.c2ln.x", None),
            ("e30.!.c2ln", None),
            ("", None),
        ] {
            let claims = claims_of(token);
            let subject = claims.as_ref().and_then(|it| it.get("sub")).and_then(Value::as_str);
            assert_eq!(subject, expect, "{token}");
        }
    }

    #[test]
    fn what_proves_it_is_not_printed() {
        let headers = vec![("authorization".to_owned(), "Bearer secret".to_owned())];
        let persona = Persona { name: Some("alice".into()), headers, ..Persona::default() };
        assert_eq!(format!("{persona:?}"), "Persona(alice)");
    }
}
