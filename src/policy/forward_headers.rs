//! `http.forward_headers`: which headers of a client may go on, and which never do.

use crate::{
    diagnostic::Diagnostics,
    yaml::{Node, shape},
};

/// Who asks, in which language, and what tracing needs; nothing that names a user by itself.
pub(super) const DEFAULT: [&str; 6] =
    ["authorization", "accept-language", "user-agent", "traceparent", "tracestate", "x-request-id"];

/// Reads the list; what must not go on is an error and left out.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let mut headers: Vec<Box<str>> = Vec::new();
    for (name, node) in shape::placed_names(node, found) {
        let name = name.to_ascii_lowercase();
        if let Some(why) = why_not_forwarded(&name) {
            let message = format!("header `{name}` cannot be forwarded: {why}");
            found.push(node.error("header-not-forwardable", message));
        } else if headers.iter().any(|it| **it == *name) {
            found.push(node.warning("duplicate-item", format!("`{name}` is there twice")));
        } else {
            headers.push(name.into());
        }
    }
    headers
}

/// Why a header, by its name in lower case, never goes on to the upstream.
#[must_use]
pub fn why_not_forwarded(name: &str) -> Option<&'static str> {
    // Behind a CGI-like upstream `x_user` and `x-user` are one header: a way past the allow-list.
    if name.contains('_') {
        return Some("servers confuse `_` with `-`");
    }
    let is_token = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^`|~".contains(&it);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some("it is no header name");
    }
    if OF_CONNECTION.contains(&name) || name.starts_with("proxy-") {
        return Some("it belongs to the client's connection");
    }
    if WRITTEN.contains(&name) {
        return Some("Portcullis writes it anew");
    }
    if IDENTITY.contains(&name) || IDENTITY_FAMILIES.iter().any(|it| name.starts_with(it)) {
        return Some("upstreams believe it, and any client can write it");
    }
    None
}

/// Why a header, by its name in lower case, is not for telling the upstream who asks. Those of
/// [`IDENTITY`] are: that is what upstreams read them for.
pub(super) fn why_not_told(name: &str) -> Option<&'static str> {
    let is_identity = |it: &&str| {
        IDENTITY.contains(it) || IDENTITY_FAMILIES.iter().any(|family| it.starts_with(family))
    };
    match name {
        "authorization" | "cookie" => Some("it is the client's credential"),
        // Of these names some are about the connection or the request itself.
        "forwarded" | "x-forwarded-for" => Some("Portcullis writes it anew"),
        name => Some(name).filter(|it| !is_identity(it)).and_then(why_not_forwarded),
    }
}

/// RFC 9110 §7.6.1: for one connection. `proxy` becomes `HTTP_PROXY` behind CGI.
const OF_CONNECTION: [&str; 9] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];
/// Ours, or about a body that is not the one that goes on.
const WRITTEN: [&str; 12] = [
    "accept",
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "digest",
    "expect",
    "host",
    "via",
    "x-forwarded-for",
    "x-portcullis-signature",
];
/// Names by which proxies tell upstreams who asks, or what was really asked.
const IDENTITY: [&str; 15] = [
    "cf-connecting-ip",
    "fastly-client-ip",
    "forwarded",
    "forwarded-for",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
    "x-remote-user",
    "x-rewrite-url",
    "x-user",
];
/// Beginnings of such names.
const IDENTITY_FAMILIES: [&str; 7] =
    ["remote-", "x-auth-", "x-authenticated-", "x-forwarded-", "x-original-", "x-ssl-", "x-user-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        assert_eq!(why_not_forwarded(name), expect, "{name}");
    }

    #[test]
    fn some_headers_never_go_on() {
        for name in ["authorization", "cookie", "x-tenant", "x-users", "x-request-id", "dnt"] {
            check(name, None);
        }
        check("x_user", Some("servers confuse `_` with `-`"));
        for name in ["a b", "", "a:", "\u{fc}"] {
            check(name, Some("it is no header name"));
        }
        for name in ["transfer-encoding", "proxy-authorization", "proxy", "te"] {
            check(name, Some("it belongs to the client's connection"));
        }
        for name in ["host", "content-length", "via", "x-forwarded-for", "x-portcullis-signature"] {
            check(name, Some("Portcullis writes it anew"));
        }
        for name in ["x-user-id", "x-auth-token", "x-forwarded-host", "forwarded", "x-real-ip"] {
            check(name, Some("upstreams believe it, and any client can write it"));
        }
        for name in ["x-original-url", "x-http-method-override", "x-rewrite-url"] {
            check(name, Some("upstreams believe it, and any client can write it"));
        }
    }

    #[test]
    fn no_default_is_one_of_them() {
        DEFAULT.iter().for_each(|it| check(it, None));
    }
}
