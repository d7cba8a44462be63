//! How long the slowest hundredth of known requests waits, against a plain hyper pass-through.
//!
//! Both get the same open loop, at half of what the slower of them gets in a closed one, in turns;
//! the median of the ratios of seven pairs is what counts.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![allow(dead_code, reason = "it shares the upstream and the proxies, and not all they can do")]

#[path = "support/children.rs"]
mod children;
#[path = "support/load.rs"]
mod load;
#[path = "support/open_loop.rs"]
mod open_loop;
mod support;

use std::{env, io, process::ExitCode};

use children::Child;
use load::Upstream;
use open_loop::{OpenLoop, peak};
use support::PRODUCT_PAGE;

/// Odd, so that there is a median.
const N_PAIRS: usize = 7;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PASS_THROUGH) => children::pass_through(&args),
        Some(children::PORTCULLIS) => children::portcullis(&args),
        _ => compare(),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> io::Result<()> {
    let upstream = Upstream::start()?;
    let plain = Child::start(&[children::PASS_THROUGH, &upstream.address()])?;
    let ours = Child::start(&[children::PORTCULLIS, &upstream.address(), PRODUCT_PAGE.policy])?;
    // The first is for caches and connections to settle.
    let peaks = [plain.address, ours.address, plain.address, ours.address].map(peak);
    let [_, _, of_plain, of_ours] = peaks;
    let (of_plain, of_ours) = (of_plain?, of_ours?);
    let rate = of_plain.min(of_ours) / 2.0;
    println!("closed loop: {of_plain:.0} and {of_ours:.0} per second; open loop: {rate:.0}");
    println!("{:>14}{:>14}{:>8}", "pass-through", "portcullis", "ratio");
    let [plain, ours] = [plain.address, ours.address].map(|it| OpenLoop::new(it, rate));
    let mut ratios = Vec::new();
    for it in 0..N_PAIRS {
        // Who goes first changes, so that a drift of the machine favours nobody.
        let (of_plain, of_ours) = if it % 2 == 0 {
            let of_plain = plain.turn()?;
            (of_plain, ours.turn()?)
        } else {
            let of_ours = ours.turn()?;
            (plain.turn()?, of_ours)
        };
        let ratio = of_ours.as_secs_f64() / of_plain.as_secs_f64();
        println!("{of_plain:>14.1?}{of_ours:>14.1?}{ratio:>8.2}");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("{:>36.2} median", ratios.get(N_PAIRS / 2).copied().unwrap_or(f64::INFINITY));
    Ok(())
}
