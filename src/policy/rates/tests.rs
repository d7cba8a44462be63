//! Both sides of what a rate can be.

use std::time::Duration;

use crate::{
    policy::{
        Allowance, Counts, Normalise, OnError, Paced, ProfileIdx, Rate, RateKey,
        testing::{codes, compile},
    },
    verdict::Mode,
};

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

fn paced(rate: &Rate) -> Paced {
    match rate.allowance {
        Allowance::InFlight(_) => panic!("{rate:?}"),
        Allowance::Paced(it) => it,
    }
}

#[test]
fn a_rate_is_read() {
    let rate = read_one("name: a, key: client.ip, limit: 20/s, burst: 40, mode: report");
    let it = paced(&rate);
    assert_eq!((it.pace.n.get(), it.burst.get(), rate.mode), (20, 40, Mode::Report));
    assert_eq!((it.interval(), rate.counts), (Duration::from_millis(50), Counts::Requests));
    assert_eq!(rate.on_error, OnError::Local);
    let rate = read_one("name: a, key: client.ip, limit: 5/15min, on: Query.a");
    assert_eq!((paced(&rate).burst.get(), paced(&rate).interval()), (5, Duration::from_secs(180)));
    assert!(matches!(rate.counts, Counts::Calls(fields) if fields.as_slice().len() == 1));
    let rate = read_one("name: a, key: client.ip, limit: 3/h, spend: cost");
    assert_eq!((paced(&rate).interval(), rate.counts), (Duration::from_secs(1200), Counts::Cost));
    // Never more than was written.
    let rate = read_one("name: a, key: client.ip, limit: 3/s");
    assert_eq!(paced(&rate).interval(), Duration::from_nanos(333_333_334));
    let rate = read_one("name: a, key: caller, concurrency: 3, on: Query.a, on_error: deny");
    assert!(matches!(rate.allowance, Allowance::InFlight(n) if n.get() == 3));
    assert_eq!(rate.on_error, OnError::Deny);
}

#[test]
fn keys() {
    check("name: a, key: client.ip, limit: 1/s", &[]);
    for key in
        ["caller", "claims.sub", "claims.org.id", "'claims[\"https://a.example/b\"]'", "api_key"]
    {
        check(&format!("name: a, key: {key}, limit: 1/s"), &["idle-setting"]);
    }
    for key in ["header.x-tenant", "header.X_Tenant", "document"] {
        check(&format!("name: a, key: {key}, limit: 1/s"), &["weak-key"]);
    }
    for key in ["ip", "claims", "claims.", "claims.a b", "client.ip.x", "header.", "args", "args."]
    {
        check(&format!("name: a, key: '{key}', limit: 1/s"), &["not-a-key"]);
    }
}

#[test]
fn arguments_belong_to_a_field() {
    let on = |field: &str, key: &str, expect| {
        check(&format!("name: a, key: {key}, limit: 1/s, on: {field}"), expect);
    };
    on("Query.find", "args.id", &[]);
    on("Query.find", "args.by.id", &[]);
    on("Query.find", "args.nope", &["unknown-coordinate"]);
    on("Query.find", "args.by.nope", &["unknown-coordinate"]);
    on("Query.find", "args.ids.x", &["unknown-coordinate"]);
    on("Query.find", "args.by", &["not-a-key"]);
    on("Query.find", "args.ids", &["not-a-key"]);
    on("Query.nope", "args.id", &["unknown-coordinate"]);
    check("name: a, key: args.id, limit: 1/s", &["contradiction"]);
    let email = read_one("name: a, key: args.id, limit: 1/s, on: Query.find, normalise: email");
    assert!(matches!(email.key, RateKey::Argument(it) if it.normalise == Normalise::Email));
}

#[test]
fn failures_are_of_root_fields() {
    let failed = "name: a, key: client.ip, limit: 1/s, count: failed";
    let rate = read_one(&format!("{failed}, on: Query.find"));
    assert!(matches!(rate.counts, Counts::Failed(fields) if fields.as_slice().len() == 1));
    check(failed, &["contradiction"]);
    check(&format!("{failed}, on: Thing.id"), &["contradiction"]);
    check(
        "name: a, key: client.ip, concurrency: 1, count: failed, on: Query.a",
        &["contradiction"],
    );
}

#[test]
fn what_runs_at_a_time_has_no_pace() {
    check("name: a, key: client.ip, concurrency: 1", &[]);
    check("name: a, key: client.ip, concurrency: 0", &["out-of-range"]);
    check("name: a, key: client.ip, concurrency: 1, limit: 1/s", &["contradiction"]);
    check("name: a, key: client.ip, concurrency: 1, burst: 1", &["contradiction"]);
    check("name: a, key: client.ip, concurrency: 1, spend: cost", &["contradiction"]);
}

#[test]
fn profiles_change_the_numbers() {
    let text = |rates: &str| {
        format!(
            "{HEAD}rates: [{{ name: a, key: client.ip, limit: 1/s, spend: cost }}, \
             {{ name: b, key: client.ip, limit: 1/s }}]\n\
             profiles: [{{ name: p, when: always, rates: [{{ {rates} }}] }}]\n"
        )
    };
    let (policy, found) = compile(&text("name: a, limit: 9/s"), None);
    let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(found.iter().count(), 0);
    let n = |profile, place: usize| paced(&policy.rates_of(profile)[place]).burst.get();
    assert_eq!([n(ProfileIdx::BASE, 0), n(ProfileIdx(1), 0), n(ProfileIdx(1), 1)], [1, 9, 1]);
    assert_eq!(codes(&text("name: c, limit: 9/s")), ["unknown-rate"]);
    assert_eq!(codes(&text("name: b, limit: 9/s")), ["not-per-profile"]);
    assert_eq!(codes(&text("name: a, concurrency: 9")), ["contradiction"]);
    assert_eq!(codes(&text("name: a, limit: 9/s, key: caller")), ["unknown-key"]);
}

#[test]
fn limits_are_numbers_in_a_time() {
    let limit = |it: &str, expect| check(&format!("name: a, key: client.ip, limit: {it}"), expect);
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
    check("name: a, key: client.ip, limit: 1/s, normalise: email", &["contradiction"]);
    check("name: a, key: client.ip, limit: 1/s, bursts: 1", &["unknown-key"]);
    check("name: 'a b', key: client.ip, limit: 1/s", &["not-a-name"]);
    check("name: a, key: client.ip", &["missing-key"]);
    let twice = "name: a, key: client.ip, limit: 1/s }, { name: a, key: client.ip, limit: 2/s";
    check(twice, &["duplicate-rate"]);
}
