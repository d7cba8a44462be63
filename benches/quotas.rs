//! What counting costs, and what it holds after ten million callers: a fixed number of states.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench shows what it measured")]

use std::{
    fs,
    hint::black_box,
    net::Ipv4Addr,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use portcullis::{
    policy::{Allowance, Counts, OnError, Pace, Paced, Rate, RateKey},
    quota::{Key, Limiter, Time},
    verdict::Mode,
};

const KEYS: u32 = 10_000_000;

fn main() {
    let number = |it| NonZeroU32::new(it).expect("a number from 1");
    let pace = Pace { n: number(20), per: Duration::from_secs(1) };
    let paced = Paced { pace, burst: number(40) };
    let rate = Rate {
        name: "bench".into(),
        key: RateKey::Address,
        allowance: Allowance::Paced(paced),
        counts: Counts::Requests,
        on_error: OnError::Local,
        mode: Mode::Enforce,
    };
    let limiter = Limiter::new(&paced, Time::monotonic());
    println!("{:>12} {:>12} {:>12}", "keys", "RSS MiB", "ns each");
    let (mut begun, mut before) = (Instant::now(), 0);
    for n in 0..=KEYS {
        let key = Key::of_address(Ipv4Addr::from_bits(n).into());
        let _refused = black_box(limiter.spend(&rate, &key, 1));
        if [100_000, KEYS / 10, KEYS / 2, KEYS].contains(&n) {
            let each = begun.elapsed().as_nanos() / u128::from(n - before).max(1);
            println!("{n:>12} {:>12.1} {each:>12}", resident());
            (begun, before) = (Instant::now(), n);
        }
    }
}

/// MiB of memory that this process holds.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).expect("a line");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).expect("KiB");
    kib / 1024.0
}
