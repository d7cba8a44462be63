//! Real clients from npm, in Node, through the firewall to a real server: each does its work, and
//! each shows a refusal the way its users expect an error.
//!
//! `npm ci --prefix tests/clients/node` installs them.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod audits;
mod node;

use node::{Server, can_run, run};
use support::proxy::Proxy;

/// Runs a script, and what it is told to do, through the firewall.
fn check(script: &str, arguments: &[&str]) {
    check_under("policy", script, arguments);
}

/// The same under a policy of its own.
fn check_under(policy: &str, script: &str, arguments: &[&str]) {
    if !can_run(script) {
        return;
    }
    let server = Server::start();
    let proxy = Proxy::start(&format!("tests/clients/{policy}.yaml"), server.address());
    run(script, proxy.address().port(), arguments);
}

#[test]
fn apollo_client_asks_and_changes() {
    check("apollo-client", &["query", "mutation", "refusal"]);
}

#[test]
fn apollo_client_persists_its_queries() {
    check("apollo-client", &["persisted"]);
}

#[test]
fn apollo_client_goes_on_with_texts_where_hashes_stand_for_nothing() {
    check_under("listed", "apollo-client", &["unlisted"]);
}

#[test]
fn apollo_client_sends_batches() {
    check("apollo-client", &["batch"]);
}

#[test]
fn apollo_client_uploads_files() {
    check("apollo-client", &["upload"]);
}

#[test]
fn graphql_request_works() {
    check("graphql-request", &[]);
}

#[test]
fn graphql_sse_works() {
    check("graphql-sse", &[]);
}

#[test]
fn graphql_ws_works() {
    check("graphql-ws", &[]);
}

#[test]
fn relay_runtime_works() {
    check("relay-runtime", &[]);
}

#[test]
fn urql_works() {
    check("urql", &[]);
}
