//! How long honest clients wait while 200 others send heads, and 200 more bodies, byte by byte; and
//! while floods of HTTP/2 frames come in.
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
#[path = "support/slow.rs"]
mod slow;
mod support;

use std::{
    env,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use children::Child;
use http2_floods::{Flood, Flooding};
use load::Upstream;
use slow::SlowClients;
use support::PRODUCT_PAGE;

/// Odd, so that there is a median.
const N_PAIRS: usize = 7;
const TURN: Duration = Duration::from_secs(3);
/// Each has one connection and every eighth request.
const N_SENDERS: u32 = 8;
/// The most that the disturbed p99 may be, as a multiple of the quiet one.
const GOAL: f64 = 2.0;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PORTCULLIS) => children::portcullis(&args).map(|()| 0.0),
        _ => compare(),
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

/// The worst of the medians.
fn compare() -> io::Result<f64> {
    let upstream = Upstream::start()?;
    let proxy = Child::start(&[children::PORTCULLIS, &upstream.address(), PRODUCT_PAGE.policy])?;
    let request = request();
    // Caches and connections settle before anything counts.
    peak(proxy.address, &request)?;
    let peak = peak(proxy.address, &request)?;
    println!("{peak:.0} requests per second in a closed loop, half of it in an open one");
    let load = Load { to: proxy.address, request, period: Duration::from_secs_f64(2.0 / peak) };
    let mut worst = 0.0_f64;
    for trouble in Trouble::ALL {
        println!("{trouble:?}");
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
}

impl Trouble {
    const ALL: [Self; 5] = [
        Self::SlowClients,
        Self::Http2(Flood::RapidReset),
        Self::Http2(Flood::Continuation),
        Self::Http2(Flood::Ping),
        Self::Http2(Flood::Settings),
    ];
}

/// The honest requests.
struct Load {
    to: SocketAddr,
    request: Vec<u8>,
    /// Between two of them.
    period: Duration,
}

fn median(load: &Load, trouble: Trouble) -> io::Result<f64> {
    let mut ratios = Vec::new();
    for _ in 0..N_PAIRS {
        let quiet = turn(load)?;
        let (disturbed, n) = match trouble {
            Trouble::SlowClients => {
                let slow = SlowClients::start(load.to)?;
                (turn(load)?, slow.stop())
            }
            Trouble::Http2(flood) => {
                let flooding = Flooding::start(load.to, flood)?;
                (turn(load)?, flooding.stop())
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

/// Requests per second when each waits for the one before.
fn peak(to: SocketAddr, request: &[u8]) -> io::Result<f64> {
    let start = Instant::now();
    let n: u32 = thread::scope(|scope| {
        let one = || {
            let mut stream = connect(to)?;
            let mut n = 0;
            while start.elapsed() < TURN {
                stream.write_all(request)?;
                read_answer(&mut stream)?;
                n += 1;
            }
            Ok::<_, io::Error>(n)
        };
        let all: Vec<_> = (0..N_SENDERS).map(|_| scope.spawn(one)).collect();
        let joined = all.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(panicked())));
        joined.sum::<io::Result<u32>>()
    })?;
    Ok(f64::from(n) / TURN.as_secs_f64())
}

fn panicked() -> io::Error {
    io::Error::other("a sender has panicked")
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn request() -> Vec<u8> {
    let body = PRODUCT_PAGE.body();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// The p99 of one turn.
fn turn(load: &Load) -> io::Result<Duration> {
    let start = Instant::now() + Duration::from_millis(50);
    let mut latencies = thread::scope(|scope| {
        let senders: Vec<_> =
            (0..N_SENDERS).map(|n| scope.spawn(move || send(load, start, n))).collect();
        let mut all = Vec::new();
        for it in senders {
            all.extend(it.join().map_err(|_| panicked())??);
        }
        Ok::<_, io::Error>(all)
    })?;
    latencies.sort();
    let n = latencies.len() * 99 / 100;
    latencies.get(n).copied().ok_or_else(|| io::Error::other("no request was sent"))
}

/// Sends every `N_SENDERS`-th request when it is due.
fn send(load: &Load, start: Instant, first: u32) -> io::Result<Vec<Duration>> {
    let mut stream = connect(load.to)?;
    let mut latencies = Vec::new();
    let mut n = first;
    loop {
        let due = load.period * n;
        if due > TURN {
            return Ok(latencies);
        }
        let due = start + due;
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
        stream.write_all(&load.request)?;
        read_answer(&mut stream)?;
        latencies.push(due.elapsed());
        n += N_SENDERS;
    }
}

/// The upstream's answer is 1 KB and ends with these bytes, and holds them nowhere else.
fn read_answer(stream: &mut TcpStream) -> io::Result<()> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while !answer.ends_with(b"\"}}") {
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => answer.extend_from_slice(piece.get(..n).unwrap_or_default()),
        }
    }
    let is_good = answer.starts_with(b"HTTP/1.1 200 ");
    if is_good { Ok(()) } else { Err(io::Error::other(String::from_utf8_lossy(&answer))) }
}
