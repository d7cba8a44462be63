//! What Portcullis, nginx and `HAProxy` make of the same raw HTTP/1 requests, in one run, in front
//! of upstreams that are alike.
//!
//! The probes are those of `tests/http1.rs`, which says what we must do with each. Here the other
//! two say what is usual: a row is laxer when we let more requests through than the stricter of
//! them. Both run as they come, with nothing set but addresses, deadlines, and as much room for a
//! head as we have: a limit is everybody's own choice, a grammar is not. One that is not installed
//! is said to be, and compared with nothing.

#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]

#[path = "support/front.rs"]
mod front;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{net::SocketAddr, process::ExitCode};

use front::Front;
use support::{
    bench::{self, ANSWER},
    probes::{Probe, probes},
    upstream::Upstream,
    wire,
};

fn main() -> ExitCode {
    let ours = bench::start();
    // One for each: what a proxy still sends on when it was answered is not taken for another's.
    let upstreams = [Upstream::answering(ANSWER), Upstream::answering(ANSWER)];
    let [nginx, haproxy] = &upstreams;
    let fronts = [Front::nginx(nginx.address()), Front::haproxy(haproxy.address())];
    for it in fronts.iter().filter_map(|it| it.as_ref().err()) {
        println!("{it}");
    }
    println!("{:<52}{:>14}{:>14}{:>14}", "probe", "portcullis", "nginx", "haproxy");
    let mut n_laxer = 0;
    for probe in probes() {
        let [nginx, haproxy] = [0, 1].map(|n| {
            let address = fronts.get(n)?.as_ref().ok()?.address;
            Some(outcome(address, upstreams.get(n)?, &probe))
        });
        let row = [Some(outcome(ours.proxy.address(), &ours.upstream, &probe)), nginx, haproxy];
        n_laxer += usize::from(is_laxer(&row));
        print(&probe, &row);
    }
    println!("{n_laxer} laxer than the stricter of the others");
    if n_laxer == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What becomes of a probe.
#[derive(Clone, Copy)]
struct Outcome {
    /// 0 when there was no answer.
    status: u16,
    n_reached: usize,
}

fn outcome(to: SocketAddr, upstream: &Upstream, probe: &Probe) -> Outcome {
    drop(upstream.take());
    let status = wire::exchange(to, &probe.bytes).map_or(0, |it| it.status());
    Outcome { status, n_reached: upstream.take().len() }
}

/// Ours comes first.
fn is_laxer([ours, others @ ..]: &[Option<Outcome>; 3]) -> bool {
    let strictest = others.iter().flatten().map(|it| it.n_reached).min();
    ours.zip(strictest).is_some_and(|(ours, strictest)| ours.n_reached > strictest)
}

fn print(probe: &Probe, row: &[Option<Outcome>; 3]) {
    let [ours, nginx, haproxy] = row.map(|it| match it {
        None => "-".to_owned(),
        Some(Outcome { status, n_reached: 0 }) => format!("{status} refused"),
        Some(Outcome { status, n_reached: 1 }) => format!("{status} passed"),
        Some(Outcome { status, n_reached }) => format!("{status} passed {n_reached}"),
    });
    let verdict = if is_laxer(row) { "  laxer" } else { "" };
    println!("{:<52}{ours:>14}{nginx:>14}{haproxy:>14}{verdict}", probe.name);
}
