//! Request targets and `Host`: which server and which resource is meant.
//!
//! Does not know which hosts are served.

use crate::server::head::wrong::Wrong;

/// Checks a target's form, and that it names the server that `Host` names.
pub(super) fn check(method: &[u8], target: &[u8], host: Option<&[u8]>) -> Result<(), Wrong> {
    if host.is_some_and(|it| !is_authority(it)) {
        return Err(Wrong::Host);
    }
    // RFC 9112 §3.2: a fragment has no place in a target, and readers differ about what it hides.
    // RFC 3986 §2: the others stand in no URI unless they are encoded; libraries take some of them.
    if !target.iter().all(|it| it.is_ascii_graphic() && !b"#\"<>`".contains(it)) {
        return Err(Wrong::Target);
    }
    match target {
        [b'/', ..] => Ok(()),
        b"*" if method == b"OPTIONS" => Ok(()),
        _ => absolute(target, host),
    }
}

/// `http://host/path`, as clients of a forward proxy send it.
fn absolute(target: &[u8], host: Option<&[u8]>) -> Result<(), Wrong> {
    let rest = [&b"http://"[..], b"https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let rest = rest.ok_or(Wrong::Target)?;
    let authority = rest.split(|it| b"/?".contains(it)).next().unwrap_or_default();
    if !is_authority(authority) {
        return Err(Wrong::Target);
    }
    match host {
        // RFC 9112 §3.2.2: a server follows the target and ignores `Host`; others do the opposite.
        Some(host) if !host.eq_ignore_ascii_case(authority) => Err(Wrong::AbsoluteForm),
        Some(_) | None => Ok(()),
    }
}

/// A name or address with an optional port. No user, no empty name, no empty port.
pub(super) fn is_authority(text: &[u8]) -> bool {
    let (host, port) = match text {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|it| *it == b']') else { return false };
            let (address, after) = rest.split_at_checked(end).unwrap_or_default();
            let is_address = address.len() > 1
                && address.iter().all(|it| it.is_ascii_hexdigit() || b":.".contains(it));
            return is_address
                && match after {
                    [b']'] => true,
                    [b']', b':', port @ ..] => is_port(port),
                    _ => false,
                };
        }
        _ => match text.iter().position(|it| *it == b':') {
            None => (text, None),
            Some(colon) => {
                let (host, port) = text.split_at_checked(colon).unwrap_or_default();
                (host, port.get(1..))
            }
        },
    };
    let is_name = |it: &u8| it.is_ascii_alphanumeric() || b"-._~".contains(it);
    !host.is_empty() && host.len() <= 255 && host.iter().all(is_name) && port.is_none_or(is_port)
}

fn is_port(text: &[u8]) -> bool {
    let number = std::str::from_utf8(text).ok().and_then(|it| it.parse::<u16>().ok());
    text.iter().all(u8::is_ascii_digit) && number.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, expect) in [
            ("a", true),
            ("shop.example", true),
            ("shop.example.", true),
            ("my_service:4000", true),
            ("127.0.0.1:65535", true),
            ("[::1]", true),
            ("[::1]:80", true),
            ("", false),
            (":80", false),
            ("a:", false),
            ("a:65536", false),
            ("a:+1", false),
            ("a:80:80", false),
            ("a/b", false),
            ("a?b", false),
            ("me@a", false),
            ("a,b", false),
            ("a b", false),
            ("[::1", false),
            ("[]", false),
            ("[::1]x", false),
            ("[::1]:", false),
            ("::1", false),
        ] {
            assert_eq!(is_authority(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn targets() {
        for (method, target, expect) in [
            ("POST", "/graphql", Ok(())),
            ("GET", "/graphql?query={a}", Ok(())),
            ("POST", "http://A.b:80/graphql", Ok(())),
            ("POST", "HTTP://a.b:80", Ok(())),
            ("OPTIONS", "*", Ok(())),
            ("POST", "*", Err(Wrong::Target)),
            ("POST", "graphql", Err(Wrong::Target)),
            ("POST", "", Err(Wrong::Target)),
            ("POST", "/a#b", Err(Wrong::Target)),
            ("GET", "/graphql?variables={\"a\":1}", Err(Wrong::Target)),
            ("GET", "/graphql?a=<", Err(Wrong::Target)),
            ("GET", "/a>", Err(Wrong::Target)),
            ("GET", "/a`", Err(Wrong::Target)),
            ("GET", "/a?b=[^]|{}~", Ok(())),
            ("POST", "/\u{7f}", Err(Wrong::Target)),
            ("POST", "/ä", Err(Wrong::Target)),
            ("POST", "ftp://a.b:80/", Err(Wrong::Target)),
            ("POST", "http:///graphql", Err(Wrong::Target)),
            ("POST", "http://me@a.b:80/", Err(Wrong::Target)),
            ("POST", "a.b:80", Err(Wrong::Target)),
            ("POST", "http://evil/graphql", Err(Wrong::AbsoluteForm)),
            ("POST", "http://a.b/graphql", Err(Wrong::AbsoluteForm)),
        ] {
            let got = check(method.as_bytes(), target.as_bytes(), Some(b"a.b:80"));
            assert_eq!(got, expect, "{method} {target}");
        }
    }
}
