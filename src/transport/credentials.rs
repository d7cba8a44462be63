//! Where a request carries credentials: `Authorization`, one cookie, one header. Never the URL.
//!
//! Finds them and does not verify them. A place that holds anything but one whole credential is a
//! refusal: what one reader skips, another may take. An empty place holds none: clients whose user
//! is not signed in write `Authorization:` with nothing behind it, and nobody takes that for one.

use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE},
};

use crate::{
    identity::BadCredential,
    policy::{Credentials, Jwt},
};

/// The credentials of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presented<'h> {
    /// The token of `Authorization: Bearer`.
    pub bearer: Option<&'h str>,
    /// The token of the cookie.
    pub cookie: Option<&'h str>,
    /// The API key.
    pub api_key: Option<&'h [u8]>,
}

/// What a request carries of what the policy reads.
///
/// # Errors
/// When a place holds something else than one credential.
pub fn presented<'h>(
    headers: &'h HeaderMap,
    credentials: &Credentials,
) -> Result<Presented<'h>, BadCredential> {
    let (bearer, cookie) = match &credentials.jwt {
        Some(jwt) => (bearer(headers)?, cookie(headers, jwt)?),
        None => (None, None),
    };
    let api_key = match &credentials.api_keys {
        Some(it) => single(headers, &it.header)?.map(http::HeaderValue::as_bytes),
        None => None,
    };
    let api_key = api_key.filter(|it| !it.is_empty());
    Ok(Presented { bearer, cookie, api_key })
}

/// What a client calls itself: printable, and short enough for a report.
#[must_use]
pub fn client_label(headers: &HeaderMap, credentials: &Credentials) -> Option<Box<str>> {
    let name = credentials.client_label.as_deref()?;
    let label = headers.get(name)?.to_str().ok()?;
    let shown = label.get(..MAX_LABEL).unwrap_or(label);
    (!shown.is_empty()).then(|| shown.into())
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, BadCredential> {
    let Some(value) = single(headers, AUTHORIZATION.as_str())? else { return Ok(None) };
    let value = value.to_str().map_err(|_not_ascii| BadCredential::Form)?;
    if value.is_empty() {
        return Ok(None);
    }
    // RFC 9110 §11.1: the scheme in any letters, then spaces.
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(BadCredential::Scheme);
    }
    match token.trim_start_matches(' ') {
        "" => Err(BadCredential::Empty),
        token => Ok(Some(token)),
    }
}

fn cookie<'h>(headers: &'h HeaderMap, jwt: &Jwt) -> Result<Option<&'h str>, BadCredential> {
    let Some(wanted) = jwt.cookie.as_deref() else { return Ok(None) };
    let mut found = None;
    // HTTP/2 may split the header (RFC 9113 §8.2.3).
    for value in headers.get_all(COOKIE) {
        // Cookies of other names may hold anything: pages write names of people into them.
        for pair in value.as_bytes().split(|it| *it == b';') {
            let mut parts = pair.splitn(2, |it| *it == b'=').map(<[u8]>::trim_ascii);
            if parts.next() != Some(wanted.as_bytes()) {
                continue;
            }
            let token = str::from_utf8(parts.next().unwrap_or_default());
            let token = token.map_err(|_not_text| BadCredential::Form)?;
            if found.replace(token).is_some() {
                return Err(BadCredential::Repeated);
            }
        }
    }
    Ok(found.filter(|it| !it.is_empty()))
}

fn single<'h>(
    headers: &'h HeaderMap,
    name: &str,
) -> Result<Option<&'h http::HeaderValue>, BadCredential> {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(None) };
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(BadCredential::Repeated),
    }
}

