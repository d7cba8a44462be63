//! What each feature costs: CPU per request of Portcullis with one after the other added, against a
//! plain hyper pass-through of the same run.
//!
//! `cargo bench --bench features -- 3` takes three turns instead of nine.

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

#[path = "support/children.rs"]
mod children;
#[path = "support/contest.rs"]
mod contest;
#[path = "support/load.rs"]
mod load;
#[path = "support/pieces.rs"]
mod pieces;
mod support;

use std::{env, io, path::PathBuf, process::ExitCode};

use children::Child;
use contest::{End, Score, Server, Task, caution, n_turns, play, same};
use load::Upstream;
use pieces::{API_KEY, Joined};
use portcullis::telemetry::{AuditSink, finish_audit, start_audit};
use support::PRODUCT_PAGE;

const N_TURNS: usize = 9;

/// Each with the pieces of the ones before it.
const STEPS: &[(&str, &[&str])] = &[
    ("limits", &["limits", "no_cost"]),
    ("+ cost", &["limits", "cost"]),
    ("+ authorization", &["limits", "cost", "authorization"]),
    ("+ quotas", &["limits", "cost", "authorization", "quotas"]),
    ("+ response guards", ALL),
    ("+ audit log", ALL),
];
const ALL: &[&str] = &["limits", "cost", "authorization", "quotas", "response"];
/// The step that is told where to write.
const AUDITED: &str = "+ audit log";

const MUTATION: &str = r#"{"query":"mutation Add($id: ID!) { addToCart(productId: $id, quantity: 2) { id items { quantity product { id name } } total { amount currency } } }","variables":{"id":"p1"}}"#;
const MUTATION_ANSWER: &str = r#"{"data":{"addToCart":{"id":"k1","items":[{"quantity":2,"product":{"id":"p1","name":"Cup"}}],"total":{"amount":39.8,"currency":"EUR"}}}}"#;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    let done = match args.get(1).map(String::as_str) {
        Some(children::PASS_THROUGH) => children::pass_through(&args),
        Some(children::PORTCULLIS) => portcullis(&args),
        _ => compare(n_turns(&args, N_TURNS)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// With an audit log when there is a file for one.
fn portcullis(args: &[String]) -> io::Result<()> {
    if let Some(path) = args.get(5) {
        start_audit(AuditSink::of(PathBuf::from(path)))?;
    }
    let served = children::portcullis(args);
    finish_audit();
    served
}

fn compare(n_turns: usize) -> io::Result<()> {
    if let Some(caution) = caution() {
        println!("{caution}");
    }
    let answer = include_str!("documents/product_page_answer.json").trim();
    let query = scores("known query", PRODUCT_PAGE.body(), answer, n_turns)?;
    let mutation = scores("known mutation", MUTATION.into(), MUTATION_ANSWER, n_turns)?;
    let title = "µs of CPU per request";
    println!(
        "{title:<24}{:>12}{:>8}{:>18}{:>8}",
        "known query", "ratio", "known mutation", "ratio"
    );
    let names = ["pass-through"].into_iter().chain(STEPS.iter().map(|(name, _)| *name));
    for (name, (query, mutation)) in names.zip(query.into_iter().zip(mutation)) {
        match (query, mutation) {
            (Ok(query), Ok(mutation)) => println!(
                "{name:<24}{:>12.1}{:>8.2}{:>18.1}{:>8.2}",
                query.micros, query.ratio, mutation.micros, mutation.ratio
            ),
            (Err(why), _) | (_, Err(why)) => println!("{name:<24}not measured: {why}"),
        }
    }
    Ok(())
}

fn scores(
    name: &'static str,
    body: Vec<u8>,
    answer: &str,
    n_turns: usize,
) -> io::Result<Vec<Result<Score, String>>> {
    let upstream = Upstream::answering(answer)?;
    let address = upstream.address();
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("audit.jsonl").display().to_string();
    let mut policies = Vec::new();
    let mut children = vec![Child::start(&[children::PASS_THROUGH, &address])?];
    for (step, pieces) in STEPS {
        let policy = Joined::new(pieces)?;
        let path = policy.path();
        let mut args = vec![children::PORTCULLIS, &address, &path];
        if *step == AUDITED {
            // As many requests to the upstream at once as usual.
            args.extend(["usual", &log]);
        }
        children.push(Child::start(&args)?);
        policies.push(policy);
    }
    // Without optimisation only whether it works is of interest.
    let n_requests = if cfg!(debug_assertions) { 300 } else { 6_000 };
    let body = same(body);
    let task = Task { name, head: API_KEY, n_warm: n_requests / 3, n_requests, body };
    let servers: Vec<(&dyn Server, End)> =
        children.iter().map(|it| (it as &dyn Server, End::AtTheUpstream)).collect();
    Ok(play(&upstream, &task, &servers, n_turns))
}
