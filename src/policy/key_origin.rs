//! `identity.jwt.keys`: where the keys come from.
//!
//! Fetches nothing: keys from a file are read with the policy, keys from a URL are named only.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use crate::{
    diagnostic::Diagnostics,
    identity::{KeySet, TokenRules},
    policy::{key_url::why_not_asked, load::Resolve},
    yaml::{Fields, Node, scalar},
};

/// Where keys come from.
#[derive(Clone, Debug)]
pub enum KeyOrigin {
    /// A file beside the policy, which was read with it.
    File(Arc<KeySet>),
    /// Somebody who is asked.
    Remote(RemoteOrigin),
}

/// Whom to ask for keys, and how long an answer counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteOrigin {
    /// Whom to ask.
    pub place: KeyPlace,
    /// After how long to ask again; 5 min.
    pub refresh: Duration,
    /// How long an answer counts when there is no other; 1 h.
    pub stale: Duration,
}

/// Whom to ask for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// The issuer, which says where its keys are (OpenID Connect Discovery 1.0 §4).
    Issuer(Box<str>),
    /// The keys themselves.
    Url(Box<str>),
}

/// Reads the block.
pub(super) fn read(
    node: &Node,
    rules: &TokenRules,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<KeyOrigin> {
    let mut fields = Fields::of(node, "identity.jwt.keys", found);
    let places = ["file", "url", "discover"].map(|it| fields.take_with_key(it, found));
    let [refresh, stale] = ["refresh", "stale"].map(|it| fields.take_with_key(it, found));
    fields.finish(found);
    if let Some((second, _)) = places.iter().flatten().nth(1) {
        let message = "keys come from one place: `file`, `url` or `discover`";
        found.push(second.error("contradiction", message));
        return None;
    }
    let [file, url, discover] = places.map(|it| it.map(|(_, value)| value));
    if let Some(file) = file {
        for (key, _) in [refresh, stale].into_iter().flatten() {
            let message = "has no effect beside `file`, which is watched";
            let name = key.as_text().unwrap_or_default();
            found.push(key.error("contradiction", format!("`{name}` {message}")));
        }
        return key_file(file, rules, resolve, found).map(KeyOrigin::File);
    }
    let place = match (url, discover) {
        (Some(url), _) => (url, KeyPlace::Url(scalar::text(url, found)?.into())),
        (None, Some(discover)) => {
            scalar::word(discover, &[("issuer", ())], found)?;
            let Some(issuer) = &rules.issuer else {
                let message = "`discover: issuer` needs `identity.jwt.issuer`";
                found.push(discover.error("missing-key", message));
                return None;
            };
            (discover, KeyPlace::Issuer(issuer.clone()))
        }
        (None, None) => {
            let message = "expected `file`, `url` or `discover`";
            found.push(node.error("missing-key", message));
            return None;
        }
    };
    let [refresh, stale] = [refresh, stale].map(|it| it.map(|(_, value)| value));
    remote(place, rules, [refresh, stale], found).map(KeyOrigin::Remote)
}

fn remote(
    (node, place): (&Node, KeyPlace),
    rules: &TokenRules,
    [refresh, stale]: [Option<&Node>; 2],
    found: &mut Diagnostics,
) -> Option<RemoteOrigin> {
    let (KeyPlace::Issuer(url) | KeyPlace::Url(url)) = &place;
    if let Some(why) = why_not_asked(url) {
        found.push(node.error("bad-url", format!("keys cannot be asked from `{url}`: {why}")));
        return None;
    }
    if rules.algorithms.iter().any(|it| it.is_symmetric()) {
        let message = "a shared secret is not read from a URL: everybody could";
        found.push(node.error("contradiction", message).help("take HS256, HS384, HS512 out"));
        return None;
    }
    let mut read = |node: Option<&Node>, range, default| {
        node.map_or(Some(default), |it| scalar::duration(it, range, found))
    };
    let refresh = read(refresh, REFRESH, DEFAULT_REFRESH);
    let given = stale;
    let stale = read(stale, STALE, DEFAULT_STALE);
    let (refresh, stale) = (refresh?, stale?);
    if stale < refresh {
        let message = "`stale` is shorter than `refresh`: keys would end before they are renewed";
        found.push(given.unwrap_or(node).error("contradiction", message));
        return None;
    }
    Some(RemoteOrigin { place, refresh, stale })
}

fn key_file(
    node: &Node,
    rules: &TokenRules,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<Arc<KeySet>> {
    let name = scalar::text(node, found)?;
    let text = match resolve(name) {
        Ok(source) => source,
        Err(why) => {
            found.push(node.error("unreadable-file", format!("cannot read `{name}`: {why}")));
            return None;
        }
    };
    match KeySet::read(text.text.as_bytes(), &rules.algorithms) {
        Ok((keys, left_out)) => {
            for it in left_out {
                found.push(node.warning("idle-key", format!("`{name}`: {it}")));
            }
            Some(Arc::new(keys))
        }
        Err(why) => {
            found.push(node.error("unusable-keys", format!("`{name}`: {why}")));
            None
        }
    }
}

/// More often is a load on the issuer; a key that is taken away counts that much longer.
const REFRESH: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);
const DEFAULT_REFRESH: Duration = Duration::from_secs(300);
const STALE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(604_800);
const DEFAULT_STALE: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use crate::policy::testing::codes;

    #[track_caller]
    fn check(rest: &str, expect: &[&str]) {
        let text = format!(
            "version: 1\nname: t\nschema: {{ file: s.graphql }}\nidentity: \
             {{ jwt: {{ issuer: https://id.example, audience: a, {rest} }} }}\n"
        );
        assert_eq!(codes(&text), expect, "{rest}");
    }

    #[test]
    fn keys_come_from_one_place() {
        check("keys: { url: 'https://a.example/k', refresh: 1s, stale: 1s }", &[]);
        check("keys: { url: 'http://127.0.0.1:1/k' }", &[]);
        check("keys: { url: 'http://a.example/k' }", &["bad-url"]);
        check("keys: { discover: other }", &["unknown-word"]);
        check("keys: {}", &["missing-key"]);
        check("algorithms: [RS256]", &["missing-key"]);
        check("keys: { url: 'https://a.example/k', discover: issuer }", &["contradiction"]);
        check("keys: { file: a, refresh: 5m }", &["unusable-keys", "contradiction"]);
        check("keys: { file: missing.graphql }", &["unreadable-file"]);
        check("keys: { url: 'https://a.example/k', stale: 1min }", &["contradiction"]);
        check("keys: { discover: issuer }, algorithms: [RS256, HS256]", &["contradiction"]);
    }
}
