//! The audits of `graphql-http` against the server alone and through the firewall.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    node::{Server, can_run, run},
    support::proxy::Proxy,
};

/// Each audit by its id, with its outcome: 0 `ok`, 1 `notice`, 2 `warn`, 3 `error`.
type Audits = BTreeMap<String, (usize, Value)>;

const OUTCOMES: [&str; 4] = ["ok", "notice", "warn", "error"];

fn audits(port: u16, direct: &[&str]) -> Audits {
    let told = run("audits", port, direct);
    let told: BTreeMap<String, Value> = serde_json::from_str(&told).expect("JSON");
    let outcome = |it: &Value| OUTCOMES.iter().position(|word| it["status"] == *word);
    told.into_iter().map(|(id, it)| (id, (outcome(&it).expect("an outcome"), it))).collect()
}

fn through(server: &Server, policy: &str) -> Audits {
    let proxy = Proxy::start(policy, server.address());
    audits(proxy.address().port(), &[])
}

#[test]
fn no_audit_is_worse_than_without_us() {
    if !can_run("audits") {
        return;
    }
    let server = Server::start();
    let direct = audits(0, &[&format!("http://{}/up", server.address())]);
    assert_eq!(direct.len(), 61);
    for (id, (outcome, told)) in through(&server, "tests/clients/audit.yaml") {
        assert!(outcome <= direct[&id].0, "{id}: {told}");
    }
    for (id, (outcome, told)) in through(&server, "tests/clients/default.yaml") {
        assert!(outcome < 3, "{id}: {told}");
    }
}
