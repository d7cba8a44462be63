//! Every operation of the real corpus goes through the baseline policy, unchanged and with room.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod support;

use std::{collections::BTreeMap, fs::read_to_string, sync::Arc};

use portcullis::{
    admission::{CacheLimits, Gate, Outcome, Request, explain},
    document::{OperationId, ReadLimits, canonical_text, print, read, second_reader},
    identity::Caller,
    json,
    policy::{BASELINE, Policy, ProfileIdx},
    verdict::Verdict,
};
use serde_json::Value;
use support::{judge, values};

fn corpus(name: &str, file: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/corpus/real/{name}/{file}");
    read_to_string(&path).unwrap_or_else(|it| panic!("{path}: {it}"))
}

/// The largest measure of every limit, and the limit.
type Maxima = BTreeMap<&'static str, (u64, u64)>;

/// Judges every operation of a set by the baseline policy and what its upstream adds to that.
fn check(name: &str, n_operations: usize, added: &str) {
    let folder = format!("tests/corpus/real/{name}");
    let policy = Arc::new(judge::policy(&format!("{BASELINE}{added}"), &folder));
    let gate = Gate::new(Arc::clone(&policy), CacheLimits::default());
    let lines = corpus(name, "operations.jsonl");
    assert_eq!(lines.lines().count(), n_operations);
    let mut maxima = Maxima::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let text = line["query"].as_str().expect("a query");
        let variables = values::fitting(&policy, text);
        let body = format!("{{\"query\":{},\"variables\":{variables}}}", json::escape(text));
        let verdict = judge::judge(&gate, body.as_bytes());
        // Introspection alone is answered from the schema: nothing goes on.
        if matches!(verdict, Verdict::Answer(_)) {
            continue;
        }
        let forwarded = judge::forwarded(&verdict);
        let forwarded = forwarded.unwrap_or_else(|| panic!("{verdict:?}\n{text}"));
        check_text(text, forwarded["query"].as_str().expect("a query"));
        measure(&policy, text, &variables, &mut maxima);
    }
    // The default cost limit only reports: 162 of 1,254 real operations exceed it.
    let enforced = maxima.iter().filter(|(it, _)| **it != "cost.max");
    assert!(enforced.clone().all(|(_, (measured, limit))| measured <= limit), "{maxima:?}");
    let shown = maxima.iter().map(|(it, (measured, limit))| format!("{it} {measured}/{limit}"));
    println!("{name}: {n_operations} operations: {}", shown.collect::<Vec<_>>().join(", "));
}

/// Printing loses nothing, and the second reader reads the canonical text in the same way.
fn check_text(text: &str, forwarded: &str) {
    let read = |it| read(it, &ReadLimits::CEILINGS).unwrap_or_else(|why| panic!("{why}: {text}"));
    let first = read(text).document;
    let printed = print(&first);
    assert!(first.same_syntax(&read(&printed).document), "{text}");
    let canonical = canonical_text(&first, OperationId(0));
    assert_eq!(canonical, forwarded, "{text}");
    assert_eq!(second_reader(&canonical, &first, OperationId(0)), Ok(()), "{text}");
}

fn measure(policy: &Policy, text: &str, variables: &str, maxima: &mut Maxima) {
    let tree = json::read(variables.as_bytes(), json::Limits::default()).expect("JSON");
    let variables = Some(tree.root());
    let request = Request { query: Some(json::Literal::of(text)), variables, ..Request::default() };
    let told = explain(policy, ProfileIdx::BASE, &request, (&Caller::default(), judge::NOW));
    for line in told.lines {
        if let Outcome::Measured { measured, limit, .. } = line.outcome {
            let limit = limit.unwrap_or_else(|| panic!("`{}` is off", line.rule.setting));
            let largest = maxima.entry(line.rule.setting).or_insert((0, limit));
            largest.0 = largest.0.max(measured);
        }
    }
}

#[test]
fn operations_of_github() {
    check("github", 44, "");
}

#[test]
fn operations_of_linear() {
    check("linear", 332, "");
}

#[test]
fn operations_of_shopify() {
    // Directives beyond the two of the language are allowed by name, and it uses two.
    check("shopify-storefront", 70, "");
}

#[test]
fn operations_of_swapi() {
    // One of its examples is about introspection.
    check("swapi", 8, "introspection: allow\n");
}
