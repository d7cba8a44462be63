//! The address of the upstream, checked once.

use std::{fmt, net::IpAddr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery},
};
use rustls::pki_types::ServerName;

/// `http://host[:port][/path]`, or the same with `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    /// As it was given.
    text: Box<str>,
    host: Box<str>,
    port: u16,
    authority: Box<str>,
    path: PathAndQuery,
    /// The name that the certificate must have; with `https` only.
    tls_name: Option<ServerName<'static>>,
}

/// Why a URL cannot be an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlProblem {
    /// It carries a name or password.
    Credentials,
    /// No certificate can be made out to its host.
    HostName,
    /// It is not an absolute URL.
    NotAbsolute,
    /// Its port is no number from 1 to 65535.
    Port,
    /// It does not start with `http://` or `https://`.
    Scheme,
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Credentials => "an upstream's URL must not hold a name or password",
            Self::HostName => "the upstream's host is neither a name nor an address",
            Self::NotAbsolute => {
                "the upstream must be a URL such as `http://localhost:8080/graphql`"
            }
            Self::Port => "the upstream's port must be a number from 1 to 65535",
            Self::Scheme => "the upstream must start with `http://` or `https://`",
        })
    }
}

impl std::error::Error for UrlProblem {}

/// The port of an authority without credentials; nothing when what stands there is none.
pub(super) fn port_of(authority: &Authority, default: u16) -> Option<u16> {
    match authority.as_str().strip_prefix(authority.host())? {
        "" => Some(default),
        _ => authority.port_u16().filter(|it| *it > 0),
    }
}

impl UpstreamUrl {
    /// Reads a URL; without a path it is `/`.
    ///
    /// # Errors
    /// When it is not an absolute `http` or `https` URL without credentials.
    pub fn parse(text: &str) -> Result<Self, UrlProblem> {
        let uri: Uri = text.parse().map_err(|_uri| UrlProblem::NotAbsolute)?;
        let authority = uri.authority().ok_or(UrlProblem::NotAbsolute)?;
        let (is_tls, default_port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            Some(_) => return Err(UrlProblem::Scheme),
            None => return Err(UrlProblem::NotAbsolute),
        };
        if authority.as_str().contains('@') {
            return Err(UrlProblem::Credentials);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let tls_name = is_tls.then(|| ServerName::try_from(host.to_owned())).transpose();
        Ok(Self {
            text: text.into(),
            host: host.into(),
            port: port_of(authority, default_port).ok_or(UrlProblem::Port)?,
            authority: authority.as_str().into(),
            path: uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")),
            tls_name: tls_name.map_err(|_invalid| UrlProblem::HostName)?,
        })
    }

    /// Reads the URL of a WebSocket, which begins with `ws://` or `wss://`.
    ///
    /// # Errors
    /// As [`UpstreamUrl::parse`].
    pub fn parse_websocket(text: &str) -> Result<Self, UrlProblem> {
        if let Some(rest) = text.strip_prefix("wss://") {
            return Self::parse(&format!("https://{rest}"));
        }
        match text.strip_prefix("ws://") {
            Some(rest) => Self::parse(&format!("http://{rest}")),
            None => Self::parse(text),
        }
    }

    /// The name or address to connect to.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What goes into `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The name that the upstream's certificate must have; none without TLS.
    pub(crate) const fn tls_name(&self) -> Option<&ServerName<'static>> {
        self.tls_name.as_ref()
    }

    /// True when there is no name to look up.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether another URL can be the same server elsewhere: it differs in host and port alone.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.is_tls() == other.is_tls() && self.path == other.path
    }

    /// True for `https`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls_name.is_some()
    }

    /// Path and query of every request; a client's own never pass.
    #[must_use]
    pub const fn path(&self) -> &PathAndQuery {
        &self.path
    }
}

/// As it was given.
impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<(&str, u16, &str, &str), UrlProblem>) {
        let url = UpstreamUrl::parse(text);
        let got = url.as_ref().map(|it| (it.host(), it.port(), it.authority(), it.path().as_str()));
        assert_eq!(got, expect.as_ref().copied(), "{text}");
        assert!(url.is_err() || url.is_ok_and(|it| it.to_string() == text));
    }

    #[test]
    fn urls_are_taken_apart() {
        check("http://a.b/graphql", Ok(("a.b", 80, "a.b", "/graphql")));
        check("http://[::1]:8080/q?x=1", Ok(("::1", 8080, "[::1]:8080", "/q?x=1")));
        check("http://a:81", Ok(("a", 81, "a:81", "/")));
        check("https://a.b/q", Ok(("a.b", 443, "a.b", "/q")));
        check("https://[::1]:81", Ok(("::1", 81, "[::1]:81", "/")));
    }

    #[test]
    fn what_is_not_an_upstream_is_refused() {
        check("ftp://a/", Err(UrlProblem::Scheme));
        check("https://a..b/", Err(UrlProblem::HostName));
        check("/graphql", Err(UrlProblem::NotAbsolute));
        check("a:80", Err(UrlProblem::NotAbsolute));
        check("http://me:secret@a/", Err(UrlProblem::Credentials));
        for port in ["", "0", "65536", "80800", "80x", "abc", "-1"] {
            check(&format!("http://a:{port}/"), Err(UrlProblem::Port));
            check(&format!("https://[::1]:{port}/"), Err(UrlProblem::Port));
        }
        check("http://a:65535/", Ok(("a", 65535, "a:65535", "/")));
    }
}
