//! The signed link, by which the upstream tells our requests from those that went around us.
//!
//! Signs only; nothing here verifies, since nobody signs to us.
//!
#![doc = include_str!("signed_link.md")]

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac::{self, HMAC_SHA256},
};
use http::{HeaderName, HeaderValue, Method, uri::PathAndQuery};

use crate::{admission::UnixSeconds, config::LinkKey, verdict::hex};

/// The header that carries the signature. A client's own never passes, whatever the policy says.
pub static HEADER: HeaderName = HeaderName::from_static("x-portcullis-signature");

/// Signs requests to the upstream.
pub struct Signer(hmac::Key);

impl Signer {
    /// With the key that the upstream has too.
    #[must_use]
    pub fn new(key: &LinkKey) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key.bytes()))
    }

    /// The value of [`HEADER`].
    #[must_use]
    pub fn sign(
        &self,
        method: &Method,
        path: &PathAndQuery,
        body: &[u8],
        at: UnixSeconds,
    ) -> HeaderValue {
        let body = hex(digest(&SHA256, body).as_ref());
        let signed = format!("{SCHEME}\n{method}\n{path}\n{body}\n{}", at.0);
        let signature = hex(hmac::sign(&self.0, signed.as_bytes()).as_ref());
        let value = HeaderValue::try_from(format!("t={},v1={signature}", at.0));
        // Letters and digits are a header value; an empty one would be refused by the upstream.
        let mut value = value.unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// Says what is signed, so that the key signs nothing else by accident.
const SCHEME: &str = "portcullis-v1";

#[cfg(test)]
mod tests {
    use crate::config::Secret;

    use super::*;

    /// The example of the page, in the order of the signed lines.
    const EXAMPLE: (&str, &str, u64) = ("/graphql?x=1", r#"{"query":"{ a }"}"#, 1_800_000_000);

    fn signed(key: &str, (path, body, at): (&str, &str, u64)) -> String {
        let key = LinkKey::new(&Secret::new(key.as_bytes())).unwrap();
        let path = PathAndQuery::try_from(path).unwrap();
        let value = Signer::new(&key).sign(&Method::POST, &path, body.as_bytes(), UnixSeconds(at));
        value.to_str().unwrap().to_owned()
    }

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_example_of_the_page_is_true() {
        let page = include_str!("signed_link.md");
        let value = signed(KEY, EXAMPLE);
        for it in [KEY, EXAMPLE.0, EXAMPLE.1, &format!("x-portcullis-signature: {value}")] {
            assert!(page.contains(it), "{it}");
        }
    }

    #[test]
    fn everything_signed_changes_the_signature() {
        let (path, body, at) = EXAMPLE;
        let mut all = vec![
            signed(KEY, EXAMPLE),
            signed(&KEY.to_uppercase(), EXAMPLE),
            signed(KEY, ("/graphql?x=2", body, at)),
            signed(KEY, (path, "{}", at)),
            signed(KEY, (path, body, at + 1)),
        ];
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}
