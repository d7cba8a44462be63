//! Policies that change while requests are judged, and a process that is told to stop.
//!
//! `PORTCULLIS_REQUESTS` says how many requests; the default keeps a test run short.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::{
    env, fs,
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use portcullis::{
    config::{Config, UpstreamUrl},
    server::{Reload, Reloader, Running, Server},
};
use serde_json::Value;
use support::{
    process::Process,
    upstream::Upstream,
    wire::{Message, read_message, request},
};

const SCHEMA: &str = "type Query { a: Int }";
/// Refuses the probe by its alias with 422, forwards `x-a` and the extension `a`.
const FIRST: &str = "version: 1\nname: first\nschema: { file: s.graphql }\nlimits: { aliases: 0 }\n\
    http: { forward_headers: [x-a], extensions: [a, b], forward_extensions: [a] }\n";
/// Refuses the probe by its size with 200, forwards `x-b` and the extension `b`.
const SECOND: &str = "version: 1\nname: second\nschema: { file: s.graphql }\nlimits: { fields: 1 }\n\
    http: { forward_headers: [x-b], extensions: [a, b], forward_extensions: [b], status: always-200 }\n";
const BROKEN: &str = "version: 1\nname: third\nschema: { file: s.graphql }\nlimits: { alias: 0 }\n";

fn n_requests(default: u64) -> u64 {
    let wanted = env::var("PORTCULLIS_REQUESTS").ok();
    wanted.map_or(default, |it| it.parse().expect("a number"))
}

/// A policy file in a folder of its own, and the server that runs under it.
struct Bench {
    folder: tempfile::TempDir,
    reloader: Reloader,
    running: Running,
    upstream: Upstream,
}

impl Bench {
    fn start(policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text| fs::write(folder.path().join(name), text).expect("write");
        write("s.graphql", SCHEMA);
        write("p.yaml", policy);
        let upstream = Upstream::start();
        let url = UpstreamUrl::parse(&format!("http://{}/graphql", upstream.address()));
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen: any, admin: Some(any), ..Config::new(url.expect("a URL")) };
        let path = folder.path().join("p.yaml");
        let (reloader, state) = Reloader::open(&path, config.cache, None).expect("a policy");
        let running = Server::start(config, state).expect("the server starts");
        Self { folder, reloader, running, upstream }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("write");
    }

    fn reload(&mut self) -> Reload {
        self.reloader.reload(&self.running)
    }

    fn ready(&self) -> Value {
        let admin = self.running.admin_addr().expect("an admin listener");
        let get = request("GET", "/readyz", &[("Host", "a")], None);
        support::wire::exchange(admin, &get).and_then(|it| it.json()).expect("JSON")
    }

    fn stop(self) {
        self.running.stop();
        assert_eq!(self.running.join(), 0);
    }
}

/// A client that keeps its connection.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(to: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(to).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        Some(Self(BufReader::new(stream)))
    }

    fn post(&mut self, body: &str) -> Option<Message> {
        let headers =
            [("Host", "a"), ("Content-Type", "application/json"), ("X-A", "1"), ("X-B", "1")];
        let bytes = request("POST", "/graphql", &headers, Some(body.as_bytes()));
        self.0.get_mut().write_all(&bytes).ok()?;
        read_message(&mut self.0).ok()?
    }
}

const PROBE: &str = r#"{"query":"{x:a y:a}"}"#;
const FINE: &str = r#"{"query":"{a}","extensions":{"a":1,"b":1}}"#;

/// Which policy has refused the probe, all of it.
fn judged_by(answer: &Message) -> &'static str {
    let json = answer.json().expect("JSON");
    let code = json["errors"][0]["extensions"]["code"].as_str().expect("a code");
    match (answer.status(), code) {
        (422, "MAX_ALIASES_LIMIT") => "first",
        (200, "MAX_FIELDS_LIMIT") => "second",
        mixed => panic!("a mixed verdict: {mixed:?}"),
    }
}

