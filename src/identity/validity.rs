//! When a token counts, from the claims that are times: RFC 7519 §4.1.4 to §4.1.6.
//!
//! Computed once; a token that is remembered is compared with the time again at every use.

use serde_json::{Map, Value};

use crate::identity::{BadCredential, TokenRules};

/// The seconds since 1970 in which a credential counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    not_before: Begin,
    until: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Begin {
    nbf: u64,
    iat: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    /// RFC 7519 §4.1.4: the first second in which it does not count, with the leeway.
    exp: u64,
    /// The last second in which it is not too old.
    age: u64,
}

impl Validity {
    /// For what does not end by itself: an API key.
    pub const ALWAYS: Self =
        Self { not_before: Begin { nbf: 0, iat: 0 }, until: End { exp: u64::MAX, age: u64::MAX } };

    /// From the claims of what may end and need not, as an API key: `nbf` and `exp`, where they are
    /// there; nothing when one of them is no time.
    #[must_use]
    pub fn stated(claims: &Map<String, Value>) -> Option<Self> {
        let time = |name: &str, otherwise| claims.get(name).map_or(Some(otherwise), seconds);
        let (nbf, exp) = (time("nbf", 0)?, time("exp", u64::MAX)?);
        Some(Self {
            not_before: Begin { nbf, ..Self::ALWAYS.not_before },
            until: End { exp, ..Self::ALWAYS.until },
        })
    }

    /// From the claims of a token, with the leeway for clocks that differ.
    pub(super) fn of(
        claims: &Map<String, Value>,
        rules: &TokenRules,
    ) -> Result<Self, BadCredential> {
        let time = |name: &str| claims.get(name).map(|it| seconds(it).ok_or(BadCredential::Time));
        let exp = claims.get("exp").and_then(seconds).ok_or(BadCredential::Expiry)?;
        let nbf = time("nbf").transpose()?.unwrap_or(0);
        let iat = time("iat").transpose()?;
        let age = match (rules.max_age, iat) {
            (None, _) => u64::MAX,
            (Some(max), Some(iat)) => iat.saturating_add(max),
            (Some(_), None) => return Err(BadCredential::MaxAge),
        };
        let leeway = rules.leeway;
        Ok(Self {
            not_before: Begin {
                nbf: nbf.saturating_sub(leeway),
                iat: iat.unwrap_or(0).saturating_sub(leeway),
            },
            until: End { exp: exp.saturating_add(leeway), age: age.saturating_add(leeway) },
        })
    }

    /// Whether it counts now. RFC 7519 §4.1.4: "on or after" `exp` it does not.
    pub(super) const fn check(&self, now: u64) -> Result<(), BadCredential> {
        if now >= self.until.exp {
            return Err(BadCredential::Expired);
        }
        if now < self.not_before.nbf {
            return Err(BadCredential::NotYet);
        }
        if now < self.not_before.iat {
            return Err(BadCredential::IssuedLater);
        }
        if now > self.until.age {
            return Err(BadCredential::MaxAge);
        }
        Ok(())
    }

    /// The first second in which it does not count any more.
    #[must_use]
    pub fn ends(&self) -> u64 {
        self.until.exp.min(self.until.age.saturating_add(1))
    }
}

/// A `NumericDate`: seconds, maybe with a fraction, which is cut off. Times before 1970 and behind
/// the year 9999 are no times: somebody tries what we do with them.
fn seconds(value: &Value) -> Option<u64> {
    let whole = value.as_u64().or_else(|| {
        let text = value.as_f64().filter(|it| (0.0..LATEST).contains(it))?.trunc().to_string();
        text.parse().ok()
    })?;
    (whole <= LATEST_SECOND).then_some(whole)
}

/// The end of the year 9999.
const LATEST_SECOND: u64 = 253_402_300_799;
const LATEST: f64 = 253_402_300_800.0;
