//! Who may look: the host that is asked for, and the token.
//!
//! A page of another site can make a browser ask for names that lead here (DNS rebinding); it
//! cannot make it ask for ours.

use std::net::IpAddr;

use http::{
    HeaderMap, Request,
    header::{AUTHORIZATION, HOST},
};

use crate::{config::AdminAccess, identity::from_base64, server::host::without_port};

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    /// Our own end.
    pub(super) local: Option<IpAddr>,
}

/// Why somebody may not look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    Host,
    Stranger,
    Token,
}

pub(super) fn check<B>(
    access: &AdminAccess,
    request: &Request<B>,
    peer: Peer,
) -> Result<(), Denied> {
    if !is_ours(request, access, peer) {
        return Err(Denied::Host);
    }
    let is_metrics = request.uri().path() == "/metrics";
    match &access.token {
        Some(token) => {
            let shown = shown(request.headers());
            shown.filter(|it| token.is(it)).map(|_| ()).ok_or(Denied::Token)
        }
        None if is_metrics || peer.address.to_canonical().is_loopback() => Ok(()),
        None => Err(Denied::Stranger),
    }
}

fn is_ours<B>(request: &Request<B>, access: &AdminAccess, peer: Peer) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(host) = host.to_str().ok().map(without_port) else { return false };
    let host = host.to_ascii_lowercase();
    if host == "localhost" || access.hosts.iter().any(|it| **it == *host) {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(&host);
    let address = bare.parse::<IpAddr>().map(|it| it.to_canonical());
    address
        .is_ok_and(|it| it.is_loopback() || peer.local.is_some_and(|own| own.to_canonical() == it))
}

/// The token of a bearer, or the password of a browser.
fn shown(headers: &HeaderMap) -> Option<Vec<u8>> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().as_bytes().to_vec()),
        "basic" => {
            let both = from_base64(rest.trim())?;
            let colon = both.iter().position(|it| *it == b':')?;
            both.get(colon.checked_add(1)?..).map(<[u8]>::to_vec)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AdminToken, Secret};

    fn check(host: &str, authorization: Option<&str>, from: &str) -> Result<(), Denied> {
        let token = AdminToken::new(&Secret::new(b"0123456789abcdef")).ok();
        let token = token.filter(|_| authorization.is_some());
        let access = AdminAccess { token, hosts: vec!["ops.example".into()] };
        let mut request = Request::get("/").header(HOST, host);
        if let Some(it) = authorization {
            request = request.header(AUTHORIZATION, it);
        }
        let peer = Peer { address: from.parse().unwrap(), local: "192.0.2.1".parse().ok() };
        super::check(&access, &request.body(()).unwrap(), peer)
    }

    #[test]
    fn only_our_own_names_are_served() {
        for host in
            ["localhost:4001", "127.0.0.1", "[::1]:4001", "192.0.2.1:4001", "OPS.example:80"]
        {
            assert_eq!(check(host, None, "127.0.0.1"), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "192.0.2.2", "127.0.0.1.evil.example", ""]
        {
            assert_eq!(check(host, None, "127.0.0.1"), Err(Denied::Host), "{host}");
        }
    }

    #[test]
    fn strangers_need_a_token() {
        assert_eq!(check("192.0.2.1", None, "192.0.2.9"), Err(Denied::Stranger));
        assert_eq!(check("192.0.2.1", Some("Bearer 0123456789abcdef"), "192.0.2.9"), Ok(()));
        // `anyone:0123456789abcdef`
        let basic = "Basic YW55b25lOjAxMjM0NTY3ODlhYmNkZWY=";
        assert_eq!(check("localhost", Some(basic), "127.0.0.1"), Ok(()));
        for wrong in ["Bearer x", "Basic !", "Basic eDp5", "0123456789abcdef", "Bearer "] {
            assert_eq!(check("localhost", Some(wrong), "127.0.0.1"), Err(Denied::Token), "{wrong}");
        }
    }
}
