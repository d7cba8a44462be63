//! Both sides of every limit, at a time that the tests tell.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    policy::{Allowance, Counts, OnError, Pace, Paced, ProfileIdx, Rate, RateKey},
    quota::{InFlight, Key, Limiter, Meter, Quotas, Time, store::Bound},
    telemetry::COUNTERS,
    verdict::Mode,
};

/// A time in milliseconds that stands still until it is told otherwise.
#[derive(Clone, Default)]
struct Told(Arc<AtomicU64>);

impl Told {
    fn time(&self) -> Time {
        let millis = Arc::clone(&self.0);
        Time::new(move || Duration::from_millis(millis.load(Ordering::Relaxed)))
    }

    fn is(&self, millis: u64) {
        self.0.store(millis, Ordering::Relaxed);
    }
}

fn rate(n: u32, seconds: u64, burst: u32) -> Rate {
    let number = |it| NonZeroU32::new(it).unwrap();
    Rate {
        name: "a".into(),
        key: RateKey::Address,
        allowance: Allowance::Paced(Paced {
            pace: Pace { n: number(n), per: Duration::from_secs(seconds) },
            burst: number(burst),
        }),
        counts: Counts::Requests,
        on_error: OnError::Local,
        mode: Mode::Enforce,
    }
}

fn limiter(rate: &Rate, time: Time, bound: Bound) -> Limiter {
    match rate.allowance {
        Allowance::InFlight(_) => panic!("{rate:?}"),
        Allowance::Paced(paced) => Limiter::bounded(&paced, time, bound),
    }
}

fn key(n: u32) -> Key {
    Key::of_address(std::net::Ipv4Addr::from_bits(n).into())
}

/// Spends amounts at times, in milliseconds: `ok`, seconds to wait and what is left, or `never`.
#[track_caller]
fn check(rate: &Rate, spends: &[(u64, u64, &str)]) {
    let told = Told::default();
    // Any start will do.
    told.is(7_000);
    let limiter = limiter(rate, told.time(), Bound::default());
    for (at, amount, expect) in spends {
        told.is(at + 7_000);
        let got = match limiter.spend(rate, &key(1), *amount) {
            Ok(_) => "ok".to_owned(),
            Err(it) => it.wait.map_or("never".to_owned(), |it| {
                format!("{} s, {} left", it.seconds, it.remaining)
            }),
        };
        assert_eq!(got, *expect, "{amount} at {at} ms");
    }
}

#[test]
fn a_burst_and_then_one_at_a_time() {
    // One comes back every 500 ms.
    let limit = "1 s, 0 left";
    check(
        &rate(2, 1, 3),
        &[
            (0, 1, "ok"),
            (0, 1, "ok"),
            (0, 1, "ok"),
            (0, 1, limit),
            (499, 1, limit),
            (500, 1, "ok"),
            (500, 1, limit),
            (1_999, 3, "1 s, 2 left"),
            (2_000, 3, "ok"),
        ],
    );
}

#[test]
fn waiting_is_told_in_whole_seconds_rounded_up() {
    // One comes back every 12 s.
    check(
        &rate(5, 60, 5),
        &[(0, 5, "ok"), (0, 1, "12 s, 0 left"), (1, 1, "12 s, 0 left"), (1_000, 1, "11 s, 0 left")],
    );
    check(&rate(5, 60, 5), &[(0, 5, "ok"), (11_999, 1, "1 s, 0 left"), (12_000, 1, "ok")]);
}

#[test]
fn more_than_the_burst_is_never_admitted_and_spends_nothing() {
    let all = [(0, 11, "never"), (0, u64::MAX, "never"), (0, 10, "ok"), (0, 1, "1 s, 0 left")];
    check(&rate(10, 1, 10), &all);
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    // A burst that takes almost 2⁶² ns to come back.
    let hours = 1_281_023;
    let large = rate(1, 3_600, hours);
    let at = |at: u64| {
        let told = Told::default();
        let limiter = limiter(&large, told.time(), Bound::default());
        told.is(at);
        let spend = |amount| limiter.spend(&large, &key(1), amount).is_ok();
        [spend(hours.into()), spend(1), spend(hours.into()), spend(u64::from(hours) + 1)]
    };
    assert_eq!(at(0), [true, false, false, false]);
    assert_eq!(at(u64::MAX), [true, false, false, false]);
}

