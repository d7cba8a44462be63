//! Trusted documents: how long a manifest takes to load, and what a flood of unique documents does
//! to the time in which one is judged.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has failed, and prints what it has measured"
)]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    admission::{CacheLimits, Gate, Requests, UnixSeconds},
    diagnostic::Source,
    identity::Caller,
    json,
    policy::{self, Digest},
    transport::decode,
    verdict::Verdict,
};

const SCHEMA: &str = "type Query { a: Int b(x: Int): Int }";
const POLICY: &str = "version: 1\nname: t\nschema: { file: s.graphql }\n\
    documents: { manifests: [m.json] }\n";
const DOCUMENTS: u32 = 10_000;
const ROUNDS: u32 = 50_000;

fn text(n: u32) -> String {
    format!("query Q{n}($x: Int) {{ a b(x: $x) c: b(x: {n}) }}")
}

fn main() {
    let hash = |text: &str| Digest::of(text.as_bytes()).to_string();
    let listed: BTreeMap<_, _> = (0..DOCUMENTS).map(text).map(|it| (hash(&it), it)).collect();
    let manifest = serde_json::to_string(&listed).expect("JSON");
    let source = |name: &str, text: &str| Arc::new(Source { name: name.into(), text: text.into() });
    let begun = Instant::now();
    let (policy, _) = policy::load(source("p.yaml", POLICY), &mut |name| {
        Ok(source(name, if name == "s.graphql" { SCHEMA } else { &manifest }))
    });
    let policy = policy.expect("a policy");
    println!("{DOCUMENTS} documents are read in {:?}", begun.elapsed());
    let begun = Instant::now();
    let gate = Gate::new(Arc::new(policy), CacheLimits::default());
    println!("and compiled in {:?}", begun.elapsed());

    let by_id = format!(r#"{{"documentId":"{}","variables":{{"x":1}}}}"#, hash(&text(7)));
    let by_text = format!(r#"{{"query":"{}","variables":{{"x":1}}}}"#, text(7));
    for (name, body) in [("by id", by_id), ("by text", by_text)] {
        let round = || time(|| admit(&gate, &body));
        for _ in 0..1000 {
            round();
        }
        let quiet = (0..ROUNDS).map(|_| round()).sum::<Duration>() / ROUNDS;
        let mut n = DOCUMENTS;
        let flooded = (0..ROUNDS).map(|_| {
            n += 1;
            admit(&gate, &format!(r#"{{"query":"{}"}}"#, text(n)));
            round()
        });
        let flooded = flooded.sum::<Duration>() / ROUNDS;
        let ratio = flooded.as_secs_f64() / quiet.as_secs_f64();
        println!("{name}: {quiet:?} alone, {flooded:?} in a flood: {ratio:.2}");
    }
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
