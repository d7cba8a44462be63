//! Trusted documents: how long a manifest takes to load, what a flood of unique documents does to
//! the time in which one is judged, and whether anybody notices when one manifest follows another.
//!
//! A flood drives a processor's caches as well as ours. So it is sent to the same gate and to
//! another one, and what the first has on the second is what the flood does to trusted documents.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints what it has measured"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpStream},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portcullis::{
    admission::{CacheLimits, Gate, Requests, UnixSeconds},
    config::{Config, UpstreamUrl},
    diagnostic::Source,
    digest::Digest,
    identity::Caller,
    json,
    policy::{self, Policy},
    server::{Server, State},
    transport::decode,
    verdict::Verdict,
};
use support::{
    bench::{POST, exchange, status},
    upstream::Upstream,
};

const SCHEMA: &str = "type Query { a: Int b(x: Int): Int }";
const POLICY: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n\
    documents: { manifests: [m.json] }\n";
const DOCUMENTS: u32 = 10_000;
const ROUNDS: u32 = 20_000;
const SWAPS: usize = 6;

fn text(n: u32) -> String {
    format!("query Q{n}($x: Int) {{ a b(x: $x) c: b(x: {n}) }}")
}

fn main() {
    let begun = Instant::now();
    let policy = policy(0..DOCUMENTS);
    println!("{DOCUMENTS} documents are read in {:?}", begun.elapsed());
    let begun = Instant::now();
    let gate = Gate::new(Arc::clone(&policy), CacheLimits::default());
    println!("and compiled in {:?}", begun.elapsed());

    let other = Gate::new(Arc::clone(&policy), CacheLimits::default());
    let by_id = format!(r#"{{"documentId":"{}","variables":{{"x":1}}}}"#, hash(&text(7)));
    let by_text = format!(r#"{{"query":"{}","variables":{{"x":1}}}}"#, text(7));
    for (name, body) in [("by id", by_id), ("by text", by_text)] {
        let mut n = DOCUMENTS;
        let mut flooding = |flooded: &Gate| {
            n += 1;
            admit(flooded, &format!(r#"{{"query":"{}"}}"#, text(n)));
            time(|| admit(&gate, &body))
        };
        let quiet = (0..ROUNDS).map(|_| time(|| admit(&gate, &body))).sum::<Duration>() / ROUNDS;
        let (mut same, mut apart) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..ROUNDS {
            same += flooding(&gate) / ROUNDS;
            apart += flooding(&other) / ROUNDS;
        }
        let ratio = same.as_secs_f64() / apart.as_secs_f64();
        println!(
            "{name}: {quiet:?} alone, {apart:?} beside a flood, {same:?} in a flood: {ratio:.2}"
        );
    }
    drop((gate, other));
    swapped(policy);
}

/// Two manifests of which one follows the other while documents of both are asked for.
fn swapped(policy: Arc<Policy>) {
    let upstream = Upstream::start();
    let url = UpstreamUrl::parse(&format!("http://{}/graphql", upstream.address()));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { listen: any, admin: None, ..Config::new(url.expect("a URL")) };
    let state = |policy: &Arc<Policy>| State::new(Gate::new(Arc::clone(policy), config.cache));
    let policies = [policy, self::policy(DOCUMENTS / 2..DOCUMENTS / 2 * 3)];
    let running = Server::start(config.clone(), state(&policies[0])).expect("it starts");
    let (address, is_over) = (running.addr(), AtomicBool::new(false));
    let ask = || {
        let mut stream = TcpStream::connect(address).expect("connect");
        let mut n_asked = 0;
        // In both manifests.
        for n in (DOCUMENTS / 2..DOCUMENTS).cycle() {
            let body = format!(r#"{{"documentId":"{}"}}"#, hash(&text(n)));
            let answer = exchange(&mut stream, POST, &body);
            assert_eq!(status(&answer), "200", "{answer}");
            n_asked += 1;
            if is_over.load(Ordering::Relaxed) {
                break;
            }
        }
        n_asked
    };
    let n_asked: u32 = thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        for n in 1..=SWAPS {
            running.replace(state(&policies[n % 2])).expect("it is in force");
        }
        is_over.store(true, Ordering::Relaxed);
        asking.into_iter().map(|it| it.join().expect("every answer is good")).sum()
    });
    running.stop();
    println!(
        "{n_asked} requests by id during {SWAPS} swaps of {DOCUMENTS} documents: all answered"
    );
}

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// One whose manifest lists these documents.
fn policy(listed: Range<u32>) -> Arc<Policy> {
    let listed: BTreeMap<_, _> = listed.map(text).map(|it| (hash(&it), it)).collect();
    let manifest = serde_json::to_string(&listed).expect("JSON");
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let (policy, _) = policy::load(source("p.yaml", POLICY), &mut |name| {
        Ok(source(name, if name == "s.graphql" { SCHEMA } else { &manifest }))
    });
    Arc::new(policy.expect("a policy"))
}

fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn admit(gate: &Gate, body: &str) {
    let tree = json::read(body.as_bytes(), json::Limits::default()).expect("JSON");
    let requests: Requests<'_> = decode(&tree, &gate.policy().http).expect("requests");
    let verdict = gate.admit(&requests, &Caller::default(), UnixSeconds(0));
    assert!(matches!(verdict, Verdict::Admit(_)), "{verdict:?}");
}