/// Which policy has written what was forwarded, all of it.
fn forwarded_by(message: &Message) -> &'static str {
    let json = message.json().expect("JSON");
    let extension = |name: &str| !json["extensions"][name].is_null();
    let header = |name: &str| message.header(name).is_some();
    match (header("x-a"), extension("a"), header("x-b"), extension("b")) {
        (true, true, false, false) => "first",
        (false, false, true, true) => "second",
        mixed => panic!("a mixed request: {mixed:?}"),
    }
}

#[test]
fn a_bad_policy_is_told_and_the_old_one_stays() {
    let mut bench = Bench::start(FIRST);
    assert_eq!(bench.ready()["policy"]["name"], "first");
    assert_eq!(bench.reload(), Reload::Unchanged);
    bench.write("p.yaml", BROKEN);
    assert_eq!(bench.reload(), Reload::Kept);
    let ready = bench.ready();
    assert_eq!((&ready["ready"], &ready["policy"]["name"]), (&true.into(), &"first".into()));
    let told = &ready["policy"]["failed_reload"]["found"][0];
    assert_eq!((&told["code"], &told["line"]), (&"unknown-key".into(), &4.into()), "{ready}");
    bench.write("p.yaml", FIRST);
    assert_eq!(bench.reload(), Reload::Unchanged);
    assert!(bench.ready()["policy"]["failed_reload"].is_null());
    bench.write("s.graphql", "type Query { a: Int b: Int }");
    let digest = bench.ready()["policy"]["digest"].clone();
    assert_eq!(bench.reload(), Reload::Replaced);
    assert_ne!(bench.ready()["policy"]["digest"], digest);
    fs::remove_file(bench.folder.path().join("s.graphql")).expect("remove");
    assert_eq!(bench.reload(), Reload::Kept);
    bench.stop();
}

#[test]
fn a_changed_file_is_seen_without_a_signal() {
    let mut bench = Bench::start(FIRST);
    let look = |bench: &mut Bench| bench.reloader.look(&bench.running);
    assert_eq!([look(&mut bench), look(&mut bench)], [None, None]);
    bench.write("s.graphql", "type Query { a: Int b: Int }");
    assert_eq!([look(&mut bench), look(&mut bench)], [None, Some(Reload::Replaced)]);
    bench.write("p.yaml", BROKEN);
    assert_eq!([look(&mut bench), look(&mut bench)], [None, Some(Reload::Kept)]);
    // What was found bad is not read again before it changes.
    assert_eq!([look(&mut bench), look(&mut bench)], [None, None]);
    bench.write("p.yaml", SECOND);
    assert_eq!([look(&mut bench), look(&mut bench)], [None, Some(Reload::Replaced)]);
    bench.stop();
}

#[test]
fn no_verdict_is_mixed_while_policies_change() {
    const CLIENTS: u64 = 4;
    const RELOADS: u64 = 200;
    let per_client = n_requests(20_000) / CLIENTS;
    let mut bench = Bench::start(FIRST);
    let (address, n_done) = (bench.running.addr(), AtomicU64::new(0));
    let client = || ask_in_turn(address, per_client, &n_done);
    let seen = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        for n in 0..RELOADS {
            // Spread over the whole run; ends early when a client has failed.
            while n_done.load(Ordering::SeqCst) < n * per_client * CLIENTS / RELOADS
                && !clients.iter().all(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
            let (text, expect) = match n % 4 {
                0 => (SECOND, Reload::Replaced),
                2 => (FIRST, Reload::Replaced),
                _ => (BROKEN, Reload::Kept),
            };
            bench.write("p.yaml", text);
            assert_eq!(bench.reload(), expect);
        }
        clients.into_iter().map(|it| it.join().expect("no client fails")).collect::<Vec<_>>()
    });
    let by_policy = [0, 1].map(|it| seen.iter().map(|seen| seen[it]).sum::<u64>());
    assert!(by_policy.iter().all(|it| *it > 0), "{by_policy:?}");
    let forwarded = bench.upstream.take();
    assert_eq!(forwarded.len() as u64, per_client / 2 * CLIENTS);
    forwarded.iter().map(forwarded_by).for_each(drop);
    println!("{} requests, {RELOADS} reloads, refused by {by_policy:?}", per_client * CLIENTS);
    bench.stop();
}

