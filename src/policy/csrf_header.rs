//! `http.csrf_header`: the headers by which a request shows that no page of another site sent it.
//!
//! With files the header goes on to the upstream: names that `http.forward_headers` never lets pass
//! do not pass here either.

use crate::{
    diagnostic::Diagnostics,
    policy::forward_headers::why_not_forwarded,
    yaml::{Node, Value, shape},
};

/// Ours, and those that Apollo's clients send.
pub(super) const DEFAULT: [&str; 3] =
    ["graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"];

/// Names that a page can only send after its browser has asked us.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = Vec::new();
    for (name, node) in shape::placed_names(node, found) {
        let lower = name.to_ascii_lowercase();
        if lower.is_empty() || !lower.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-') {
            found.push(node.error("bad-header", format!("`{name}` is no name of a header")));
        } else if SENT_BY_ANYONE.contains(&&*lower) || lower.starts_with("sec-") {
            let message = format!("`{name}` proves nothing: any page can send it");
            found.push(node.error("unsafe-header", message));
        } else if let Some(why) = why_not_forwarded(&lower) {
            let message = format!("header `{lower}` cannot be forwarded: {why}");
            let error = node.error("header-not-forwardable", message);
            found.push(error.help("with files the header goes on, as the client wrote it"));
        }
        names.push(lower.into());
    }
    if names.is_empty() && matches!(node.value, Value::Sequence(_)) {
        found.push(node.error("empty-list", "without a header no request by GET is admitted"));
    }
    names
}

/// What a browser sends across sites without asking.
pub(super) const SENT_BY_ANYONE: [&str; 12] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-language",
    "content-type",
    "cookie",
    "host",
    "origin",
    "range",
    "referer",
    "user-agent",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::codes;

    #[track_caller]
    fn check(names: &str, expect: &[&str]) {
        let head = "version: 1\nname: t\nschema: { file: s.graphql }\n";
        assert_eq!(codes(&format!("{head}http: {{ csrf_header: {names} }}\n")), expect, "{names}");
    }

    #[test]
    fn only_what_no_page_can_send_is_a_proof() {
        check("[X-Shop-Preflight]", &[]);
        check("[]", &["empty-list"]);
        check("[x_a]", &["bad-header"]);
        for name in ["Accept", "sec-fetch-site"] {
            check(&format!("[{name}]"), &["unsafe-header"]);
        }
    }

    #[test]
    fn what_upstreams_believe_is_no_proof() {
        for name in [
            "Forwarded",
            "content-length",
            "via",
            "x-forwarded-for",
            "x-portcullis-signature",
            "x-real-ip",
            "x-user-id",
        ] {
            check(&format!("[x-shop-preflight, {name}]"), &["header-not-forwardable"]);
        }
    }

    #[test]
    fn no_default_is_kept_from_the_upstream() {
        assert!(DEFAULT.iter().all(|it| why_not_forwarded(it).is_none()));
    }
}