#[test]
fn keys_do_not_spend_from_each_other() {
    let (told, rate) = (Told::default(), rate(1, 1, 1));
    let limiter = limiter(&rate, told.time(), Bound::default());
    assert!(limiter.spend(&rate, &key(1), 1).is_ok());
    assert!(limiter.spend(&rate, &key(1), 1).is_err());
    assert!(limiter.spend(&rate, &key(2), 1).is_ok());
}

#[test]
fn cycling_through_keys_neither_resets_a_quota_nor_grows() {
    let (told, rate) = (Told::default(), rate(1, 1, 1));
    let bound = Bound { shards: 1, keys_per_shard: 4 };
    let limiter = limiter(&rate, told.time(), bound);
    let spend = |n| limiter.spend(&rate, &key(n), 1).is_ok();
    assert!((0..4).all(spend));
    // No room: they share one state, which has one to spend.
    let before = COUNTERS.rates_overflowed.value();
    assert_eq!((4..1_000).filter(|n| spend(*n)).count(), 1);
    assert!(COUNTERS.rates_overflowed.value() >= before + 996);
    assert!(!spend(0));
    told.is(999);
    assert_eq!((0..1_000).filter(|n| spend(*n)).count(), 0);
    // All are at rest and give way: four new keys have a place, and the rest one state.
    told.is(1_000);
    assert_eq!((2_000..3_000).filter(|n| spend(*n)).count(), 5);
    assert!(!spend(2_000));
    assert_eq!(limiter.n_keys(), 4);
}

#[test]
fn what_many_share_is_given_back_to_nobody() {
    let (told, rate) = (Told::default(), rate(1, 1, 10));
    let limiter = limiter(&rate, told.time(), Bound { shards: 1, keys_per_shard: 1 });
    assert!(limiter.spend(&rate, &key(0), 1).is_ok());
    let shared = limiter.spend(&rate, &key(1), 10).unwrap();
    told.is(1_000);
    // The place is free by now, and the key has a state of its own.
    let own = limiter.spend(&rate, &key(1), 10).unwrap();
    limiter.give_back(&key(1), shared, 10);
    assert!(limiter.spend(&rate, &key(1), 1).is_err());
    limiter.give_back(&key(1), own, 1);
    assert!(limiter.spend(&rate, &key(1), 1).is_ok());
}

#[test]
fn memory_is_bounded_whatever_is_sent() {
    let rate = rate(1, 3_600, 1);
    let limiter = limiter(&rate, Told::default().time(), Bound::default());
    (0..200_000).for_each(|n| drop(limiter.spend(&rate, &key(n), 1)));
    // Shards fill up unevenly, but all of them do.
    assert_eq!(limiter.n_keys(), 65_536);
}

#[test]
fn busy_keys_do_not_keep_new_ones_out() {
    let (told, rate) = (Told::default(), rate(1, 1, 10));
    let bound = Bound { shards: 1, keys_per_shard: 4 };
    let limiter = limiter(&rate, told.time(), bound);
    // The oldest is not at rest for ten seconds, the others for one.
    assert!(limiter.spend(&rate, &key(0), 10).is_ok());
    assert!((1..4).all(|n| limiter.spend(&rate, &key(n), 1).is_ok()));
    told.is(1_000);
    assert!((10..13).all(|n| limiter.spend(&rate, &key(n), 10).is_ok()));
    assert!(limiter.spend(&rate, &key(0), 2).is_err());
}

