//! `http.origins`: the web sites whose pages may ask.
//!
//! Exact, as browsers send them: no patterns, no `*`, no `null`.

use std::net::IpAddr;

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
    let (host, port) = parted(rest);
    if !is_scheme(scheme) {
        return Some("browsers send `http`, `https`, or the scheme of an app or extension");
    }
    if host.is_empty() {
        return Some("write scheme and host, such as `https://shop.example`");
    }
    if matches!(scheme, "http" | "https") && !is_host(host) {
        return Some("the host is a name such as `shop.example`, or an address");
    }
    port.filter(|it| !is_port(it)).map(|_| "behind `:` stands a port from 1 to 65535")
}

/// Host and port.
fn parted(rest: &str) -> (&str, Option<&str>) {
    // The colons of an address in brackets are its own.
    let start = rest.find(']').unwrap_or_default();
    let colon = rest.get(start..).and_then(|it| it.find(':'));
    match colon.and_then(|it| rest.split_at_checked(start.saturating_add(it))) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => (rest, None),
    }
}

/// One under which there are pages that say where they come from.
fn is_scheme(scheme: &str) -> bool {
    let is_rest = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || b"+-.".contains(&it);
    scheme.starts_with(|it: char| it.is_ascii_lowercase())
        && scheme.bytes().all(is_rest)
        && !PAGELESS.contains(&scheme)
}

/// A name or an address as browsers write it.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        // One of version 4 in it has two spellings.
        return address.parse::<IpAddr>().is_ok_and(|it| {
            it.is_ipv6() && (it.to_canonical().is_ipv4() || it.to_string() == address)
        });
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
    let is_label = |it: &str| !it.is_empty() && it.bytes().all(is_plain);
    // What ends with a number is an address.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|it| it.is_ascii_digit());
    name.split('.').all(is_label) && (!is_number || name.parse::<IpAddr>().is_ok())
}

fn is_port(port: &str) -> bool {
    let is_number = !port.starts_with('0') && port.bytes().all(|it| it.is_ascii_digit());
    is_number && port.parse::<u16>().is_ok()
}

/// Schemes of which browsers show no pages, or send `null` for them.
const PAGELESS: &[&str] =
    &["about", "blob", "data", "file", "ftp", "javascript", "mailto", "ws", "wss"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_send() {
        for origin in [
            "https://shop.example",
            "http://localhost:3000",
            "https://my-shop_1.example:65535",
            "https://shop.example.",
            "https://[::1]:8",
            "https://[2001:db8::1]",
            "http://192.0.2.1:8080",
            "app://shop",
            "app://.",
            "chrome-extension://abc",
            "capacitor://localhost",
            "tauri://localhost:1420",
        ] {
            assert_eq!(why_not(origin), None, "{origin}");
        }
    }

    #[test]
    fn nothing_else_is_an_origin() {
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

    #[test]
    fn scheme_host_and_port_are_such() {
        for origin in [
            "http://localhost:",
            "http://localhost:99999",
            "https://shop.example:443x",
            "https://x:0",
            "https://x:080",
            "https://x:+8",
            "https://:8080",
            "app://:8080",
            "app://shop:99999",
            ":080",
            "https://x..y",
            "https://.x",
            "https://x,y",
            "https://192.0.2",
            "https://192.0.2.256",
            "https://[::1",
            "https://[::1]x",
            "https://[0:0::1]",
            "https://[x]",
            "https://[192.0.2.1]",
            "ftp://shop.example",
            "file://shop",
            "1a://shop",
            "a_b://shop",
        ] {
            assert!(why_not(origin).is_some(), "{origin}");
        }
    }
}
