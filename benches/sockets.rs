//! What a WebSocket costs in memory: 5,000 idle ones with a live subscription each, then 500 that
//! receive without pause, then none.
//!
//! The proxy is a process of its own, whose resident memory is read from `/proc`; clients and
//! upstream are threads of this one. After the first round the memory belongs to the allocator
//! whatever happens, so the round is repeated: what grows then is a leak.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench that cannot go on has failed, and prints what it has measured"
)]
#![allow(dead_code, reason = "it shares the proxy, and not all it can do")]

#[path = "support/children.rs"]
mod children;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    env, io,
    net::SocketAddr,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use children::Child;
use support::socket::{Client, SocketUpstream};

const N_IDLE: usize = 5_000;
const N_BUSY: usize = 500;
/// Events that a busy one takes, of 1 KB each.
const N_EVENTS: usize = 200;
const N_ROUNDS: usize = 2;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PORTCULLIS) => children::portcullis(&args),
        _ => measure(),
    };
    measured.map_or_else(
        |error| {
            println!("not measured: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn measure() -> io::Result<()> {
    let upstream = SocketUpstream::start();
    let at = upstream.address().to_string();
    let proxy = Child::start(&[children::PORTCULLIS, &at, "benches/documents/sockets.yaml"])?;
    let empty = proxy.resident()?;
    println!("empty: {} KiB, {} open files", empty, proxy.open_files()?);
    for round in 1..=N_ROUNDS {
        let mut idle: Vec<_> = (0..N_IDLE).map(|_| subscribed(proxy.address)).collect();
        let full = proxy.resident()?;
        let each = full.saturating_sub(empty) as f64 / N_IDLE as f64;
        println!("round {round}: {N_IDLE} idle: {full} KiB, {each:.1} KiB each");
        let busy = busy(proxy.address);
        let peak = proxy.resident()?;
        let beside = Instant::now();
        drop(subscribed(proxy.address));
        println!(
            "         {N_BUSY} busy beside them: {busy:.1?}, {peak} KiB; one more joins in {:.1?}",
            beside.elapsed()
        );
        for it in &mut idle {
            let _gone_already = it.0.close(None);
        }
        drop(idle);
        upstream.wait(|it| it.ended == N_IDLE + N_BUSY + 1);
        upstream.forget();
        println!("         none: {} KiB, {} open files", proxy.resident()?, proxy.open_files()?);
    }
    Ok(())
}

/// A socket with one live subscription that has had its first event.
fn subscribed(to: SocketAddr) -> Client {
    let mut client = Client::begun(to, &[]);
    client.subscribe("1", "subscription { tick }");
    assert_eq!(client.hear_short(), "next 1");
    client
}

/// Many sockets that take large events as fast as they come.
fn busy(to: SocketAddr) -> Duration {
    let begun = Instant::now();
    let take = move || {
        let mut client = Client::begun(to, &[]);
        client.subscribe("1", "subscription { busy }");
        for _ in 0..N_EVENTS {
            assert_eq!(client.hear_short(), "next 1");
        }
    };
    let threads: Vec<_> = (0..N_BUSY).map(|_| thread::spawn(take)).collect();
    for it in threads {
        it.join().expect("a client has had its events");
    }
    begun.elapsed()
}
