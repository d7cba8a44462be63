//! The bazaar corpus through a real listener and a recording upstream.
//!
//! Later features bring further classes in; `waits_for` says what is left out, and why.
//! The class `rate` is run by `tests/rates.rs`: with rates, one address could not send all this.

#![expect(clippy::print_stdout, reason = "a table of classes, for those who ask")]

mod support;

use std::{collections::BTreeMap, net::SocketAddr};

use portcullis::{telemetry::numbers, verdict::ids};
use support::{
    bazaar::{Case, bazaar_with, cases},
    proxy::Proxy,
    socket::SocketUpstream,
    upstream::Upstream,
    wire::exchange,
};

/// Classes that are refused completely by what is built.
const CLASSES: &[&str] = &[
    "alias",
    "cost",
    "depth",
    "directive",
    "duplication",
    "encoding",
    "field-authz",
    "flow",
    "fragment",
    "function-authz",
    "header",
    "http",
    "introspection",
    "inventory",
    "json",
    "jwt",
    "mass-assignment",
    "operation",
    "ownership",
    "pagination",
    "parser",
    "persisted",
    "probing",
    "rootfields",
    "smuggling",
    "ssrf",
    "variables",
    "ws",
];

/// Cases that wait for a later feature.
fn waits_for(case: &Case) -> Option<&'static str> {
    // They have a test of their own.
    (case.transport() == "ws").then_some("a socket")
}

fn run(case: &Case, proxy: SocketAddr, upstream: &Upstream) -> String {
    upstream.take();
    let answer = exchange(proxy, &case.bytes());
    let reached = upstream.take();
    if case.is_refused() {
        case.judge_refusal(answer.as_ref(), &reached)
    } else {
        case.judge_forward(answer.as_ref(), &reached)
    }
}

/// Runs cases, prints a line per class, and gives back the complaints.
fn run_all(cases: &[&Case]) -> Vec<String> {
    let upstream = Upstream::start();
    // Everything comes from one address here; rates have a test of their own.
    let folder = bazaar_with("");
    let policy = folder.path().join("policy.yaml");
    let proxy = Proxy::start(&policy.to_string_lossy(), upstream.address());
    let mut classes: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut complaints = Vec::new();
    for case in cases {
        let complaint = run(case, proxy.address(), &upstream);
        let (good, all) = classes.entry(case.class()).or_default();
        *all += 1;
        *good += u32::from(complaint.is_empty());
        if !complaint.is_empty() {
            complaints.push(format!("{} ({}): {complaint}", case.id(), case.why()));
        }
    }
    for (class, (good, all)) in classes {
        println!("{class:<18}{good}/{all}");
    }
    complaints
}

#[test]
fn attacks_are_refused() {
    let all = cases("attacks-public.jsonl");
    let wanted = all.iter().filter(|it| CLASSES.contains(&it.class()) && waits_for(it).is_none());
    let complaints = run_all(&wanted.collect::<Vec<_>>());
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    // Whatever objects is counted under its own id.
    let counted = numbers().rules;
    assert!(counted.iter().any(|it| it.0 == ids::DOCUMENT), "{counted:?}");
    assert!(counted.iter().all(|it| it.0 != "other"), "{counted:?}");
}

#[test]
fn benign_requests_are_forwarded() {
    let all = cases("benign-public.jsonl");
    let (waiting, wanted): (Vec<&Case>, Vec<&Case>) =
        all.iter().partition(|it| waits_for(it).is_some());
    for case in waiting {
        println!("{} waits for {}", case.id(), waits_for(case).unwrap_or_default());
    }
    let complaints = run_all(&wanted);
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn sockets_are_judged() {
    let upstream = SocketUpstream::start();
    // Everything comes from one address here; rates have a test of their own.
    let folder = bazaar_with("");
    let policy = folder.path().join("policy.yaml");
    let proxy = Proxy::start(&policy.to_string_lossy(), upstream.address());
    let mut complaints = Vec::new();
    let mut n = 0;
    for case in cases("attacks-public.jsonl").iter().chain(&cases("benign-public.jsonl")) {
        if case.transport() != "ws" {
            continue;
        }
        n += 1;
        upstream.forget();
        let heard = case.heard(proxy.address());
        let complaint = case.judge_socket(&heard, &upstream.seen());
        println!("{} {heard:?}", case.id());
        if !complaint.is_empty() {
            complaints.push(format!("{} ({}): {complaint}: {heard:?}", case.id(), case.why()));
        }
    }
    assert!(complaints.is_empty() && n > 10, "\n{}", complaints.join("\n"));
}
