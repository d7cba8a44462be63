//! Issues tokens of every kind, and publishes the keys.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use portcullis::sources::now;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData as _};
use serde_json::{Value, json};

/// A key by its name, and what it publishes.
pub(crate) struct Key {
    kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
    pub(crate) jwk: Value,
}

/// A new key of P-256.
pub(crate) fn ec(kid: &str) -> Key {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    // An uncompressed point: 4, x, y.
    let (x, y) = pair.der_bytes()[1..].split_at(32);
    let coded = |it: &[u8]| URL_SAFE_NO_PAD.encode(it);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": coded(x), "y": coded(y), "kid": kid });
    let key = EncodingKey::from_ec_der(&pair.serialize_der());
    Key { kid: kid.into(), algorithm: Algorithm::ES256, key, jwk }
}

/// A new key of Ed25519.
pub(crate) fn ed(kid: &str) -> Key {
    let pair = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.der_bytes());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid });
    let key = EncodingKey::from_ed_der(&pair.serialize_der());
    Key { kid: kid.into(), algorithm: Algorithm::EdDSA, key, jwk }
}

/// A shared secret.
pub(crate) fn hs(kid: &str) -> Key {
    let secret = [9; 32];
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret), "kid": kid });
    Key {
        kid: kid.into(),
        algorithm: Algorithm::HS256,
        key: EncodingKey::from_secret(&secret),
        jwk,
    }
}

impl Key {
    /// A token for a subject, good for ten minutes from now on.
    pub(crate) fn token(&self, sub: &str) -> String {
        self.token_of(json!({ "sub": sub, "roles": ["A", "B"] }))
    }

    /// A token with more claims.
    pub(crate) fn token_of(&self, mut claims: Value) -> String {
        let now = now().0;
        claims["iss"] = ISSUER.into();
        claims["aud"] = "api".into();
        claims["exp"] = (now + 600).into();
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        encode(&header, &claims, &self.key).unwrap()
    }
}

/// The set of some keys.
pub(crate) fn set(keys: &[&Key]) -> String {
    json!({ "keys": keys.iter().map(|it| &it.jwk).collect::<Vec<_>>() }).to_string()
}

pub(crate) const ISSUER: &str = "https://id.example";
