//! One key of a JWK set (RFC 7517), bound to the algorithms that its kind allows.
//!
//! What a key can verify is decided when it is read, from its type and curve, and never by a
//! token: an RSA key cannot be taken for a shared secret, whatever a header says.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;

use crate::{identity::Algorithm, json};

/// A key that can verify signatures.
pub(super) struct Key {
    pub(super) kid: Option<Box<str>>,
    /// INVARIANT: not empty; algorithms of `material` that the policy and the key itself allow.
    algorithms: Vec<Algorithm>,
    material: Material,
}

/// What a key is made of. The kinds do not mix: each has its own algorithms.
enum Material {
    Ed25519(DecodingKey),
    P256(DecodingKey),
    P384(DecodingKey),
    Rsa(DecodingKey),
    /// A shared secret of so many bytes.
    Symmetric(DecodingKey, usize),
}

/// Why a key of a set is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its `alg` is none for signatures, or none of its type.
    Algorithm,
    /// A curve that we do not know.
    Curve,
    /// A member is missing or cannot be read.
    Malformed,
    /// The policy allows none of its algorithms.
    NotAllowed,
    /// It is for encryption, or for signing only (`use`, `key_ops`).
    Purpose,
    /// It holds its private half: whoever read the set can sign.
    Private,
    /// Too short for its algorithms.
    Short,
    /// A type that we do not know.
    Type,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "its `alg` is not an algorithm of its type",
            Self::Curve => "its curve is not known",
            Self::Malformed => "a member is missing or cannot be read",
            Self::NotAllowed => "the policy allows none of its algorithms",
            Self::Purpose => "it is not for verifying",
            Self::Private => "it holds its private half",
            Self::Short => "it is too short",
            Self::Type => "its type is not known",
        })
    }
}

impl Key {
    /// Reads a JWK; only algorithms of `allowed` are left.
    pub(super) fn read(jwk: json::Value<'_>, allowed: &[Algorithm]) -> Result<Self, Unusable> {
        let material = Material::read(jwk)?;
        let alg = text(jwk, "alg")?.map(|it| Algorithm::named(&it).ok_or(Unusable::Algorithm));
        let alg = alg.transpose()?;
        let own = material.algorithms();
        if alg.is_some_and(|it| !own.contains(&it)) {
            return Err(Unusable::Algorithm);
        }
        if !is_for_verifying(jwk)? {
            return Err(Unusable::Purpose);
        }
        let of_key = |it: &&Algorithm| alg.is_none_or(|alg| alg == **it) && allowed.contains(it);
        let algorithms: Vec<_> = own.iter().filter(of_key).copied().collect();
        if algorithms.is_empty() {
            return Err(Unusable::NotAllowed);
        }
        Ok(Self { kid: text(jwk, "kid")?, algorithms, material })
    }

    /// Whether a token of one name could mean both.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        self.algorithms.iter().any(|it| other.allows(*it))
    }

    pub(super) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether `signature` (base64url) is this key's over `signed`.
    pub(super) fn verifies(&self, algorithm: Algorithm, signed: &str, signature: &str) -> bool {
        // What is not allowed was refused before; it stands here so that nothing else is needed.
        self.allows(algorithm) && {
            let (key, algorithm) = (self.material.key(), algorithm.of_library());
            jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm)
                .unwrap_or(false)
        }
    }
}

impl Material {
    fn read(jwk: json::Value<'_>) -> Result<Self, Unusable> {
        let kty = text(jwk, "kty")?.ok_or(Unusable::Malformed)?;
        if &*kty != "oct" && jwk.member("d").is_some() {
            return Err(Unusable::Private);
        }
        match &*kty {
            "EC" => Self::read_ec(jwk),
            "OKP" => Self::read_okp(jwk),
            "RSA" => Self::read_rsa(jwk),
            "oct" => Self::read_oct(jwk),
            _ => Err(Unusable::Type),
        }
    }