#[test]
fn what_was_spent_survives_another_policy_with_the_same_numbers() {
    let told = Told::default();
    let quotas = |rate: Rate| Quotas::new("", [&*vec![Arc::new(rate)]].into_iter(), &told.time());
    let spend = |quotas: &Quotas| {
        let quota = &quotas.of_profile(ProfileIdx::BASE)[0];
        match &quota.meter {
            Meter::InFlight(_) => panic!("it is paced"),
            Meter::Paced(limiter) => limiter.spend(&quota.rate, &key(1), 1).is_ok(),
        }
    };
    let before = quotas(rate(1, 1, 1));
    assert!(spend(&before));
    let watching = Rate { mode: Mode::Report, ..rate(1, 1, 1) };
    assert!(!spend(&quotas(watching).continuing(&before)));
    assert!(spend(&quotas(rate(1, 1, 2)).continuing(&before)));
    assert!(spend(&quotas(rate(1, 2, 1)).continuing(&before)));
    assert!(spend(&quotas(Rate { name: "b".into(), ..rate(1, 1, 1) }).continuing(&before)));
    let other_key = Rate { key: RateKey::Caller, ..rate(1, 1, 1) };
    assert!(spend(&quotas(other_key).continuing(&before)));
}

#[test]
fn graphs_with_one_policy_share_nothing_and_replicas_do() {
    let quotas = |scope: &str| {
        let rates = vec![Arc::new(rate(1, 1, 1))];
        Quotas::new(scope, [&*rates].into_iter(), &Told::default().time())
    };
    let scope = |quotas: &Quotas| quotas.of_profile(ProfileIdx::BASE)[0].scope.to_string();
    let of_graph = |graph: &str| scope(&quotas("shop").of_graph(graph));
    assert_ne!(of_graph("a"), of_graph("b"));
    assert_ne!(of_graph("a"), scope(&quotas("shop")));
    assert_eq!(of_graph("a"), of_graph("a"));
}

#[test]
fn what_is_given_back_can_be_spent_again() {
    // One comes back every second.
    let (told, rate) = (Told::default(), rate(1, 1, 3));
    let limiter = limiter(&rate, told.time(), Bound::default());
    let spend = |n| limiter.spend(&rate, &key(1), n);
    let held = spend(3).unwrap();
    assert!(spend(1).is_err());
    limiter.give_back(&key(1), held, 2);
    assert!(spend(2).is_ok());
    assert!(spend(1).is_err());
}

#[test]
fn what_came_back_by_itself_is_not_given_back_again() {
    let (told, rate) = (Told::default(), rate(1, 1, 1));
    let limiter = limiter(&rate, told.time(), Bound::default());
    let held = limiter.spend(&rate, &key(1), 1).unwrap();
    told.is(1_000);
    assert!(limiter.spend(&rate, &key(1), 1).is_ok());
    limiter.give_back(&key(1), held, 1);
    assert!(limiter.spend(&rate, &key(1), 1).is_err());
    limiter.give_back(&key(1), held, u64::MAX);
    assert!(limiter.spend(&rate, &key(1), 1).is_err());
}

#[test]
fn what_others_spent_is_not_given_back() {
    let (told, rate) = (Told::default(), rate(1, 1, 1));
    let limiter = limiter(&rate, told.time(), Bound { shards: 1, keys_per_shard: 1 });
    assert!(limiter.spend(&rate, &key(1), 1).is_ok());
    // These share one state.
    let held = limiter.spend(&rate, &key(2), 1).unwrap();
    limiter.give_back(&key(2), held, 1);
    limiter.give_back(&key(3), held, 1);
    assert!(limiter.spend(&rate, &key(3), 1).is_err());
}

#[test]
fn what_runs_at_a_time_is_counted_by_key() {
    let two = NonZeroU32::new(2).unwrap();
    let rate = Rate { allowance: Allowance::InFlight(two), ..rate(1, 1, 1) };
    let running = Arc::new(InFlight::new(two));
    let begin = |n, amount| running.begin(&rate, &key(n), amount);
    let first = begin(1, 1).unwrap();
    let second = begin(1, 1).unwrap();
    let refused = begin(1, 1).unwrap_err();
    let wait = refused.wait.unwrap();
    assert_eq!((wait.seconds.get(), wait.remaining, refused.window), (1, 0, None));
    assert!(begin(2, 2).is_ok());
    assert!(begin(2, 3).unwrap_err().wait.is_none());
    drop(first);
    assert!(begin(1, 2).is_err());
    assert!(begin(1, 1).is_ok());
    drop(second);
    assert_eq!(running.n_keys(), 0);
}
