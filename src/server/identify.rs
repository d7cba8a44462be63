//! From the headers of a request to its caller, and to what the upstream is told of it.

use std::{io, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    admission::UnixSeconds,
    config::Config,
    digest::Digest,
    identity::{BadCredential, Identity, Keyring, Told},
    policy::{Credentials, KeyOrigin},
    sources::{KeyAccess, RemoteKeys, Unidentified, keep},
    transport::{Presented, presented},
};

/// The keys of a policy in force.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// From a file, with the policy.
    Fixed(Arc<Keyring>),
    /// No tokens are read.
    None,
    /// Of an issuer.
    Remote(Arc<RemoteKeys>),
    /// Of an issuer, and nobody asks it yet.
    Waiting,
}

impl Keys {
    /// The keys that came with a policy.
    pub(super) fn of(credentials: &Credentials) -> Self {
        match credentials.jwt.as_ref().map(|it| (it, &it.keys)) {
            None => Self::None,
            Some((jwt, KeyOrigin::File(keys))) => {
                let keyring = Keyring::new(Arc::clone(keys), jwt.rules.clone());
                Self::Fixed(Arc::new(keyring))
            }
            Some((_, KeyOrigin::Remote(_))) => Self::Waiting,
        }
    }

    /// Goes on with the keys that are known, when they are of the same issuer, or begins to ask.
    pub(super) fn begun(
        self,
        credentials: &Credentials,
        config: &Config,
        before: Option<&Self>,
    ) -> io::Result<Self> {
        let (Self::Waiting, Some(jwt)) = (&self, &credentials.jwt) else { return Ok(self) };
        let KeyOrigin::Remote(origin) = &jwt.keys else { return Ok(self) };
        if let Some(Self::Remote(keys)) = before
            && keys.are_of(origin, &jwt.rules)
        {
            return Ok(Self::Remote(Arc::clone(keys)));
        }
        let (graph, tls) = (config.graph(), config.key_server_tls.clone());
        let access = KeyAccess { graph, tls, patience: config.deadlines.keys };
        let keys = RemoteKeys::new(origin.clone(), jwt.rules.clone(), access);
        if let Some(Self::Remote(before)) = before {
            keys.learn_from(before);
        }
        let keys = Arc::new(keys);
        keep(&keys)?;
        Ok(Self::Remote(keys))
    }

    /// What tokens are verified with at the moment. With another one, whoever is still there has to
    /// be identified again.
    pub(super) fn keyring(&self) -> Option<Arc<Keyring>> {
        match self {
            Self::Fixed(keys) => Some(Arc::clone(keys)),
            Self::Remote(keys) => keys.keyring(),
            Self::None | Self::Waiting => None,
        }
    }

    /// Whether a token that was good still tells who asks.
    fn count(&self, now: UnixSeconds) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Remote(keys) => keys.count(now),
            Self::None | Self::Waiting => false,
        }
    }

    async fn identify(&self, token: &str, now: UnixSeconds) -> Result<Arc<Identity>, Unidentified> {
        match self {
            Self::Fixed(keys) => keys.identify(token, now.0).map_err(Unidentified::Bad),
            Self::Remote(keys) => keys.identify(token, now).await,
            Self::None | Self::Waiting => Err(Unidentified::NoKeys),
        }
    }
}

/// Whether these are two keyrings.
pub(super) fn are_other(one: Option<&Arc<Keyring>>, other: Option<&Arc<Keyring>>) -> bool {
    one.map(Arc::as_ptr) != other.map(Arc::as_ptr)
}

/// Whom the credentials of a request tell of; all of them of the same.
pub(super) async fn identify(
    (credentials, keys): (&Credentials, &Keys),
    headers: &HeaderMap,
    now: UnixSeconds,
) -> Result<Option<Arc<Identity>>, Unidentified> {
    let presented = presented(headers, credentials)?;
    let mut found: Option<Arc<Identity>> = None;
    for token in [presented.bearer, presented.cookie].into_iter().flatten() {
        found = Some(agreed(found, keys.identify(token, now).await?)?);
    }
    if let (Some(key), Some(known)) = (presented.api_key, &credentials.api_keys) {
        found = Some(agreed(found, known.keys.identify(&Digest::of(key).0, now.0)?)?);
    }
    Ok(found)
}

/// Whether who came with these headers, and was identified by them, is known by them now.
pub(super) fn is_still_known(
    (credentials, keys): (&Credentials, &Keys),
    headers: &HeaderMap,
    now: UnixSeconds,
) -> bool {
    let has_none = |it: Presented<'_>| it.bearer.is_none() && it.cookie.is_none();
    presented(headers, credentials).is_ok_and(has_none) || keys.count(now)
}

/// The first, when the second is of the same subject.
fn agreed(
    first: Option<Arc<Identity>>,
    second: Arc<Identity>,
) -> Result<Arc<Identity>, BadCredential> {
    match first {
        None => Ok(second),
        Some(first) if first.subject() == second.subject() => Ok(first),
        Some(_) => Err(BadCredential::Disagreement),
    }
}

/// Headers that tell the upstream who asks.
pub(super) fn told(
    rules: &[(HeaderName, Told)],
    identity: Option<&Identity>,
) -> Result<Vec<(HeaderName, HeaderValue)>, BadCredential> {
    let Some(identity) = identity else { return Ok(Vec::new()) };
    let mut headers = Vec::with_capacity(rules.len());
    for (name, rule) in rules {
        let Some(text) = rule.text(identity)? else { continue };
        // Control characters were refused before; this holds it.
        let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(text));
        let value = value.map_err(|_bad| BadCredential::Told { header: rule.header.clone() })?;
        headers.push((name.clone(), value));
    }
    Ok(headers)
}
