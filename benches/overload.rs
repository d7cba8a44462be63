//! How much good work is done when five times as much comes as the upstream can do.
//!
//! The upstream has so many places and takes so long for each request; whoever comes when all are
//! taken waits there without a limit, as with real servers. The load is an open loop: when each
//! request is due is fixed beforehand. Good is an answer of the upstream within a second of that.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![allow(dead_code, reason = "it shares the proxy, and not all it can do")]

#[path = "support/children.rs"]
mod children;
mod support;

use std::{
    env,
    future::pending,
    io,
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use children::Child;
use support::PRODUCT_PAGE;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep_until, timeout},
};

/// Requests that the upstream runs at a time.
const N_PLACES: usize = 8;
/// How long it takes for each.
const SERVICE: Duration = Duration::from_millis(20);
/// Requests per second: 8 / 20 ms.
const CAPACITY: f64 = 400.0;
/// Half of the places for each of the two workers, as an operator would set it.
const IN_FLIGHT: &str = "4";
const N_CONNECTIONS: usize = 256;
const TURN: Duration = Duration::from_secs(4);
const GOOD: Duration = Duration::from_secs(1);
/// Parts of the capacity among which the peak is.
const LADDER: [f64; 4] = [0.5, 0.8, 1.0, 1.2];
const OVERLOAD: f64 = 5.0;
/// The least part of the peak that must be left.
const GOAL: f64 = 0.8;

/// What became of the requests of one turn.
#[derive(Default)]
struct Count {
    good: AtomicUsize,
    late: AtomicUsize,
    shed: AtomicUsize,
    failed: AtomicUsize,
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let measured = match args.get(1).map(String::as_str) {
        Some(children::PORTCULLIS) => children::portcullis(&args).map(|()| 1.0),
        _ => compare(),
    };
    match measured {
        Ok(part) if part >= GOAL => ExitCode::SUCCESS,
        Ok(_too_little) => ExitCode::FAILURE,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> io::Result<f64> {
    let upstream = upstream()?.to_string();
    let proxy = Child::start(&[children::PORTCULLIS, &upstream, PRODUCT_PAGE.policy, IN_FLIGHT])?;
    turn(proxy.address, 0.2)?;
    println!("{:>8}{:>10}{:>8}{:>8}{:>8}{:>10}", "load", "good/s", "late", "shed", "failed", "KiB");
    let mut peak = 0.0_f64;
    for load in LADDER {
        peak = peak.max(row(&proxy, load)?);
    }
    let overloaded = row(&proxy, OVERLOAD)?;
    let part = overloaded / peak;
    println!("{part:>8.2} of the peak at {OVERLOAD} times the capacity, goal {GOAL}");
    Ok(part)
}

fn row(proxy: &Child, load: f64) -> io::Result<f64> {
    let count = turn(proxy.address, load)?;
    let of = |it: &AtomicUsize| it.load(Ordering::Relaxed);
    let per_second = of(&count.good) as f64 / TURN.as_secs_f64();
    let (late, shed, failed) = (of(&count.late), of(&count.shed), of(&count.failed));
    let rss = proxy.resident()?;
    println!("{load:>8.1}{per_second:>10.0}{late:>8}{shed:>8}{failed:>8}{rss:>10}");
    Ok(per_second)
}

fn turn(to: SocketAddr, load: f64) -> io::Result<Arc<Count>> {
    let count = Arc::new(Count::default());
    let counted = Arc::clone(&count);
    let request: Arc<[u8]> = request().into();
    let period = Duration::from_secs_f64(N_CONNECTIONS as f64 / (CAPACITY * load));
    Builder::new_current_thread().enable_all().build()?.block_on(async move {
        let begin = Instant::now();
        let mut clients = JoinSet::new();
        for n in 0..N_CONNECTIONS {
            let first = begin + period.mul_f64(n as f64 / N_CONNECTIONS as f64);
            let (count, request) = (Arc::clone(&count), Arc::clone(&request));
            clients.spawn(async move {
                let mut stream = None;
                for k in 0.. {
                    let due = first + period * k;
                    if due >= begin + TURN {
                        return;
                    }
                    sleep_until(due.into()).await;
                    let status = ask(&mut stream, to, &request).await.unwrap_or(0);
                    let counter = match status {
                        200 if due.elapsed() <= GOOD => &count.good,
                        200 => &count.late,
                        503 => &count.shed,
                        _ => &count.failed,
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while clients.join_next().await.is_some() {}
    });
    Ok(counted)
}

async fn ask(stream: &mut Option<TcpStream>, to: SocketAddr, request: &[u8]) -> io::Result<u16> {
    let mut open = match stream.take() {
        Some(open) => open,
        None => {
            let open = TcpStream::connect(to).await?;
            open.set_nodelay(true)?;
            open
        }
    };
    open.write_all(request).await?;
    let mut buffer = Vec::new();
    let Some(head) = message(&mut open, &mut buffer).await? else { return Ok(0) };
    if !head.contains("connection: close") {
        *stream = Some(open);
    }
    Ok(head.get(9..12).and_then(|it| it.parse().ok()).unwrap_or(0))
}

/// Reads one message and gives its head in lower case.
async fn message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<String>> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
        let Some(end) = buffer.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default());
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|it| it.strip_prefix("content-length:"));
        let length: usize = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
        if buffer.len() >= end + 4 + length {
            return Ok(Some(head));
        }
    }
}

fn request() -> Vec<u8> {
    let body = PRODUCT_PAGE.body();
    let head = "POST /graphql HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n";
    let length = format!("Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), length.as_bytes(), &body].concat()
}

/// Starts the upstream; it lives as long as this process.
fn upstream() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || runtime.block_on(serve(listener)));
    Ok(address)
}

async fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(N_PLACES));
    let body = r#"{"data":{}}"#;
    let answer: Arc<str> = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into();
    loop {
        let (mut stream, _) = listener.accept().await?;
        let (places, answer) = (Arc::clone(&places), Arc::clone(&answer));
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let mut buffer = Vec::new();
            while message(&mut stream, &mut buffer).await?.is_some() {
                let _place = places.acquire().await.map_err(io::Error::other)?;
                let _served = timeout(SERVICE, pending::<()>()).await;
                stream.write_all(answer.as_bytes()).await?;
            }
            Ok::<(), io::Error>(())
        });
    }
}