    fn read_ec(jwk: json::Value<'_>) -> Result<Self, Unusable> {
        let (make, n_bytes): (fn(DecodingKey) -> Self, _) =
            match text(jwk, "crv")?.as_deref().ok_or(Unusable::Malformed)? {
                "P-256" => (Self::P256, 32),
                "P-384" => (Self::P384, 48),
                _ => return Err(Unusable::Curve),
            };
        // RFC 7518 §6.2.1.2: always as long as the curve.
        let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
        if x.len() != n_bytes || y.len() != n_bytes {
            return Err(Unusable::Malformed);
        }
        // SEC 1 §2.3.3: an uncompressed point.
        let point = [&[4], &*x, &*y].concat();
        Ok(make(DecodingKey::from_ec_der(&point)))
    }

    fn read_okp(jwk: json::Value<'_>) -> Result<Self, Unusable> {
        if text(jwk, "crv")?.as_deref() != Some("Ed25519") {
            return Err(Unusable::Curve);
        }
        let x = bytes(jwk, "x")?;
        let is_whole = x.len() == 32;
        is_whole.then(|| Self::Ed25519(DecodingKey::from_ed_der(&x))).ok_or(Unusable::Malformed)
    }

    fn read_rsa(jwk: json::Value<'_>) -> Result<Self, Unusable> {
        let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
        let (n, e) = (number(&n), number(&e));
        let n_unused = n.first().map_or(0, |it| it.leading_zeros() as usize);
        let n_bits = n.len().saturating_mul(8).saturating_sub(n_unused);
        match n_bits {
            // RFC 7518 §3.3. What is longer is slow on purpose; the library has the same limits.
            0..2048 => Err(Unusable::Short),
            2048..=8192 => Ok(Self::Rsa(DecodingKey::from_rsa_raw_components(n, e))),
            _ => Err(Unusable::Malformed),
        }
    }

    fn read_oct(jwk: json::Value<'_>) -> Result<Self, Unusable> {
        let secret = bytes(jwk, "k")?;
        if secret.len() < 32 {
            return Err(Unusable::Short);
        }
        Ok(Self::Symmetric(DecodingKey::from_secret(&secret), secret.len()))
    }

    const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Ed25519(_) => &[Algorithm::EdDsa],
            Self::P256(_) => &[Algorithm::Es256],
            Self::P384(_) => &[Algorithm::Es384],
            Self::Rsa(_) => &[
                Algorithm::Rs256,
                Algorithm::Rs384,
                Algorithm::Rs512,
                Algorithm::Ps256,
                Algorithm::Ps384,
                Algorithm::Ps512,
            ],
            // RFC 7518 §3.2: a secret is at least as long as the hash.
            Self::Symmetric(_, 64..) => &[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512],
            Self::Symmetric(_, 48..) => &[Algorithm::Hs256, Algorithm::Hs384],
            Self::Symmetric(_, _) => &[Algorithm::Hs256],
        }
    }

    const fn key(&self) -> &DecodingKey {
        match self {
            Self::Ed25519(key)
            | Self::P256(key)
            | Self::P384(key)
            | Self::Rsa(key)
            | Self::Symmetric(key, _) => key,
        }
    }
}

/// A number without zeros ahead of it: RFC 7518 §6.3.1.1 knows of implementers who add one.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|it| **it == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// `use` and `key_ops`, where they are there.
fn is_for_verifying(jwk: json::Value<'_>) -> Result<bool, Unusable> {
    let is_use = text(jwk, "use")?.is_none_or(|it| &*it == "sig");
    let is_op = jwk
        .member("key_ops")
        .is_none_or(|ops| ops.children().any(|it| it.string().as_deref() == Some("verify")));
    Ok(is_use && is_op)
}

/// A member that is a text.
fn text(jwk: json::Value<'_>, name: &str) -> Result<Option<Box<str>>, Unusable> {
    let Some(member) = jwk.member(name) else { return Ok(None) };
    let text = member.string().ok_or(Unusable::Malformed)?;
    Ok(Some(text.into()))
}

/// A member that must be there and is base64url.
fn bytes(jwk: json::Value<'_>, name: &str) -> Result<Vec<u8>, Unusable> {
    let text = text(jwk, name)?.ok_or(Unusable::Malformed)?;
    URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_wrong| Unusable::Malformed)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be a secret.
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