/// Bytes of a label.
const MAX_LABEL: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        identity::{ApiKeys, TokenRules},
        policy::{ApiKeyHeader, KeyOrigin, KeyPlace, RemoteOrigin},
    };

    fn credentials() -> Credentials {
        let rules = TokenRules {
            issuer: None,
            audiences: Vec::new(),
            algorithms: Vec::new(),
            leeway: 0,
            max_age: None,
            max_bytes: 100,
        };
        let keys = KeyOrigin::Remote(RemoteOrigin {
            place: KeyPlace::Url("https://a.example/".into()),
            refresh: Duration::ZERO,
            stale: Duration::ZERO,
        });
        Credentials {
            jwt: Some(Jwt { rules, cookie: Some("sid".into()), keys }),
            api_keys: Some(ApiKeyHeader { header: "x-api-key".into(), keys: ApiKeys::default() }),
            client_label: Some("x-client".into()),
            forward: Vec::new(),
        }
    }

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, it)| (HeaderName::from_static(name), it.parse().unwrap()))
            .collect()
    }

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expect: [Option<&str>; 3]) {
        let map = map(headers);
        let got = presented(&map, &credentials()).unwrap();
        let key = got.api_key.map(|it| std::str::from_utf8(it).unwrap());
        assert_eq!([got.bearer, got.cookie, key], expect);
    }

    #[track_caller]
    fn check_bad(headers: &[(&'static str, &str)], expect: BadCredential) {
        assert_eq!(presented(&map(headers), &credentials()), Err(expect), "{headers:?}");
    }

    #[test]
    fn credentials_have_three_places() {
        check(&[], [None; 3]);
        check(&[("authorization", "Bearer t")], [Some("t"), None, None]);
        check(&[("authorization", "bEARER  t")], [Some("t"), None, None]);
        check(&[("cookie", "a=b; sid=t=; c=d"), ("cookie", "sid2=x")], [None, Some("t="), None]);
        check(&[("cookie", "name=J\u{fc}rgen; sid=t")], [None, Some("t"), None]);
        check(&[("x-api-key", "k")], [None, None, Some("k")]);
        check(&[("cookie", "token=t; xsid=t"), ("x-token", "t")], [None; 3]);
    }

    #[test]
    fn an_empty_place_holds_no_credential() {
        check(&[("authorization", ""), ("x-api-key", ""), ("cookie", "sid=")], [None; 3]);
        check(&[("authorization", ""), ("x-api-key", "k")], [None, None, Some("k")]);
        for value in ["sid", "sid=", "a=b; sid= ; c"] {
            check(&[("cookie", value)], [None; 3]);
        }
        for value in ["sid=; sid=a", "sid=a; sid=", "sid; sid"] {
            check_bad(&[("cookie", value)], BadCredential::Repeated);
        }
        let twice = [("authorization", ""), ("authorization", "Bearer t")];
        check_bad(&twice, BadCredential::Repeated);
    }

    #[test]
    fn a_place_holds_one_whole_credential() {
        for value in ["Basic YTpi", "bearer:t", "Bearertoken", "Token t", ",Bearer t", "Bearer\tt"]
        {
            check_bad(&[("authorization", value)], BadCredential::Scheme);
        }
        for value in ["Bearer", "Bearer "] {
            check_bad(&[("authorization", value)], BadCredential::Empty);
        }
        let twice = [("authorization", "Bearer t"), ("authorization", "Bearer t")];
        check_bad(&twice, BadCredential::Repeated);
        check_bad(&[("authorization", "Bearer \u{e9}")], BadCredential::Form);
        check_bad(&[("cookie", "sid=a; sid=a")], BadCredential::Repeated);
        check_bad(&[("cookie", "sid=a"), ("cookie", "sid=b")], BadCredential::Repeated);
        check_bad(&[("x-api-key", "a"), ("x-api-key", "b")], BadCredential::Repeated);
    }

    #[test]
    fn a_policy_without_tokens_reads_none() {
        let headers = map(&[("authorization", "Basic x"), ("cookie", "sid=")]);
        assert_eq!(presented(&headers, &Credentials::default()), Ok(Presented::default()));
    }

    #[test]
    fn labels_are_short() {
        let label = |text: &str| client_label(&map(&[("x-client", text)]), &credentials());
        assert_eq!(label("web").as_deref(), Some("web"));
        assert_eq!(label(&"a".repeat(65)).as_deref(), Some(&*"a".repeat(64)));
        assert_eq!(label(""), None);
    }
}
