//! Two processes behind `HAProxy`, as `deploy/` sets them up: one is stopped, or killed, under load.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::{
    fs,
    io::{BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use support::{
    process::Process,
    required::{can_run, on_path},
    upstream::Upstream,
    wire::{post, read_message},
};

const CONFIG: &str = include_str!("../deploy/haproxy/haproxy.cfg");
const POLICY: &str = "version: 1\nname: test\nschema: { file: test.graphql }\n";
const N_CLIENTS: usize = 8;
const N_REQUESTS: usize = 4_000;

/// It ends when it is dropped.
struct Balancer {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

impl Balancer {
    /// Asks until the status of an answer says that replicas are reached.
    fn start(replicas: [(SocketAddr, SocketAddr); 2], is_up: impl Fn(u16) -> bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut text = CONFIG.replace("bind LISTEN", &format!("bind {address}"));
        for (name, n, (listen, admin)) in [("FIRST", 1, replicas[0]), ("SECOND", 2, replicas[1])] {
            text = text
                .replace(&format!(" {name} "), &format!(" {listen} "))
                .replace(&format!("ADMIN{n}_HOST"), &admin.ip().to_string())
                .replace(&format!("ADMIN{n}_PORT"), &admin.port().to_string());
        }
        let path = folder.path().join("haproxy.cfg");
        fs::write(&path, text).unwrap();
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f"]).arg(&path).stdout(Stdio::null()).stderr(Stdio::null());
        let balancer = Self { process: command.spawn().unwrap(), address, _folder: folder };
        let begun = Instant::now();
        // It does not say when it listens and has seen the replicas.
        while !is_up(ask(&mut None, address)) {
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        balancer
    }
}

/// The status of an answer; 0 when there was none.
fn ask(stream: &mut Option<BufReader<TcpStream>>, to: SocketAddr) -> u16 {
    let mut asked =
        || -> std::io::Result<(BufReader<TcpStream>, Option<support::wire::Message>)> {
            let mut open = match stream.take() {
                Some(open) => open,
                None => BufReader::new(TcpStream::connect(to)?),
            };
            open.get_ref().set_read_timeout(Some(Duration::from_secs(20)))?;
            open.get_mut().write_all(&post(r#"{"query":"{ a }"}"#))?;
            let answer = read_message(&mut open)?;
            Ok((open, answer))
        };
    let Ok((open, Some(answer))) = asked() else { return 0 };
    if answer.header("connection") != Some("close") {
        *stream = Some(open);
    }
    answer.status()
}

/// How many requests fail when the first replica gets a signal in the middle of them.
fn failed_after(signal: &str) -> Option<usize> {
    if !can_run("replicas", "haproxy", on_path("haproxy")) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(folder.path().join("test.graphql"), "type Query { a: Int }").unwrap();
    fs::write(&policy, POLICY).unwrap();
    let upstream = Upstream::answering(r#"{"data":{"a":1}}"#);
    let (first, first_at, first_admin) = Process::start_both(&policy, upstream.address());
    let (_second, second_at, second_admin) = Process::start_both(&policy, upstream.address());
    let replicas = [(first_at, first_admin), (second_at, second_admin)];
    let balancer = Balancer::start(replicas, |status| status == 200);
    let (n_sent, n_failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..N_CLIENTS {
            scope.spawn(|| {
                let mut stream = None;
                while n_sent.fetch_add(1, Ordering::Relaxed) < N_REQUESTS {
                    let is_good = ask(&mut stream, balancer.address) == 200;
                    n_failed.fetch_add(usize::from(!is_good), Ordering::Relaxed);
                }
            });
        }
        while n_sent.load(Ordering::Relaxed) < N_REQUESTS / 4 {
            thread::yield_now();
        }
        first.signal(signal);
    });
    // The other one serves alone.
    assert_eq!(ask(&mut None, balancer.address), 200);
    Some(n_failed.into_inner())
}

#[test]
fn what_the_upstream_has_seen_is_sent_to_no_other_replica() {
    if !can_run("replicas", "haproxy", on_path("haproxy")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    fs::write(folder.path().join("test.graphql"), "type Query { a: Int }").unwrap();
    fs::write(&policy, POLICY).unwrap();
    let upstream = Upstream::raw(Some("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"));
    let (_first, first_at, first_admin) = Process::start_both(&policy, upstream.address());
    let (_second, second_at, second_admin) = Process::start_both(&policy, upstream.address());
    let replicas = [(first_at, first_admin), (second_at, second_admin)];
    let balancer = Balancer::start(replicas, |_status| !upstream.take().is_empty());
    assert!(ask(&mut None, balancer.address) >= 500);
    assert_eq!(upstream.take().len(), 1);
}

#[test]
fn no_request_is_lost_when_a_replica_is_told_to_stop() {
    let Some(n_failed) = failed_after("-TERM") else { return };
    assert_eq!(n_failed, 0);
}

#[test]
fn a_killed_replica_takes_with_it_what_it_was_answering_and_no_more() {
    let Some(n_failed) = failed_after("-KILL") else { return };
    // Those on their way, and as many that the system still took for it while it ended.
    assert!(n_failed <= 2 * N_CLIENTS, "{n_failed} failed");
}
