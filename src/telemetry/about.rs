//! A request, as far as the log and the audit log tell of it.

use std::net::IpAddr;

use crate::{
    digest::Digest,
    identity::Identity,
    telemetry::{Carrier, RequestId},
};

/// Which request it is, and from where.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// Our id.
    pub id: RequestId,
    /// How it came.
    pub carrier: Carrier,
    /// The address of the client, counted from the trusted proxies.
    pub address: Option<IpAddr>,
    /// Whose credential it has, when that was verified.
    pub identity: Option<&'a Identity>,
    /// What the policy calls itself.
    pub policy: &'a str,
}

impl About<'_> {
    /// The caller, so that whoever knows a subject finds its lines. No secret: who can guess the
    /// subject can make the hash.
    pub(super) fn user(&self) -> Option<String> {
        let subject = self.identity?.subject()?;
        Some(Digest::of_all(&[b"portcullis user", subject.as_bytes()]).to_string())
    }

    /// The method of HTTP.
    pub(super) const fn method(&self) -> &'static str {
        match self.carrier {
            Carrier::Get | Carrier::WebSocket => "GET",
            Carrier::Post | Carrier::Upload => "POST",
        }
    }
}
