//! Whether the proxy holds its ground over twenty minutes: its memory and its open files, under
//! documents that are known, that are new, that are refused, and over connections that come and go.
//!
//! The proxy is a process of its own, read from `/proc` between two turns, when the connections of
//! the last one are closed; clients and upstream are threads of this one. The first half fills
//! caches and does not count. Of the rest, the line of least squares through all readings says what
//! it grows by; `cargo bench --bench soak -- 5` soaks for five minutes.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![allow(dead_code, reason = "it shares the upstream and the proxy, and not all they can do")]

#[path = "support/children.rs"]
mod children;
#[path = "support/load.rs"]
mod load;
mod support;

use std::{
    env, io,
    process::ExitCode,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use children::Child;
use load::{Load, Upstream};
use support::{PRODUCT_PAGE, floods};

const MINUTE: Duration = Duration::from_secs(60);
/// Unless it is told otherwise.
const N_MINUTES: u32 = 20;
/// Documents that come again and again: more than the cache has room for.
const N_DOCUMENTS: usize = 40_000;
/// 1.5 s: a connection that is closed on a client that sends is read on for a second.
const PAUSE: Duration = Duration::from_millis(1500);
/// The most that it may grow in an hour of this, in MiB: an allocator moves by as much.
const GOAL: f64 = 4.0;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PORTCULLIS) => children::portcullis(&args).map(|()| true),
        _ => soak(args.iter().find_map(|it| it.parse().ok()).unwrap_or(N_MINUTES)),
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The proxy at one time.
struct Reading {
    minutes: f64,
    resident: f64,
    files: f64,
}

/// False when it grew.
fn soak(n_minutes: u32) -> io::Result<bool> {
    let upstream = Upstream::start()?;
    let proxy = Child::start(&[children::PORTCULLIS, &upstream.address(), PRODUCT_PAGE.policy])?;
    println!("{:>8}{:>12}{:>12}{:>8}", "minutes", "requests", "RSS MiB", "files");
    let (begun, until) = (Instant::now(), MINUTE * n_minutes);
    let (mut turns, mut readings, mut n) = (Turns::new(), Vec::new(), 0);
    let mut due = Duration::ZERO;
    while begun.elapsed() < until {
        n += turns.next(&proxy)?;
        let files = files_at_rest(&proxy)? as f64;
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        let resident = proxy.resident()? as f64 / 1024.0;
        if begun.elapsed() >= due {
            println!("{minutes:>8.1}{n:>12}{resident:>12.1}{files:>8}");
            due += MINUTE;
        }
        readings.push(Reading { minutes, resident, files });
    }
    readings.retain(|it| it.minutes * 2.0 >= f64::from(n_minutes));
    let memory = slope(&readings, |it| it.resident) * 60.0;
    let files = slope(&readings, |it| it.files) * 60.0;
    println!("{memory:.2} MiB and {files:.1} files an hour, goal {GOAL:.1} MiB and less than 1");
    Ok(memory < GOAL && files < 1.0)
}

/// Open files, once their number stands still.
fn files_at_rest(proxy: &Child) -> io::Result<usize> {
    let mut last = proxy.open_files()?;
    // Budget: the connections of a turn, of which some are closed in every pause but the last.
    loop {
        thread::park_timeout(PAUSE);
        let now = proxy.open_files()?;
        if now >= last {
            return Ok(now);
        }
        last = now;
    }
}

/// What is sent, turn by turn.
struct Turns {
    known: Arc<[u8]>,
    flood: Arc<[u8]>,
    next_document: usize,
}

impl Turns {
    fn new() -> Self {
        let (known, flood) = (PRODUCT_PAGE.body().into(), floods::aliases().into());
        Self { known, flood, next_document: 0 }
    }

    /// Requests of every kind, each kind over connections of its own; how many there were.
    fn next(&mut self, proxy: &Child) -> io::Result<usize> {
        let known = vec![Arc::clone(&self.known); 4_000];
        let first = self.next_document;
        self.next_document = first + 2_000;
        let documents = (first..self.next_document)
            .map(|it| PRODUCT_PAGE.renamed(it % N_DOCUMENTS).into())
            .collect();
        let floods = vec![Arc::clone(&self.flood); 200];
        let mut n = 0;
        for (bodies, status) in [(known, 200), (documents, 200), (floods, 413)] {
            n += Load { to: proxy.address, bodies, status, head: "" }.run()?;
        }
        Ok(n)
    }
}

/// By how much a reading grows in a minute: the line of least squares.
fn slope(readings: &[Reading], of: impl Fn(&Reading) -> f64) -> f64 {
    let n = readings.len() as f64;
    let mean = |it: &dyn Fn(&Reading) -> f64| readings.iter().map(it).sum::<f64>() / n;
    let (x, y) = (mean(&|it| it.minutes), mean(&|it| of(it)));
    let both: f64 = readings.iter().map(|it| (it.minutes - x) * (of(it) - y)).sum();
    let square: f64 = readings.iter().map(|it| (it.minutes - x).powi(2)).sum();
    both / square
}
