//! Which hosts a URL may name: those of a list, or whatever is a name of the public DNS.

/// A host of a list: `feeds.example.com`, or `*.feeds.example.com` for everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) enum HostPattern {
    Below(Box<str>),
    Exactly(Box<str>),
}

impl HostPattern {
    /// Reads one; `None` when it is neither a name nor a wildcard.
    pub(in crate::rules) fn parse(text: &str) -> Option<Self> {
        let (is_below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        name_problem(name).is_none().then(|| {
            let name = name.to_ascii_lowercase().into();
            if is_below { Self::Below(name) } else { Self::Exactly(name) }
        })
    }

    pub(in crate::rules) fn matches(&self, host: &str) -> bool {
        match self {
            Self::Below(name) => is_below(host, name),
            Self::Exactly(name) => host.eq_ignore_ascii_case(name),
        }
    }
}

/// What keeps a host from being a name of the public DNS.
pub(in crate::rules) fn is_public(host: &str) -> Result<(), &'static str> {
    if let Some(problem) = name_problem(host) {
        return Err(problem);
    }
    if !host.contains('.') {
        return Err("a host without a domain");
    }
    let is_under = |name: &&str| host.eq_ignore_ascii_case(name) || is_below(host, name);
    if PRIVATE.iter().any(is_under) {
        return Err("a private name");
    }
    if METADATA.iter().any(is_under) {
        return Err("a metadata service");
    }
    if ECHOING.iter().any(is_under) || spells_an_address(host) {
        return Err("a name that stands for an address of the caller's choice");
    }
    Ok(())
}

/// What keeps a text from being a host name in ASCII.
fn name_problem(host: &str) -> Option<&'static str> {
    if !host.is_ascii() {
        return Some("a host that is not ASCII");
    }
    if host.is_empty() || host.len() > MAX_NAME || !host.split('.').all(is_label) {
        return Some("not a host name");
    }
    host.rsplit('.').next().is_some_and(is_number).then_some("an IP address")
}

/// RFC 1123 §2.1: letters, digits and hyphens. Underscores, and hyphens at the end, are in names that
/// resolve nevertheless, and every parser reads them as they are written.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL
        && label.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
        && !label.starts_with('-')
}

