//! `identity.jwt`: which tokens count, and whose keys verify them.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    diagnostic::Diagnostics,
    identity::{Algorithm, TokenRules},
    policy::{
        Http,
        key_origin::{self, KeyOrigin},
        load::Resolve,
    },
    yaml::{Fields, Node, Value, scalar, shape},
};

/// Tokens and the keys that they are verified with.
#[derive(Clone, Debug)]
pub struct Jwt {
    /// What a token must be.
    pub rules: TokenRules,
    /// A cookie that holds a token, too.
    pub cookie: Option<Box<str>>,
    /// Where the keys come from.
    pub keys: KeyOrigin,
}

/// Reads the block.
pub(super) fn read(
    node: &Node,
    http: &Http,
    resolve: Resolve<'_>,
    found: &mut Diagnostics,
) -> Option<Jwt> {
    let mut fields = Fields::of(node, "identity.jwt", found);
    let rules = rules(&mut fields, found);
    let cookie = fields.take("cookie", found);
    let keys = fields.require("keys", found);
    fields.finish(found);
    if let Some(node) = cookie.filter(|_| http.origins.is_none()) {
        let message = "pages of every origin can use a visitor's cookie";
        found.push(node.warning("cookie-without-origins", message).help("set `http.origins`, too"));
    }
    let cookie = cookie.and_then(|it| cookie_name(it, found));
    let keys = key_origin::read(keys?, &rules, resolve, found)?;
    Some(Jwt { rules, cookie, keys })
}

fn rules(fields: &mut Fields<'_>, found: &mut Diagnostics) -> TokenRules {
    let issuer = fields.take("issuer", found);
    let audiences = fields.take("audience", found);
    for (name, value) in [("issuer", issuer), ("audience", audiences)] {
        if value.is_none() {
            let message = format!("tokens of every {name} count: `{name}` is missing");
            found.push(fields.node().warning("open-token", message));
        }
    }
    let algorithms = fields.take("algorithms", found).map(|it| {
        let names = Algorithm::NAMES.map(|(name, _)| name);
        let names = shape::words(it, &names, found);
        names.into_iter().filter_map(Algorithm::named).collect()
    });
    let mut seconds = |name, range, default: Option<Duration>| {
        let node = fields.take(name, found);
        let read = node.and_then(|it| Some((it, scalar::duration(it, range, found)?)));
        if let Some((node, _)) = read.filter(|(_, it)| it.subsec_nanos() > 0) {
            let error = node.error("not-whole-seconds", "the times of a token are whole seconds");
            found.push(error.help("as in `30s`"));
        }
        read.map(|(_, it)| it).or(default).map(|it| it.as_secs())
    };
    let leeway = seconds("leeway", LEEWAY, Some(DEFAULT_LEEWAY));
    let max_age = seconds("max_age", MAX_AGE, None);
    let max_bytes = fields.take("max_bytes", found);
    let max_bytes = max_bytes.and_then(|it| scalar::bytes(it, 256..=MOST_BYTES, found));
    TokenRules {
        issuer: issuer.and_then(|it| scalar::text(it, found)).map(Into::into),
        audiences: audiences.map(|it| audiences_of(it, found)).unwrap_or_default(),
        algorithms: algorithms.unwrap_or_else(asymmetric),
        leeway: leeway.unwrap_or_default(),
        max_age,
        max_bytes: max_bytes.and_then(|it| usize::try_from(it).ok()).unwrap_or(DEFAULT_BYTES),
    }
}

/// One text, or a list of them.
fn audiences_of(node: &Node, found: &mut Diagnostics) -> Vec<Box<str>> {
    let names = match &node.value {
        Value::Scalar { .. } => scalar::text(node, found).map(str::to_owned).into_iter().collect(),
        Value::Mapping(_) | Value::Sequence(_) => shape::names(node, found),
    };
    if matches!(&node.value, Value::Sequence(items) if items.is_empty()) {
        found.push(node.error("empty-list", "no token is made out to nobody"));
    }
    names.into_iter().map(Into::into).collect()
}

fn asymmetric() -> Vec<Algorithm> {
    Algorithm::NAMES.into_iter().map(|(_, it)| it).filter(|it| !it.is_symmetric()).collect()
}

/// RFC 6265 §4.1.1: a token.
fn cookie_name(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let name = scalar::text(node, found)?;
    let is_token = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
    if !name.bytes().all(is_token) {
        found.push(node.error("not-a-cookie", format!("`{name}` is no name of a cookie")));
        return None;
    }
    Some(name.into())
}

/// Clocks of servers differ by seconds.
const LEEWAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(300);
const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);
const MAX_AGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(31_536_000);
/// 8 KiB: what servers take as a header.
pub(super) const DEFAULT_BYTES: usize = 8 * 1024;
const MOST_BYTES: u64 = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::KeyPlace;
    use crate::policy::testing::{codes, compile};

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    const PARTIES: &str = "issuer: https://id.example, audience: a";

    #[track_caller]
    fn check(rest: &str, expect: &[&str]) {
        let text = format!("{HEAD}identity: {{ jwt: {{ {PARTIES}, {rest} }} }}\n");
        assert_eq!(codes(&text), expect, "{rest}");
    }

    #[test]
    fn tokens_have_defaults() {
        let keys = "keys: { discover: issuer }";
        let text = format!("{HEAD}identity: {{ jwt: {{ {PARTIES}, {keys} }} }}\n");
        let jwt = compile(&text, None).0.unwrap().credentials.jwt.unwrap();
        let expect = TokenRules {
            issuer: Some("https://id.example".into()),
            audiences: vec!["a".into()],
            algorithms: asymmetric(),
            leeway: 30,
            max_age: None,
            max_bytes: 8192,
        };
        assert_eq!((jwt.rules, jwt.cookie), (expect, None));
        let KeyOrigin::Remote(origin) = jwt.keys else { panic!() };
        assert_eq!(origin.place, KeyPlace::Issuer("https://id.example".into()));
        assert_eq!((origin.refresh.as_secs(), origin.stale.as_secs()), (300, 3600));
    }

    #[test]
    fn other_mistakes() {
        let keys = "keys: { discover: issuer }";
        for (rest, code) in [
            ("algorithms: [none]", "unknown-word"),
            ("algorithms: []", "empty-list"),
            ("leeway: 6min", "out-of-range"),
            ("leeway: 900ms", "not-whole-seconds"),
            ("max_age: 90500ms", "not-whole-seconds"),
            ("max_age: 0s", "out-of-range"),
            ("max_bytes: 33KiB", "out-of-range"),
            ("cookie: session", "cookie-without-origins"),
        ] {
            check(&format!("{keys}, {rest}"), &[code]);
        }
        let open =
            format!("{HEAD}identity: {{ jwt: {{ keys: {{ url: 'https://a.example/' }} }} }}\n");
        assert_eq!(codes(&open), ["open-token", "open-token"]);
        let nobody = format!(
            "{HEAD}identity: {{ jwt: {{ issuer: a, audience: [], keys: {{ url: 'https://a.example/' }} }} }}\n"
        );
        assert_eq!(codes(&nobody), ["empty-list"]);
    }
}
