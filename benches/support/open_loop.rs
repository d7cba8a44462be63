//! Honest clients at a fixed rate: when each request is due is fixed beforehand, and its latency
//! counts from then, whatever became of the one before.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::support::PRODUCT_PAGE;

const TURN: Duration = Duration::from_secs(3);
/// Each has one connection and every eighth request.
const N_SENDERS: u32 = 8;

/// The honest requests.
pub(crate) struct OpenLoop {
    pub(crate) to: SocketAddr,
    request: Vec<u8>,
    /// Between two of them.
    period: Duration,
}

impl OpenLoop {
    /// So many requests per second.
    pub(crate) fn new(to: SocketAddr, per_second: f64) -> Self {
        let period = Duration::from_secs_f64(1.0 / per_second);
        Self { to, request: request(), period }
    }

    /// The p99 of one turn.
    pub(crate) fn turn(&self) -> io::Result<Duration> {
        let start = Instant::now() + Duration::from_millis(50);
        let mut latencies = thread::scope(|scope| {
            let senders: Vec<_> =
                (0..N_SENDERS).map(|n| scope.spawn(move || send(self, start, n))).collect();
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
}

/// Requests per second when each waits for the one before.
pub(crate) fn peak(to: SocketAddr) -> io::Result<f64> {
    let request = &*request();
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

/// Sends every `N_SENDERS`-th request when it is due.
fn send(load: &OpenLoop, start: Instant, first: u32) -> io::Result<Vec<Duration>> {
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