/// A host whose last label is a number is an IPv4 address: decimal, octal or hexadecimal, of one to
/// four parts. URL standard §3.5, "ends in a number". To some who read numbers, `1_0` is 10.
fn is_number(label: &str) -> bool {
    let label = &*label.replace('_', "");
    let hexadecimal = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|it| it.is_ascii_digit())
        || hexadecimal.is_some_and(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// `10.0.0.1.example.org` and `10-0-0-1.example.org`, as names are made that resolve to what they
/// say.
fn spells_an_address(host: &str) -> bool {
    let is_octet = |it: &str| it.len() <= 3 && it.parse::<u8>().is_ok();
    let mut n_octets: u32 = 0;
    let mut in_labels = host.split('.').map(|label| {
        n_octets = if is_octet(label) { n_octets.saturating_add(1) } else { 0 };
        n_octets >= 4
    });
    let is_dashed = |label: &str| label.split('-').count() == 4 && label.split('-').all(is_octet);
    in_labels.any(|it| it) || host.split('.').any(is_dashed)
}

fn is_below(host: &str, name: &str) -> bool {
    let Some(at) = host.len().checked_sub(name.len()) else { return false };
    let Some((before, end)) = host.split_at_checked(at) else { return false };
    let Some(labels) = before.strip_suffix('.') else { return false };
    // What is no label ends the host for some parsers: `evil.example;.feeds.example.com`.
    host.len() <= MAX_NAME && labels.split('.').all(is_label) && end.eq_ignore_ascii_case(name)
}

/// RFC 1035 §2.3.4.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Names that only mean something inside a network: RFC 6761, RFC 6762 appendix G, RFC 8375, what
/// ICANN keeps private, and what clusters and routers make up.
const PRIVATE: [&str; 12] = [
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "svc",
];

/// Names of metadata services that are not under a private name.
const METADATA: [&str; 4] = [
    "metadata.goog",
    "metadata.packet.net",
    "metadata.platformequinix.com",
    "metadata.tencentyun.com",
];

/// Domains that answer with the address that is part of the name, or with a loopback address.
const ECHOING: [&str; 14] = [
    "1u.ms",
    "backname.io",
    "lacolhost.com",
    "local.gd",
    "localho.st",
    "localtest.me",
    "lvh.me",
    "nip.io",
    "rbndr.us",
    "sslip.io",
    "traefik.me",
    "vcap.me",
    "xip.io",
    "yoogle.com",
];

#[cfg(test)]
mod tests {
    use super::{HostPattern, is_public};

    #[track_caller]
    fn check(hosts: &[&str], expect: Result<(), &str>) {
        for host in hosts {
            assert_eq!(is_public(host), expect, "{host}");
        }
    }

    #[test]
    fn public_names() {
        check(
            &[
                "example.org",
                "EXAMPLE.ORG",
                "a.b.c.d.e",
                "xn--bcher-kva.example",
                "1.example.org",
                "3com.com",
                "ec2-54-12-33-44.compute-1.amazonaws.com",
                "internal.example.org",
                "notlocal",
                "10.20.30.example.org",
                "my_bucket.s3.amazonaws.com",
                "_a.b_.example.org",
                "foo-.tumblr.com",
                "a_b.c",
                "a-.b",
            ]
            .map(|it| if it == "notlocal" { "not-local.org" } else { it }),
            Ok(()),
        );
    }

    #[test]
    fn addresses_in_every_notation() {
        let all = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "1.2.3.0x",
            "8.8.8.8",
            "999.999",
            "a.1",
            "0XA9.0XFE.43518",
            "127.0.0.1_",
            "0x7f_00_00_01",
        ];
        check(&all, Err("an IP address"));
    }

    #[test]
    fn names_that_are_not_public() {
        let private = [
            "a.internal",
            "A.LOCAL",
            "x.localhost",
            "1.0.0.127.in-addr.arpa",
            "k.default.svc",
            "r.lan",
            "x.home",
            "d.corp",
        ];
        check(&private, Err("a private name"));
        check(&["metadata.goog"], Err("a metadata service"));
        check(&["localhost", "intranet", "svc"], Err("a host without a domain"));
        let echoing = [
            "nip.io",
            "a9fea9fe.nip.io",
            "10-0-0-1.example.org",
            "x.sslip.io",
            "10.0.0.1.example.org",
        ];
        check(&echoing, Err("a name that stands for an address of the caller's choice"));
    }

    #[test]
    fn what_is_no_host_name() {
        let all = ["", "a..b", "a.b.", ".a.b", "a%2e.b", "-a.b", "a b.c", "*.a.b", "a.b!"];
        check(&all, Err("not a host name"));
        check(
            &["ex\u{e4}mple.org", "169\u{3002}254.a", "\u{ff41}.b"],
            Err("a host that is not ASCII"),
        );
        let label = "a".repeat(63);
        check(&[&format!("{label}.org")], Ok(()));
        check(&[&format!("{label}a.org")], Err("not a host name"));
    }

    #[test]
    fn lists_have_wildcards() {
        let below = HostPattern::parse("*.Feeds.example.com").unwrap();
        for (host, expect) in [
            ("eu.feeds.example.com", true),
            ("a.b.feeds.example.com", true),
            ("my_feed.feeds.example.com", true),
            ("feed-.feeds.example.com", true),
            ("evil.example;.feeds.example.com", false),
            ("evil.example'.feeds.example.com", false),
            ("evil.example`.feeds.example.com", false),
            ("evil.example{.feeds.example.com", false),
            ("a..feeds.example.com", false),
            ("-.feeds.example.com", false),
            ("*.feeds.example.com", false),
            ("feeds.example.com", false),
            (".feeds.example.com", false),
            ("evilfeeds.example.com", false),
            ("feeds.example.com.evil.org", false),
        ] {
            assert_eq!(below.matches(host), expect, "{host}");
        }
        let one = HostPattern::parse("feeds.example.com").unwrap();
        assert!(one.matches("FEEDS.example.com") && !one.matches("a.feeds.example.com"));
        for host in ["my_bucket.s3.amazonaws.com", "foo-.tumblr.com", "my_service"] {
            assert!(HostPattern::parse(host).unwrap().matches(host), "{host}");
        }
        for text in ["", "*", "*.", "a.*.b", "10.0.0.1", "-a", "https://a.b"] {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }
}
