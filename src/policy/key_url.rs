//! Whom keys may be asked from: https, or http on this machine.
//!
//! Also for what an issuer's own document names, so that it leads nowhere else.

use std::net::IpAddr;

use http::Uri;

/// Why keys are not asked from a URL.
#[must_use]
pub fn why_not_asked(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else { return Some("it is no URL") };
    let Some(authority) = uri.authority() else { return Some("it has no host") };
    if authority.as_str().contains('@') {
        return Some("it holds a name or password");
    }
    if authority.as_str() != authority.host() && authority.port_u16().is_none_or(|it| it == 0) {
        return Some("its port is no number from 1 to 65535");
    }
    if url.contains('#') {
        return Some("it has a fragment");
    }
    match uri.scheme_str() {
        Some("https") => None,
        // Whoever sits on the way could put in keys of his own.
        Some("http") if is_loopback(authority.host()) => None,
        Some("http") => Some("`http` is for this machine only"),
        Some(_) | None => Some("it does not start with `https://`"),
    }
}

fn is_loopback(host: &str) -> bool {
    let is_ipv4 = host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
    is_ipv4 || host == "[::1]" || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expect: Option<&str>) {
        assert_eq!(why_not_asked(url), expect, "{url}");
    }

    #[test]
    fn https_or_this_machine() {
        for url in
            ["https://a.example/k", "http://127.0.0.1:1/", "http://[::1]/k", "http://localhost"]
        {
            check(url, None);
        }
        for url in [
            "http://a.example/k",
            "http://127.0.0.1.example/",
            "http://10.0.0.1/",
            "http://localhost.example",
        ] {
            check(url, Some("`http` is for this machine only"));
        }
        check("file:///etc/keys", Some("it is no URL"));
        check("ftp://a.example/", Some("it does not start with `https://`"));
        check("https://a@b.example/", Some("it holds a name or password"));
        check("https://a.example:99999/", Some("its port is no number from 1 to 65535"));
        check("https://a.example:8443/", None);
        check("/keys", Some("it has no host"));
        check("https://a b", Some("it is no URL"));
    }
}
