//! Whose quota is spent.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::Value;

use crate::{digest::Digest, identity::Caller, policy::RateKey};

/// Whose quota is spent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Of an address, or of a network of IPv6.
    Address(IpAddr),
    /// Of those with the same claim, header, argument and so on: its SHA-256, so that nothing
    /// secret is kept and all keys are of one size.
    Named([u8; 32]),
    /// Of everyone whose address is not known.
    Nowhere,
}

impl Key {
    /// Of an address.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }

    /// Of a caller; `named` is the SHA-256 of what the request says beside its caller. Who does not
    /// have what is counted by is counted by address: nobody is not counted.
    #[must_use]
    pub fn of(key: &RateKey, caller: &Caller, named: Option<[u8; 32]>) -> Self {
        let claim = match key {
            RateKey::Address => None,
            RateKey::ApiKey | RateKey::Argument(_) | RateKey::Document | RateKey::Header(_) => {
                named
            }
            RateKey::Caller => claim(caller, &["sub".into()]).map(digest),
            RateKey::Claim(path) => claim(caller, path).map(digest),
        };
        match (claim, caller.client.ip) {
            (Some(claim), _) => Self::Named(claim),
            (None, Some(address)) => Self::of_address(address),
            (None, None) => Self::Nowhere,
        }
    }
}

/// What counts as one client. Who has one address of IPv6 has the other 2⁶⁴ of its network as well.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => it.into(),
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

fn digest(claim: &Value) -> [u8; 32] {
    Digest::of(claim.to_string().as_bytes()).0
}

fn claim<'c>(caller: &'c Caller, path: &[Box<str>]) -> Option<&'c Value> {
    let (first, rest) = path.split_first()?;
    let claims = caller.identity.as_ref()?.claims();
    let found = rest.iter().try_fold(claims.get(&**first)?, |it, name| it.get(&**name))?;
    (!found.is_null()).then_some(found)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::identity::{Client, Identity};

    fn address(text: &str) -> Key {
        Key::of_address(text.parse().unwrap())
    }

    fn of(key: &RateKey, claims: Value) -> Key {
        let identity = claims.as_object().cloned().map(Identity::new).map(Arc::new);
        let client = Client { ip: "192.0.2.1".parse().ok(), ..Client::default() };
        Key::of(key, &Caller { identity, client, ..Caller::default() }, Some([1; 32]))
    }

    #[test]
    fn a_network_of_ipv6_is_one_key() {
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"));
    }

    #[test]
    fn who_has_no_claim_is_counted_by_address() {
        let here = address("192.0.2.1");
        assert_eq!(of(&RateKey::ApiKey, Value::Null), Key::Named([1; 32]));
        assert_eq!(Key::of(&RateKey::Document, &Caller::default(), None), Key::Nowhere);
        assert_eq!(of(&RateKey::Address, json!({ "sub": "a" })), here);
        assert_eq!(of(&RateKey::Caller, Value::Null), here);
        assert_ne!(of(&RateKey::Caller, json!({ "sub": "a" })), here);
        let tenant = RateKey::Claim(["org".into(), "id".into()].into());
        assert_eq!(of(&tenant, json!({ "sub": "a" })), here);
        assert_eq!(of(&tenant, json!({ "org": { "id": null } })), here);
        let one = of(&tenant, json!({ "org": { "id": 1 }, "sub": "a" }));
        assert_eq!(one, of(&tenant, json!({ "org": { "id": 1 }, "sub": "b" })));
        assert_ne!(one, of(&tenant, json!({ "org": { "id": "1" } })));
    }
}
