//! `rates`: how much a key may spend in a time.
//!
//! Counts nothing; that is for `quota`.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use serde_json::Value as Json;

use crate::{
    diagnostic::Diagnostics,
    policy::{Credentials, settings},
    schema::{Bound, Coordinate, FieldId, Schema},
    verdict::Mode,
    yaml::{Fields, Node, scalar, shape},
};

/// How much a key may spend in a time.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Its name, as clients are told it.
    pub name: Box<str>,
    /// Whose quota is spent.
    pub key: RateKey,
    /// How fast it fills up again.
    pub pace: Pace,
    /// How much there is at most; as much as in `pace` when the policy is silent.
    pub burst: NonZeroU32,
    /// What spends it.
    pub counts: Counts,
    /// Whether exceeding it refuses.
    pub mode: Mode,
}

/// Whose quota is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateKey {
    /// Of the client's address.
    Address,
    /// Of the subject, or of the address when there is none.
    Caller,
    /// Of those with the same claim, or of the address when there is none.
    Claim(Box<[Box<str>]>),
}

/// So much in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How much.
    pub n: NonZeroU32,
    /// In which time: whole seconds.
    pub per: Duration,
}

/// What spends a quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Calls of these fields: response paths, after aliases and batch.
    Calls(Box<[FieldId]>),
    /// The cost of what is admitted.
    Cost,
    /// HTTP requests.
    Requests,
}

impl Rate {
    /// In which time one comes back; rounded up, so that it is never more than was written.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.pace.interval()
    }

    /// Whether what was spent of one is spent of the other.
    #[must_use]
    pub fn spends_as(&self, other: &Self) -> bool {
        let numbers = |it: &Self| (it.pace, it.burst);
        self.name == other.name && self.key == other.key && numbers(self) == numbers(other)
    }
}

