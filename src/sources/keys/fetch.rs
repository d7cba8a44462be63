//! Asks for keys, directly or by way of an issuer (OpenID Connect Discovery 1.0 §4).

use std::fmt;

use bytes::Bytes;
use http::StatusCode;

use crate::{
    identity::NoKeySet,
    json,
    policy::{KeyPlace, why_not_asked},
    sources::keys::{KeyAccess, get::get},
};

/// Why there are no keys.
#[derive(Debug)]
pub enum NoKeys {
    /// The connection failed, or what came was no HTTP, or too much.
    Connection(Box<dyn std::error::Error + Send + Sync>),
    /// The issuer's document cannot be used.
    Discovery(&'static str),
    /// What came is no key set.
    KeySet(NoKeySet),
    /// `http` leads to another machine after all.
    NotThisMachine,
    /// It was not answered with 200.
    Status(StatusCode),
    /// It took too long.
    Timeout,
    /// It cannot be asked.
    Url(&'static str),
}

impl fmt::Display for NoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => write!(f, "the key server cannot be asked: {error}"),
            Self::Discovery(why) => write!(f, "the issuer's document cannot be used: {why}"),
            Self::KeySet(why) => why.fmt(f),
            Self::NotThisMachine => f.write_str("the key server is another machine, without TLS"),
            Self::Status(status) => write!(f, "the key server answered with {status}"),
            Self::Timeout => f.write_str("the key server did not answer in time"),
            Self::Url(why) => write!(f, "keys cannot be asked from there: {why}"),
        }
    }
}

impl std::error::Error for NoKeys {}

/// The text of a key set.
pub(super) async fn fetch(place: &KeyPlace, access: &KeyAccess) -> Result<Bytes, NoKeys> {
    match place {
        KeyPlace::Issuer(issuer) => get(&discover(issuer, access).await?, access).await,
        KeyPlace::Url(url) => get(url, access).await,
    }
}

/// Where an issuer says that its keys are.
async fn discover(issuer: &str, access: &KeyAccess) -> Result<String, NoKeys> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let text = get(&url, access).await?;
    let no_json = |_why| NoKeys::Discovery("it is not strict JSON");
    let tree = json::read(&text, json::Limits::default()).map_err(no_json)?;
    let member = |name| tree.root().member(name).and_then(|it| it.string());
    // §4.3: exactly the same; else somebody passes another's keys off as his own.
    if member("issuer").as_deref() != Some(issuer) {
        return Err(NoKeys::Discovery("it is another issuer's"));
    }
    let keys = member("jwks_uri").ok_or(NoKeys::Discovery("it has no `jwks_uri`"))?.into_owned();
    why_not_asked(&keys).map_or(Ok(keys), |why| Err(NoKeys::Url(why)))
}
