//! URLs that lead where they must not: by another scheme, to another host, to another port, with a
//! fragment.

use serde_json::Value;

use crate::{
    attack::{
        Side,
        intent::{self, texts},
    },
    yaml::Node,
};

/// Values of both sides of `url`.
pub(super) fn values(node: &Node) -> Vec<(Side, Value)> {
    let list = |key: &str| intent::get(node, key).map(texts);
    let schemes = list("schemes").unwrap_or_else(|| vec!["https".to_owned()]);
    let hosts = list("hosts").filter(|it| !matches!(it.as_slice(), [one] if one == "public"));
    let Some(scheme) = schemes.first() else { return Vec::new() };
    let listed = hosts.as_ref().and_then(|it| it.first());
    let host = listed.map_or_else(|| PUBLIC.to_owned(), |it| it.replacen('*', "a", 1));
    let within = schemes.iter().map(|it| format!("{it}://{host}/"));
    let mut beyond = by_scheme(&schemes, &host);
    let is_listed = |host: &&str| hosts.iter().flatten().any(|it| it == host);
    let private = PRIVATE.into_iter().filter(|it| !is_listed(it));
    beyond.extend(private.map(|it| format!("{scheme}://{it}/")));
    let is_near = |it: &String| it.ends_with(ELSEWHERE);
    if listed.is_some() && !hosts.iter().flatten().any(is_near) {
        beyond.push(format!("{scheme}://attack.{ELSEWHERE}/"));
        beyond.push(format!("{scheme}://{host}.{ELSEWHERE}/"));
    }
    beyond.push(format!("{scheme}://attack@{host}/"));
    let ports = list("ports").unwrap_or_default();
    let others = PORTS.into_iter().filter(|it| !ports.iter().any(|port| port == it));
    beyond.extend(others.map(|it| format!("{scheme}://{host}:{it}/")));
    if intent::get(node, "fragment").and_then(Node::as_text) != Some("allow") {
        beyond.push(format!("{scheme}://{host}/#attack"));
    }
    let within = within.map(|it| (Side::Within, it.into()));
    within.chain(beyond.into_iter().map(|it| (Side::Beyond, it.into()))).collect()
}

/// A host that may be asked, by every scheme that is not listed.
fn by_scheme(schemes: &[String], host: &str) -> Vec<String> {
    let is_listed = |it: &str| schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(it));
    let others = SCHEMES.into_iter().filter(|it| !is_listed(it));
    let mut all: Vec<_> = others.map(|it| format!("{it}://{host}/")).collect();
    all.extend(["file:///etc/passwd", "javascript:alert(1)", "data:,attack"].map(String::from));
    all
}

/// A host that everyone may ask.
const PUBLIC: &str = "example.com";
/// A domain that no list is thought to have.
const ELSEWHERE: &str = "example.net";
/// Hosts that nobody outside may ask.
const PRIVATE: [&str; 4] = ["127.0.0.1", "169.254.169.254", "[::1]", "localhost"];
/// Schemes that servers follow.
const SCHEMES: [&str; 10] =
    ["http", "https", "ws", "wss", "ftp", "ftps", "gopher", "ldap", "dict", "sftp"];
/// Ports that no scheme here has by itself.
const PORTS: [&str; 2] = ["22", "8080"];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, yaml};

    #[track_caller]
    fn check(text: &str, within: &[&str], beyond: &[&str], neither: &[&str]) {
        let source = Arc::new(Source { name: "t".into(), text: text.into() });
        let node = yaml::read(&source).0.unwrap();
        let all = values(&node);
        let of = |side| all.iter().filter(move |it| it.0 == side);
        let within_found: Vec<_> = of(Side::Within).map(|it| it.1.as_str().unwrap()).collect();
        assert_eq!(within_found, within, "{text}");
        for it in beyond {
            assert!(of(Side::Beyond).any(|(_, value)| value == it), "{text}: {it}");
        }
        for it in neither {
            assert!(!of(Side::Beyond).any(|(_, value)| value == it), "{text}: {it}");
        }
    }

    #[test]
    fn what_is_listed_is_within_and_the_rest_beyond() {
        check(
            "schemes: [https]",
            &["https://example.com/"],
            &["http://example.com/", "https://127.0.0.1/", "https://example.com/#attack"],
            &["https://example.com/"],
        );
        check(
            "{ schemes: [http], hosts: ['*.a.example'], ports: [8080], fragment: allow }",
            &["http://a.a.example/"],
            &["https://a.a.example/", "http://attack.example.net/", "http://a.a.example:22/"],
            &["http://a.a.example:8080/", "http://a.a.example/#attack"],
        );
    }
}
