//! Who a request comes from, by address.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::config::TrustedProxies;

/// Written by proxies, the client's own word first.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What a proxy in front of us says of its client, if one does.
#[must_use]
pub fn forwarding_header(headers: &HeaderMap) -> Option<&'static str> {
    FORWARDING.into_iter().find(|it| headers.contains_key(*it))
}

const FORWARDING: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip"];

/// The address of the client: the peer, or, when that is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one. Counted from the right: what stands to the left of it was
/// written by nobody we trust.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut address = peer.to_canonical();
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|it| it.to_str().unwrap_or("-").rsplit(','));
    // Budget: the size of a head.
    for hop in hops {
        if !trusted.holds(address) {
            break;
        }
        // What cannot be read was written beyond the last proxy that is known.
        let Some(next) = read(hop.trim()) else { break };
        address = next;
    }
    address
}

/// An address, for which some proxies add the port.
fn read(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|it| it.ip());
    let bracketed = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = bracketed.unwrap_or(text).parse().or_else(|_| with_port());
    address.ok().map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(peer: &str, forwarded: &[&'static str], expect: &str) {
        let trusted = ["10.0.0.0/8".parse(), "::1".parse()].into_iter().map(Result::unwrap);
        let trusted: TrustedProxies = trusted.collect();
        let mut headers = HeaderMap::new();
        for it in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(it));
        }
        let got = client_address(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(got.to_string(), expect, "{peer} {forwarded:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
    }

    #[test]
    fn addresses_count_from_the_right() {
        check("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &["6.6.6.6", "198.51.100.1", "10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &["10.0.0.3,10.0.0.2"], "10.0.0.3");
        check("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1");
        check("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.2"], "10.0.0.2");
        check("10.0.0.1", &["198.51.100.1:5123"], "198.51.100.1");
        check("10.0.0.1", &["[2001:db8::1]:5123"], "2001:db8::1");
        check("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
    }
}
