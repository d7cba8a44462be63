//! The drill: every step of a request fails in every way, and the upstream sees none of them.
//!
//! 3,000 faults by default; `PORTCULLIS_DRILL=100000` for more.

use std::{
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    admission::{CacheLimits, Gate},
    config::{Config, UpstreamUrl},
    diagnostic::Source,
    faults::ALL,
    policy,
    server::{Server, State},
};

const POLICY: &str = "\
version: 1
name: drill
schema: { file: s.graphql }
http: { get: on, batch: 2 }
rates: [{ name: all, key: client.ip, limit: 1000000/s }]
";
const SCHEMA: &str = "type Query { healthy: Int faulty: Int }";
const KINDS: [&str; 3] = ["error", "panic", "silence"];
const N_CLIENTS: usize = 64;

/// What the upstream has seen.
#[derive(Default)]
struct Seen {
    healthy: AtomicUsize,
    faulty: AtomicUsize,
}

#[test]
fn no_fault_lets_a_request_through() {
    let n = env::var("PORTCULLIS_DRILL").ok().and_then(|it| it.parse().ok()).unwrap_or(3_000);
    let seen = Arc::new(Seen::default());
    let upstream = upstream(Arc::clone(&seen));
    let running = Server::start(config(upstream), state()).unwrap();
    let (to, next) = (running.addr(), AtomicUsize::new(0));
    let n_refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..N_CLIENTS {
            scope.spawn(|| {
                let mut stream = connect(to);
                // Budget: `n`.
                loop {
                    let n_this = next.fetch_add(1, Ordering::Relaxed);
                    if n_this >= n {
                        return;
                    }
                    let status = ask(&mut stream, to, &faulty(n_this));
                    assert!(matches!(status, 500 | 504), "fault {n_this}: {status}");
                    n_refused.fetch_add(1, Ordering::Relaxed);
                    // In between, the same connection serves.
                    if n_this % 8 == 0 {
                        let status = ask(&mut stream, to, &request(n_this, "", "healthy"));
                        // One that is late is refused, or cut off in its answer.
                        assert!(matches!(status, 0 | 200 | 504), "after {n_this}: {status}");
                    }
                }
            });
        }
    });
    running.stop();
    let _cut_off = running.join();
    assert_eq!(n_refused.into_inner(), n);
    assert_eq!(seen.faulty.load(Ordering::SeqCst), 0);
    assert!(seen.healthy.load(Ordering::SeqCst) > n / 32);
}

/// Every stage in every way, over POST, GET and a batch.
fn faulty(n: usize) -> Vec<u8> {
    let (stage, kind) = (n % ALL.len(), KINDS[(n / ALL.len()) % KINDS.len()]);
    request(n / (ALL.len() * KINDS.len()), &format!("x-fault: {stage} {kind}\r\n"), "faulty")
}

fn request(n: usize, header: &str, field: &str) -> Vec<u8> {
    let body = match n % 3 {
        0 => format!(r#"{{"query":"{{ {field} }}"}}"#),
        1 => format!(r#"[{{"query":"{{ {field} }}"}}]"#),
        _ => {
            let head = "Host: a\r\ngraphql-require-preflight: 1\r\n";
            let target = format!("/graphql?query=%7B{field}%7D");
            return format!("GET {target} HTTP/1.1\r\n{head}{header}\r\n").into_bytes();
        }
    };
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    format!("{head}{header}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn ask(stream: &mut TcpStream, to: SocketAddr, bytes: &[u8]) -> u16 {
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    let mut piece = [0; 4096];
    loop {
        let n = stream.read(&mut piece).unwrap();
        answer += std::str::from_utf8(&piece[..n]).unwrap();
        let is_whole = answer.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
            length.is_some_and(|it| it.parse() == Ok(body.len()))
        });
        if n == 0 || is_whole {
            break;
        }
    }
    if answer.contains("connection: close") || answer.is_empty() {
        *stream = connect(to);
    }
    answer.get(9..12).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn config(upstream: SocketAddr) -> Config {
    let url = UpstreamUrl::parse(&format!("http://{upstream}/graphql")).unwrap();
    let mut config = Config::new(url);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.admin = None;
    config.workers = NonZeroUsize::MIN.saturating_add(1);
    // Silence ends by it; an honest request that is later than that is refused, too.
    config.deadlines.request = Duration::from_millis(100);
    config
}

fn state() -> State {
    let source = |text: &str| Arc::new(Source { name: "s".into(), text: text.into() });
    let (policy, found) = policy::load(source(POLICY), &mut |_| Ok(source(SCHEMA)));
    let policy = policy.unwrap_or_else(|| panic!("{found:?}"));
    State::new(Gate::new(Arc::new(policy), CacheLimits::default()))
}

fn upstream(seen: Arc<Seen>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let seen = Arc::clone(&seen);
            thread::spawn(move || answer(stream, &seen));
        }
    });
    address
}

fn answer(mut stream: TcpStream, seen: &Seen) {
    let mut text = String::new();
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut piece) {
        text += &String::from_utf8_lossy(&piece[..n]);
        // Also a part of a request would be one too many.
        seen.faulty.fetch_add(usize::from(text.contains("faulty")), Ordering::SeqCst);
        if !text.ends_with('}') && !text.ends_with(']') {
            continue;
        }
        seen.healthy.fetch_add(usize::from(text.contains("healthy")), Ordering::SeqCst);
        let body = if text.ends_with(']') { r#"[{"data":{}}]"# } else { r#"{"data":{}}"# };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
        text.clear();
        if write!(stream, "{head}{}\r\n\r\n{body}", body.len()).is_err() {
            return;
        }
    }
}
