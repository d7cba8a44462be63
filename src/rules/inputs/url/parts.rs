//! Takes a URL apart, and refuses what parsers are known to read differently.

/// The parts that decide where a URL leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Parts<'t> {
    pub(in crate::rules) scheme: &'t str,
    /// As written: letters may be of either case.
    pub(in crate::rules) host: &'t str,
    /// When one is written.
    pub(in crate::rules) port: Option<u16>,
    /// What stands behind `#`.
    pub(in crate::rules) fragment: Option<&'t str>,
}

/// The parts of `scheme://host:port/path?query#fragment`, or what is wrong with it.
pub(in crate::rules) fn parts(text: &str) -> Result<Parts<'_>, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("longer than 2048 bytes");
    }
    if text.chars().any(is_unsafe) {
        return Err("a control character, white space or backslash");
    }
    let (scheme, rest) = text.split_once("://").ok_or("not an absolute URL")?;
    if !is_scheme(scheme) {
        return Err("not an absolute URL");
    }
    // RFC 3986 §3.2: the authority ends at the first of these.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
    if authority.is_empty() {
        return Err("no host");
    }
    if authority.contains('@') {
        return Err("a user name");
    }
    // Old parsers look for `@` as far as the first slash, so this would be a user name to them.
    if !behind.starts_with('/') && behind.contains('@') {
        return Err("a host that parsers read differently");
    }
    let (host, port) = host_and_port(authority)?;
    let fragment = behind.split_once('#').map(|(_, it)| it);
    Ok(Parts { scheme, host, port, fragment })
}

/// What some parser strips, and another one does not.
fn is_unsafe(it: char) -> bool {
    it.is_control() || it.is_whitespace() || it == '\\' || INVISIBLE.contains(&it)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    if authority.starts_with('[') {
        return Err("an IP address");
    }
    let Some((host, port)) = authority.split_once(':') else { return Ok((authority, None)) };
    let is_plain = !port.starts_with('0') && port.chars().all(|it| it.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(port) if is_plain => Ok((host, Some(port))),
        Ok(_) | Err(_) => Err("a port that parsers read differently"),
    }
}

/// Longer ones are cut by some servers.
const MAX_BYTES: usize = 2048;

/// Zero-width and direction marks, and the byte order mark: neither white space nor control.
const INVISIBLE: [char; 11] = [
    '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202d}',
    '\u{202e}', '\u{2060}', '\u{feff}',
];

#[cfg(test)]
mod tests {
    use super::parts;

    #[track_caller]
    fn check(text: &str, expect: Result<&str, &str>) {
        let found = parts(text).map(|it| {
            let port = it.port.map(|it| format!(":{it}")).unwrap_or_default();
            let fragment = it.fragment.map(|it| format!("#{it}")).unwrap_or_default();
            format!("{} {}{port}{fragment}", it.scheme, it.host)
        });
        assert_eq!(found.as_deref().map_err(|it| *it), expect, "{text}");
    }

    #[test]
    fn parts_are_taken_apart() {
        check("https://example.org", Ok("https example.org"));
        check("HTTPS://Example.org/a@b:c?d=https://x#e", Ok("HTTPS Example.org#e"));
        check("http://example.org:8080?x", Ok("http example.org:8080"));
        check("https://example.org/ä", Ok("https example.org"));
    }

    #[test]
    fn what_parsers_read_differently() {
        let user = Err("a user name");
        check("https://feeds.example.com@evil.org/a", user);
        check("https://a%2f@127.0.0.1/", user);
        check("https://a:b@c.org/", user);
        let host = Err("a host that parsers read differently");
        check("https://example.org#@169.254.169.254/", host);
        check("https://example.org?@169.254.169.254/", host);
        check("https://example.org#:80@evil.org", host);
        let port = Err("a port that parsers read differently");
        for it in [
            "https://a.b:/",
            "https://a.b:080/",
            "https://a.b:65536",
            "https://a.b:+1",
            "https://a.b:1:2",
        ] {
            check(it, port);
        }
        let mark = Err("a control character, white space or backslash");
        for it in [
            " https://a.b",
            "https://a.b\\c",
            "https://a\t.b",
            "https://a.b/\0",
            "https://a.b/\u{200b}",
        ] {
            check(it, mark);
        }
        let relative = Err("not an absolute URL");
        for it in ["", "//a.b/", "https:a.b", "https:/a.b", "/a", "jar:https://a.b", "1a://b.c"] {
            check(it, relative);
        }
        check("https:///a.b", Err("no host"));
        check("https://[::1]/", Err("an IP address"));
    }

    #[test]
    fn length_has_two_sides() {
        let sized = |n: usize| format!("https://a.b/{}", "x".repeat(n - 12));
        assert!(parts(&sized(2048)).is_ok());
        assert_eq!(parts(&sized(2049)), Err("longer than 2048 bytes"));
    }
}
