//! Where replicas keep what they share, checked once: Redis or Valkey.

use std::fmt;

use crate::config::{LinkKey, Secret, upstream_url::port_of};

/// What a process shares with its replicas, and where.
#[derive(Clone)]
pub struct Redis {
    /// Where it is.
    pub url: RedisUrl,
    /// The password of the user; none: it asks for none.
    pub password: Option<Secret>,
    /// The authorities that may vouch for it, PEM; none: the system's.
    pub ca: Option<Secret>,
    /// What keys are hashed with before they leave; the same for all replicas.
    pub key: LinkKey,
}

/// `redis://[user@]host[:port][/database]`, or the same with `rediss` for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrl {
    /// The name or address to connect to.
    pub host: Box<str>,
    /// The port to connect to.
    pub port: u16,
    /// The user of its access control list.
    pub user: Option<Box<str>>,
    /// The number of the database.
    pub database: u16,
    /// True for `rediss`.
    pub is_tls: bool,
}

/// Why a URL cannot be one of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisUrlProblem {
    /// Its path is not the number of a database.
    Database,
    /// It is not an absolute URL.
    NotAbsolute,
    /// It carries a password.
    Password,
    /// It does not start with `redis://` or `rediss://`.
    Scheme,
}

impl fmt::Display for RedisUrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "the path must be the number of a database, such as `/0`",
            Self::NotAbsolute => "it must be a URL such as `redis://localhost:6379`",
            Self::Password => "a password does not belong into a flag: put it into a file",
            Self::Scheme => "it must start with `redis://` or `rediss://`",
        })
    }
}

impl std::error::Error for RedisUrlProblem {}

impl RedisUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none of Redis, or holds a password.
    pub fn parse(text: &str) -> Result<Self, RedisUrlProblem> {
        let (scheme, rest) = text.split_once("://").ok_or(RedisUrlProblem::NotAbsolute)?;
        let is_tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return Err(RedisUrlProblem::Scheme),
        };
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let database = if path.is_empty() { Some(0) } else { path.parse().ok() };
        let (user, place) = match place.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(RedisUrlProblem::Password),
            Some((user, place)) => (Some(user), place),
            None => (None, place),
        };
        let authority: http::uri::Authority =
            place.parse().map_err(|_invalid| RedisUrlProblem::NotAbsolute)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: host.into(),
            port: port_of(&authority, 6379).ok_or(RedisUrlProblem::NotAbsolute)?,
            user: user.filter(|it| !it.is_empty()).map(Into::into),
            database: database.ok_or(RedisUrlProblem::Database)?,
            is_tls,
        })
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<(&str, u16, Option<&str>, u16, bool), RedisUrlProblem>) {
        let url = RedisUrl::parse(text);
        let got =
            url.as_ref().map(|it| (&*it.host, it.port, it.user.as_deref(), it.database, it.is_tls));
        assert_eq!(got, expect.as_ref().copied(), "{text}");
    }

    #[test]
    fn urls_are_taken_apart() {
        check("redis://a", Ok(("a", 6379, None, 0, false)));
        check("rediss://me@a.b:7000/3", Ok(("a.b", 7000, Some("me"), 3, true)));
        check("redis://[::1]:7000/", Ok(("::1", 7000, None, 0, false)));
    }

    #[test]
    fn what_is_none_is_refused() {
        check("redis://me:secret@a", Err(RedisUrlProblem::Password));
        check("http://a", Err(RedisUrlProblem::Scheme));
        check("a:6379", Err(RedisUrlProblem::NotAbsolute));
        check("redis://", Err(RedisUrlProblem::NotAbsolute));
        check("redis://a:99999", Err(RedisUrlProblem::NotAbsolute));
        check("redis://a:x", Err(RedisUrlProblem::NotAbsolute));
        check("redis://a/x", Err(RedisUrlProblem::Database));
    }
}
