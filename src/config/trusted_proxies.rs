//! The networks of the proxies in front of us.
//!
//! Only says whose word counts; `transport` reads what they say.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// Networks whose machines tell the truth about a client's address. None by default: anybody can
/// write `X-Forwarded-For`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// Text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trusted proxy must be a network such as `10.0.0.0/8`, or an address")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for TrustedProxies {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| address());
        network.map(|it| Self(vec![it])).map_err(|_| NotANetwork)
    }
}

impl FromIterator<TrustedProxies> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = TrustedProxies>>(all: I) -> Self {
        Self(all.into_iter().flat_map(|it| it.0).collect())
    }
}

impl TrustedProxies {
    /// True when nobody is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True for a machine of one of the networks.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|it| it.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses() {
        let all = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"].map(str::parse::<TrustedProxies>);
        let all: TrustedProxies = all.into_iter().map(Result::unwrap).collect();
        for (address, expect) in [
            ("10.255.0.1", true),
            ("11.0.0.0", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(all.holds(address.parse().unwrap()), expect, "{address}");
        }
        assert!(!TrustedProxies::default().holds(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "10.0.0.0/33", "a", "10.0.0.0/8/8", "*"] {
            assert_eq!(text.parse::<TrustedProxies>(), Err(NotANetwork), "{text}");
        }
    }
}
