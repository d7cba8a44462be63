//! How long honest clients wait while 200 others send heads, and 200 more bodies, byte by byte; and
//! while floods of HTTP/2 frames come in, or `slowhttptest` has 1,000 connections.
//!
//! The load is an open loop at half of what a closed one gets: when each request is due is fixed
//! beforehand, and its latency counts from then, whatever became of the one before. The proxy is a
//! process of its own; senders, the others and upstream are threads of this one. Quiet and disturbed
//! turns alternate; the table shows each pair, and the median of their ratios is what counts.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![allow(dead_code, reason = "it shares the upstream and the proxy, and not all they can do")]

#[path = "support/children.rs"]
mod children;
#[path = "support/http2_floods.rs"]
mod http2_floods;
#[path = "support/load.rs"]
mod load;
#[path = "support/open_loop.rs"]
mod open_loop;
#[path = "support/slow.rs"]
mod slow;
#[path = "support/slowhttptest.rs"]
mod slowhttptest;
mod support;

use std::{env, io, process::ExitCode};

use children::Child;
use http2_floods::{Flood, Flooding};
use load::Upstream;
use open_loop::{OpenLoop, peak};
use slow::SlowClients;
use slowhttptest::{Attack, Attacking};
use support::PRODUCT_PAGE;

/// Odd, so that there is a median.
const N_PAIRS: usize = 7;
/// The most that the disturbed p99 may be, as a multiple of the quiet one.
const GOAL: f64 = 2.0;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PORTCULLIS) => children::portcullis(&args).map(|()| 0.0),
        // `cargo bench` adds a flag of its own.
        _ => compare(args.iter().skip(1).find(|it| !it.starts_with('-')).map_or("", |it| it)),
    };
    match measured {
        Ok(ratio) if ratio < GOAL => ExitCode::SUCCESS,
        Ok(_too_slow) => ExitCode::FAILURE,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The worst of the medians, of all troubles whose names have `wanted` in them.
fn compare(wanted: &str) -> io::Result<f64> {
    let upstream = Upstream::start()?;
    let proxy = Child::start(&[children::PORTCULLIS, &upstream.address(), PRODUCT_PAGE.policy])?;
    // Caches and connections settle before anything counts.
    peak(proxy.address)?;
    let peak = peak(proxy.address)?;
    println!("{peak:.0} requests per second in a closed loop, half of it in an open one");
    let load = OpenLoop::new(proxy.address, peak / 2.0);
    let mut worst = 0.0_f64;
    let has_tool = slowhttptest::is_there();
    for trouble in Trouble::ALL.into_iter().filter(|it| format!("{it:?}").contains(wanted)) {
        println!("{trouble:?}");
        if matches!(trouble, Trouble::Tool(_)) && !has_tool {
            println!("left out: slowhttptest is not installed");
            continue;
        }
        println!("{:>14}{:>14}{:>8}{:>14}", "quiet p99", "disturbed", "ratio", "bytes, frames");
        worst = worst.max(median(&load, trouble)?);
    }
    Ok(worst)
}

/// What disturbs honest clients.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    SlowClients,
    Http2(Flood),
    /// `slowhttptest`.
    Tool(Attack),
}

impl Trouble {
    const ALL: [Self; 8] = [
        Self::SlowClients,
        Self::Http2(Flood::RapidReset),
        Self::Http2(Flood::Continuation),
        Self::Http2(Flood::Ping),
        Self::Http2(Flood::Settings),
        Self::Tool(Attack::Heads),
        Self::Tool(Attack::Bodies),
        Self::Tool(Attack::Ranges),
    ];
}

fn median(load: &OpenLoop, trouble: Trouble) -> io::Result<f64> {
    let mut ratios = Vec::new();
    for _ in 0..N_PAIRS {
        let quiet = load.turn()?;
        let (disturbed, n) = match trouble {
            Trouble::SlowClients => {
                let slow = SlowClients::start(load.to)?;
                (load.turn()?, slow.stop())
            }
            Trouble::Http2(flood) => {
                let flooding = Flooding::start(load.to, flood)?;
                (load.turn()?, flooding.stop())
            }
            Trouble::Tool(attack) => {
                let _attacking = Attacking::start(load.to, attack)?;
                (load.turn()?, 0)
            }
        };
        let ratio = disturbed.as_secs_f64() / quiet.as_secs_f64();
        println!("{quiet:>14.1?}{disturbed:>14.1?}{ratio:>8.2}{n:>14}");
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(N_PAIRS / 2).copied().unwrap_or(f64::INFINITY);
    println!("{:>36.2} median, goal {GOAL:.1}", median);
    Ok(median)
}
