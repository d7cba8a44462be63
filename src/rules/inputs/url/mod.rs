//! Where a URL leads, as every parser must read it.
//!
//! Two steps: `parts` takes the text apart by hand and refuses whatever parsers are known to read
//! differently; the `url` crate (the WHATWG's rules, as browsers have them) must then arrive at the
//! same parts. `host` judges the name. Nothing is looked up: what a name resolves to is for the one
//! who fetches to check.

mod host;
mod parts;

pub(in crate::rules) use host::{HostPattern, is_public};
pub(in crate::rules) use parts::{Parts, parts};

/// Whether the `url` crate reads the same scheme, host and port, and no credentials.
pub(in crate::rules) fn is_read_the_same(text: &str, parts: &Parts<'_>) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let is_same_host = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case(parts.host),
        Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | None => false,
    };
    is_same_host
        && url.scheme().eq_ignore_ascii_case(parts.scheme)
        && url.port_or_known_default() == parts.port.or_else(|| default_port(parts.scheme))
        && url.username().is_empty()
        && url.password().is_none()
}

/// The port of a scheme that is not written.
pub(in crate::rules) fn default_port(scheme: &str) -> Option<u16> {
    match () {
        () if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss") => {
            Some(443)
        }
        () if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws") => Some(80),
        () => None,
    }
}
