//! Verifies a token: JWS in compact form (RFC 7515 §3.1) with claims (RFC 7519), as RFC 8725 says.
//!
//! The time is given. A token chooses nothing but its key among ours: `jku`, `x5u`, `x5c` and
//! `jwk` are not read, and a header that must be understood is refused.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{
    identity::{Algorithm, BadCredential, Identity, KeySet, Validity},
    json,
};

/// What a token must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// Who must have issued it; none: anybody whose key is in the set.
    pub issuer: Option<Box<str>>,
    /// Whom it must be made out to: to one of these; empty: to anybody.
    pub audiences: Vec<Box<str>>,
    /// What it may be signed with. Not empty.
    pub algorithms: Vec<Algorithm>,
    /// Seconds by which clocks may differ; 30.
    pub leeway: u64,
    /// Seconds since `iat`; none: `exp` alone counts.
    pub max_age: Option<u64>,
    /// The longest token, in bytes; 8 KiB.
    pub max_bytes: usize,
}

impl TokenRules {
    /// Verifies a token at a time, in seconds since 1970.
    ///
    /// # Errors
    /// The first thing that is wrong with it, cheap checks first.
    pub fn verify(&self, keys: &KeySet, token: &str, now: u64) -> Result<Identity, BadCredential> {
        if token.len() > self.max_bytes {
            return Err(BadCredential::Size);
        }
        let parts = Parts::of(token)?;
        let header = Header::read(parts.header)?;
        // Only now: a token without a signature usually says so (`alg: none`), and that is the word.
        if parts.signature.is_empty() {
            return Err(BadCredential::Form);
        }
        let key = keys.select(header.kid.as_deref(), header.algorithm)?;
        if !key.verifies(header.algorithm, parts.signed, parts.signature) {
            return Err(BadCredential::Signature);
        }
        let claims = claims(&decode(parts.payload)?)?;
        self.check_parties(&claims)?;
        let validity = Validity::of(&claims, self)?;
        validity.check(now)?;
        let identity = Identity::lasting(claims, validity);
        // Who is nobody in particular cannot be told from others, in a quota or in a log.
        let is_somebody = identity.subject().is_some_and(|it| !it.is_empty());
        is_somebody.then_some(identity).ok_or(BadCredential::Subject)
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<(), BadCredential> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if self.issuer.is_some() && text("iss") != self.issuer.as_deref() {
            return Err(BadCredential::Issuer);
        }
        let is_ours = |it: &Value| {
            it.as_str().is_some_and(|it| self.audiences.iter().any(|own| **own == *it))
        };
        let is_made_out_to_us = match claims.get("aud") {
            // RFC 7519 §4.1.3: one of them is enough.
            Some(Value::Array(all)) => all.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        if self.audiences.is_empty() || is_made_out_to_us {
            Ok(())
        } else {
            Err(BadCredential::Audience)
        }
    }
}

/// The three parts of a token.
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    /// Header and payload with the dot between: what the signature is over.
    signed: &'t str,
}

impl<'t> Parts<'t> {
    fn of(token: &'t str) -> Result<Self, BadCredential> {
        let is_base64url = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
        if !token.bytes().all(|it| is_base64url(it) || it == b'.') {
            return Err(BadCredential::Form);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BadCredential::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(BadCredential::Form)?;
        let is_whole = ![header, payload].contains(&"") && !payload.contains('.');
        let parts = Self { header, payload, signature, signed };
        if is_whole { Ok(parts) } else { Err(BadCredential::Form) }
    }
}

/// What we read of a header.
struct Header {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
}

impl Header {
    fn read(part: &str) -> Result<Self, BadCredential> {
        let text = decode(part)?;
        let tree = json::read(&text, LIMITS).map_err(|_why| BadCredential::Header)?;
        let header = tree.root();
        if header.kind() != json::Kind::Object {
            return Err(BadCredential::Header);
        }
        let member = |name: &str| match header.member(name) {
            None => Ok(None),
            Some(it) => it.string().map(Some).ok_or(BadCredential::Header),
        };
        // RFC 7515 §4.1.11: whoever does not understand an extension must refuse; we know none.
        // `b64` changes what is signed (RFC 7797 §6) and belongs among them, also where it is not.
        if ["crit", "b64"].iter().any(|it| header.member(it).is_some()) {
            return Err(BadCredential::Critical);
        }
        // RFC 8725 §3.11: a token for logging out or proving possession is none for asking.
        if member("typ")?.is_some_and(|it| !is_session(&it)) {
            return Err(BadCredential::Type);
        }
        let algorithm = member("alg")?.and_then(|it| Algorithm::named(&it));
        Ok(Self {
            algorithm: algorithm.ok_or(BadCredential::Algorithm)?,
            kid: member("kid")?.map(Into::into),
        })
    }
}

/// RFC 7515 §4.1.9: a media type, of which `application/` may be left out.
fn is_session(typ: &str) -> bool {
    let is = |it: &str| TYPES.iter().any(|own| it.eq_ignore_ascii_case(own));
    match typ.split_once('/') {
        Some((kind, subtype)) => kind.eq_ignore_ascii_case("application") && is(subtype),
        None => is(typ),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, BadCredential> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_wrong| BadCredential::Encoding)
}

fn claims(payload: &[u8]) -> Result<Map<String, Value>, BadCredential> {
    // Refuses what readers disagree about, such as two claims of one name.
    json::read(payload, LIMITS).map_err(|_why| BadCredential::Claims)?;
    match serde_json::from_slice(payload) {
        Ok(Value::Object(claims)) => Ok(claims),
        Ok(_) | Err(_) => Err(BadCredential::Claims),
    }
}

/// Of a session token and of an access token (RFC 9068 §2.1).
const TYPES: [&str; 2] = ["JWT", "at+jwt"];
/// Claims are flat as a rule; groups and roles come by hundreds.
const LIMITS: json::Limits = json::Limits { depth: 16, values: 4_000, lists: None };