impl Pace {
    /// In which time one comes back; rounded up, so that it is never more than was written.
    #[must_use]
    pub fn interval(self) -> Duration {
        let nanos = self.per.as_nanos().div_ceil(self.n.get().into());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What a pace looks like; the schema of rates says the same.
pub(super) const PACE: &str = "^0*[1-9][0-9]*/(0*[1-9][0-9]*)?(s|min|h)$";

/// What rates are read against.
#[derive(Clone, Copy)]
pub(super) struct Ground<'g> {
    pub(super) schema: &'g Schema,
    pub(super) credentials: &'g Credentials,
    pub(super) mode: Mode,
}

/// Reads the list.
pub(super) fn read(node: &Node, ground: Ground<'_>, found: &mut Diagnostics) -> Vec<Arc<Rate>> {
    let mut rates: Vec<Arc<Rate>> = Vec::new();
    for item in shape::list(node, found) {
        let Some(rate) = rate(item, ground, found) else { continue };
        if rates.iter().any(|it| it.name == rate.name) {
            let message = format!("there is a rate `{}` already", rate.name);
            found.push(item.error("duplicate-rate", message));
        }
        rates.push(Arc::new(rate));
    }
    rates
}

/// Profiles do not change rates yet.
pub(super) fn refuse_in_profile(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    let Some(key) = fields.take_key("rates") else { return };
    let error = key.error("not-built-yet", "`rates` of a profile are not part of this version");
    found.push(error.help("delete it; the rates of the file count for everyone"));
}

fn rate(node: &Node, ground: Ground<'_>, found: &mut Diagnostics) -> Option<Rate> {
    let mut fields = Fields::of(node, "rates", found);
    not_built(&mut fields, found);
    let name = fields.require("name", found).and_then(|it| name(it, found));
    let key = fields.require("key", found).and_then(|it| key(it, ground.credentials, found));
    let pace = fields.require("limit", found).and_then(|it| pace(it, found));
    let burst_node = fields.take("burst", found);
    let most = 1..=u64::from(u32::MAX);
    let burst = burst_node.map(|it| scalar::number(it, most, found));
    let on = fields.take("on", found).map(|it| called(it, ground.schema, found));
    let spend = fields.take_with_key("spend", found);
    let mode = fields.take("mode", found).and_then(|it| settings::mode(it, found));
    fields.finish(found);
    let spends_cost = spend.is_some_and(|(_, it)| {
        scalar::word(it, &[("requests", false), ("cost", true)], found) == Some(true)
    });
    if let (Some((key, _)), true, Some(_)) = (spend, spends_cost, &on) {
        let error = key.error("contradiction", "`on` counts calls, `spend: cost` counts cost");
        found.push(error.help("write two rates"));
    }
    let (name, key, pace) = (name?, key?, pace?);
    let burst = match burst {
        Some(burst) => u32::try_from(burst?).ok().and_then(NonZeroU32::new)?,
        None => pace.n,
    };
    let full = pace.interval().as_nanos().saturating_mul(burst.get().into());
    if full > FULL_AT_MOST {
        let message = format!("a burst of {burst} takes {} s to come back", full / 1_000_000_000);
        let error = burst_node.unwrap_or(node).error("burst-too-large", message);
        found.push(error.help("burst × interval is at most 2⁶² ns, 146 years"));
        return None;
    }
    let counts = match on {
        Some(fields) => Counts::Calls(fields?),
        None if spends_cost => Counts::Cost,
        None => Counts::Requests,
    };
    Some(Rate { name, key, pace, burst, counts, mode: mode.unwrap_or(ground.mode) })
}

/// What the design has and this version has not.
fn not_built(fields: &mut Fields<'_>, found: &mut Diagnostics) {
    for name in ["concurrency", "count", "normalise"] {
        let Some(key) = fields.take_key(name) else { continue };
        let message = format!("`rates.{name}` is not part of this version");
        found.push(
            key.error("not-built-yet", message).help("delete it; without it, all are counted"),
        );
    }
}

/// Clients read it in a header, in quotes.
fn name(node: &Node, found: &mut Diagnostics) -> Option<Box<str>> {
    let text = scalar::text(node, found)?;
    let is_fit = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    if text.len() > MAX_NAME || !text.bytes().all(is_fit) {
        let error = node.error("not-a-name", format!("`{text}` cannot be the name of a rate"));
        found.push(error.help("up to 64 letters, digits, `-`, `_` and `.`"));
        return None;
    }
    Some(text.into())
}

fn key(node: &Node, credentials: &Credentials, found: &mut Diagnostics) -> Option<RateKey> {
    let text = scalar::text(node, found)?;
    let key = match text {
        "client.ip" => return Some(RateKey::Address),
        "caller" => RateKey::Caller,
        _ => RateKey::Claim(claim(node, text, found)?),
    };
    if credentials.jwt.is_none() && credentials.api_keys.is_none() {
        let message = format!("`{text}` is always the address: `identity` reads no credentials");
        found.push(node.warning("idle-setting", message));
    }
    Some(key)
}

/// `claims.sub`, `claims.org.id`.
fn claim(node: &Node, text: &str, found: &mut Diagnostics) -> Option<Box<[Box<str>]>> {
    let is_name =
        |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if let Some(path) = text.strip_prefix("claims.")
        && path.split('.').all(is_name)
    {
        return Some(path.split('.').map(Into::into).collect());
    }
    let family = text.split_once('.').map_or(text, |(family, _)| family);
    let error = if NOT_BUILT_KEYS.contains(&family) {
        node.error("not-built-yet", format!("the key `{text}` is not part of this version"))
    } else {
        node.error("not-a-key", format!("`{text}` is nothing to count by"))
    };
    found.push(error.help("write `client.ip`, `caller` or a claim such as `claims.sub`"));
    None
}

/// `20/s`, `5/15min`.
pub(super) fn pace(node: &Node, found: &mut Diagnostics) -> Option<Pace> {
    let pace = node.as_text().and_then(read_pace);
    if pace.is_none() {
        let message = format!("expected a rate such as `20/s`, found {}", node.describe());
        let error = node.error("not-a-rate", message);
        found.push(error.help("a number from 1, `/`, and a time: `5/min`, `5/15min`, `1000/h`"));
    }
    pace
}

fn read_pace(text: &str) -> Option<Pace> {
    let (n, time) = text.split_once('/')?;
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let (times, unit) = time.split_at_checked(digits)?;
    let seconds: u64 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    let whole = |it: &str| it.bytes().all(|it| it.is_ascii_digit()).then(|| it.parse().ok())?;
    let times: u32 = if times.is_empty() { 1 } else { whole(times)? };
    let per = Duration::from_secs(seconds.saturating_mul(times.into()));
    let n = NonZeroU32::new(whole(n)?)?;
    (times > 0).then_some(Pace { n, per })
}

fn called(node: &Node, schema: &Schema, found: &mut Diagnostics) -> Option<Box<[FieldId]>> {
    let text = scalar::text(node, found)?;
    let bound = Coordinate::parse(text).map(|it| it.bind(schema)).unwrap_or_default();
    let fields = bound.into_iter().filter_map(|it| match it {
        Bound::Field(field) => Some(field),
        Bound::Input(_) | Bound::Type(_) => None,
    });
    let fields: Box<[_]> = fields.collect();
    if fields.is_empty() {
        let error = node.error("unknown-coordinate", format!("`{text}` is no field of the schema"));
        let all = schema.types().flat_map(|(id, _)| schema.fields(id));
        let known: Vec<_> = all.map(|it| schema.coordinate(it)).collect();
        found.push(error.did_you_mean(text, known.iter().map(|it| &**it)));
        return None;
    }
    Some(fields)
}

/// JSON Schema of what [`read`] takes.
pub(super) fn json_schema() -> Json {
    // The text is our own; were it no JSON, a test would say so.
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

const SCHEMA: &str = r#"{
    "description": "How much a key may spend in a time. Counted in this process alone.",
    "type": "array",
    "items": {
        "type": "object", "additionalProperties": false, "required": ["name", "key", "limit"],
        "properties": {
            "name": {"description": "For messages, logs and the RateLimit headers.",
                "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
            "key": {"description": "Whose quota is spent: of the address (of IPv6 its /64), of the caller (`sub`), of a claim. Who has no such claim is counted by address.",
                "type": "string", "pattern": "^(client\\.ip|caller|claims(\\.[A-Za-z0-9_]+)+)$"},
            "limit": {"description": "How much in which time.",
                "type": "string", "pattern": "^0*[1-9][0-9]*/(0*[1-9][0-9]*)?(s|min|h)$"},
            "burst": {"description": "How much at once; without it, as much as in `limit`.",
                "type": "integer", "minimum": 1, "maximum": 4294967295},
            "on": {"description": "Count the calls of this field, after aliases and batch, in what is admitted.",
                "type": "string", "minLength": 1},
            "spend": {"description": "What is counted: HTTP requests, or the cost of what is admitted.",
                "enum": ["requests", "cost"], "default": "requests"},
            "mode": {"description": "Of this rate.", "enum": ["enforce", "report"], "default": "enforce"}
        }
    }
}"#;

/// 2⁶² ns: with a time of as much, no sum passes 2⁶⁴.
const FULL_AT_MOST: u128 = 1 << 62;
/// 64: fits in a header with room for the others.
const MAX_NAME: usize = 64;
/// Keys of the design that nobody counts by yet.
const NOT_BUILT_KEYS: [&str; 4] = ["api_key", "args", "document", "header"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{codes, compile};

    const HEAD: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n";

    #[track_caller]
    fn check(rate: &str, expect: &[&str]) {
        assert_eq!(codes(&format!("{HEAD}rates: [{{ {rate} }}]\n")), expect, "{rate}");
    }

    #[track_caller]
    fn read_one(rate: &str) -> Rate {
        let (policy, found) = compile(&format!("{HEAD}rates: [{{ {rate} }}]\n"), None);
        let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
        Rate::clone(&policy.rates[0])
    }

    #[test]
    fn a_rate_is_read() {
        let rate = read_one("name: a, key: client.ip, limit: 20/s, burst: 40, mode: report");
        assert_eq!((rate.pace.n.get(), rate.burst.get(), rate.mode), (20, 40, Mode::Report));
        assert_eq!((rate.interval(), rate.counts), (Duration::from_millis(50), Counts::Requests));
        let rate = read_one("name: a, key: client.ip, limit: 5/15min, on: Query.a");
        assert_eq!((rate.burst.get(), rate.interval()), (5, Duration::from_secs(180)));
        assert!(matches!(rate.counts, Counts::Calls(fields) if fields.len() == 1));
        let rate = read_one("name: a, key: client.ip, limit: 3/h, spend: cost");
        assert_eq!((rate.interval(), rate.counts), (Duration::from_secs(1200), Counts::Cost));
        // Never more than was written.
        let rate = read_one("name: a, key: client.ip, limit: 3/s");
        assert_eq!(rate.interval(), Duration::from_nanos(333_333_334));
    }

    #[test]
    fn keys_are_addresses_callers_and_claims() {
        for key in ["caller", "claims.sub", "claims.org.id"] {
            check(&format!("name: a, key: {key}, limit: 1/s"), &["idle-setting"]);
        }
        for key in ["ip", "claims", "claims.", "claims.a b", "client.ip.x"] {
            check(&format!("name: a, key: '{key}', limit: 1/s"), &["not-a-key"]);
        }
        for key in ["args.email", "header.x-tenant", "document", "api_key"] {
            check(&format!("name: a, key: {key}, limit: 1/s"), &["not-built-yet"]);
        }
    }

    #[test]
    fn limits_are_numbers_in_a_time() {
        let limit =
            |it: &str, expect| check(&format!("name: a, key: client.ip, limit: {it}"), expect);
        for good in ["1/s", "4294967295/h", "5/15min", "1/4294967295s"] {
            limit(good, &[]);
        }
        let bad = [
            "0/s",
            "1",
            "/s",
            "1/",
            "1/d",
            "1/0s",
            "-1/s",
            "+1/s",
            "1 / s",
            "1.5/s",
            "4294967296/s",
            "1/4294967296s",
        ];
        for bad in bad {
            limit(&format!("'{bad}'"), &["not-a-rate"]);
        }
    }

    #[test]
    fn a_burst_comes_back_within_what_can_be_counted() {
        let rate = |burst: u64| format!("name: a, key: client.ip, limit: 1/1h, burst: {burst}");
        // 2⁶² ns are 1,281,023 hours and a bit.
        check(&rate(1_281_023), &[]);
        check(&rate(1_281_024), &["burst-too-large"]);
        check("name: a, key: client.ip, limit: 1/s, burst: 0", &["out-of-range"]);
    }

    #[test]
    fn other_mistakes() {
        check("name: a, key: client.ip, limit: 1/s, on: Query.b", &["unknown-coordinate"]);
        check("name: a, key: client.ip, limit: 1/s, on: Query.a, spend: cost", &["contradiction"]);
        check("name: a, key: client.ip, limit: 1/s, count: failed", &["not-built-yet"]);
        check("name: a, key: client.ip, limit: 1/s, normalise: email", &["not-built-yet"]);
        check("name: a, key: client.ip, limit: 1/s, bursts: 1", &["unknown-key"]);
        check("name: 'a b', key: client.ip, limit: 1/s", &["not-a-name"]);
        check("name: a, key: client.ip", &["missing-key"]);
        let twice = "name: a, key: client.ip, limit: 1/s }, { name: a, key: client.ip, limit: 2/s";
        check(twice, &["duplicate-rate"]);
    }
}