/// Sends what is refused and what is not, in turn; how often either policy has refused.
fn ask_in_turn(address: SocketAddr, n_requests: u64, n_done: &AtomicU64) -> [u64; 2] {
    let mut client = Client::connect(address).expect("connect");
    let mut seen = [0; 2];
    for n in 0..n_requests {
        let answer = client.post(if n % 2 == 0 { PROBE } else { FINE }).expect("an answer");
        if n % 2 == 0 {
            seen[usize::from(judged_by(&answer) == "second")] += 1;
        } else {
            assert_eq!(answer.status(), 200);
        }
        n_done.fetch_add(1, Ordering::SeqCst);
    }
    seen
}

/// Every client sends until its connection is closed with notice and no new one can be had.
#[test]
fn a_process_that_is_told_to_stop_answers_what_it_has_accepted() {
    const CLIENTS: usize = 8;
    let before_the_end = n_requests(10_000);
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("p.yaml");
    fs::write(folder.path().join("s.graphql"), SCHEMA).expect("write");
    fs::write(&policy, FIRST).expect("write");
    let upstream = Upstream::start();
    let (mut process, address) = Process::start(&policy, upstream.address());
    let (n_sent, n_lost) = (AtomicU64::new(0), AtomicU64::new(0));
    let (is_told, all_connected) = (AtomicBool::new(false), Barrier::new(CLIENTS));
    let note = |is_first: bool| {
        let n = n_sent.fetch_add(1, Ordering::SeqCst);
        if is_first && n >= before_the_end && !is_told.swap(true, Ordering::SeqCst) {
            process.signal("-TERM");
        }
    };
    let client = |is_first: bool| {
        all_connected.wait();
        while let Some(mut client) = Client::connect(address) {
            if !send_until_closed(&mut client, &is_told, || note(is_first)) {
                n_lost.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        for n in 0..CLIENTS {
            let client = &client;
            scope.spawn(move || client(n == 0));
        }
    });
    let status = process.wait();
    println!("{n_sent:?} requests, {n_lost:?} lost");
    assert!(status.success() && n_sent.into_inner() >= before_the_end);
    assert_eq!(n_lost.into_inner(), 0);
}

/// Sends until the connection is closed with notice, or was never taken by a process that is told
/// to stop; false when a request was lost.
fn send_until_closed(client: &mut Client, is_told: &AtomicBool, note: impl Fn()) -> bool {
    let mut is_accepted = false;
    loop {
        note();
        // The system may have accepted the connection, and nobody took it from there.
        let Some(answer) = client.post(FINE) else {
            return !is_accepted && is_told.load(Ordering::SeqCst);
        };
        assert_eq!(answer.status(), 200);
        is_accepted = true;
        if answer.header("connection") == Some("close") {
            return true;
        }
    }
}

/// Asks until the policy in force is the one that is expected; hangs when it never is.
fn wait_until_judged_by(client: &mut Client, expect: &str) {
    while judged_by(&client.post(PROBE).expect("an answer")) != expect {}
}

#[test]
fn a_process_that_is_hung_up_on_reads_its_policy_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("p.yaml");
    fs::write(folder.path().join("s.graphql"), SCHEMA).expect("write");
    fs::write(&policy, FIRST).expect("write");
    let upstream = Upstream::start();
    let (mut process, address) = Process::start(&policy, upstream.address());
    let mut client = Client::connect(address).expect("it listens");
    assert_eq!(judged_by(&client.post(PROBE).expect("an answer")), "first");
    for (text, expect) in [(SECOND, "second"), (BROKEN, "second"), (FIRST, "first")] {
        fs::write(&policy, text).expect("write");
        process.signal("-HUP");
        wait_until_judged_by(&mut client, expect);
    }
    process.signal("-TERM");
    drop(client);
    assert!(process.wait().success());
}
