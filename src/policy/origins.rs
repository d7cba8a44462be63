//! `http.origins`: the web sites whose pages may ask.
//!
//! Exact, as browsers send them: no patterns, no `*`, no `null`.

use crate::{
    diagnostic::Diagnostics,
    yaml::{Node, shape},
};

/// Reads the list; what no browser sends is an error and left out.
pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let mut origins: Vec<Box<str>> = Vec::new();
    for (origin, node) in shape::placed_names(node, found) {
        if let Some(help) = why_not(origin) {
            let message = format!("`{origin}` is no origin as browsers send it");
            found.push(node.error("bad-origin", message).help(help));
        } else if origins.iter().any(|it| **it == *origin) {
            found.push(node.warning("duplicate-item", format!("`{origin}` is there twice")));
        } else {
            origins.push(origin.into());
        }
    }
    origins
}

fn why_not(origin: &str) -> Option<&'static str> {
    if origin == "*" || origin == "null" {
        return Some("any page could send it; list the sites that may ask");
    }
    let Some((scheme, rest)) = origin.split_once("://") else {
        return Some("write scheme and host, such as `https://shop.example`");
    };
    if rest.contains('*') {
        return Some("there are no patterns; list every site");
    }
    if rest.contains(['/', '?', '#', '@']) {
        return Some("an origin ends with the host or the port, without `/`");
    }
    if origin.bytes().any(|it| it.is_ascii_uppercase() || !it.is_ascii_graphic()) {
        return Some("browsers send it in lower case and in ASCII");
    }
    if scheme == "https" && rest.ends_with(":443") || scheme == "http" && rest.ends_with(":80") {
        return Some("browsers leave out the default port");
    }
    (scheme.is_empty() || rest.is_empty())
        .then_some("write scheme and host, such as `https://shop.example`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_browsers_send() {
        for origin in
            ["https://shop.example", "http://localhost:3000", "app://shop", "https://[::1]:8"]
        {
            assert_eq!(why_not(origin), None, "{origin}");
        }
        for origin in [
            "*",
            "null",
            "shop.example",
            "https://",
            "://a",
            "https://*.shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "https://sh\u{f6}p.example",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://me@shop.example",
        ] {
            assert!(why_not(origin).is_some(), "{origin}");
        }
    }
}
