//! What a gate tells of the documents that came.

mod support;

use portcullis::admission::Gate;
use support::judge;

const POLICY: &str = "http: { batch: 2 }\nlimits: { depth: 2 }\n";

const FINE: &str = r#"{"query":"{ me { id } }"}"#;
const DEEP: &str = r#"{"query":"{ me { best { id } } }"}"#;

/// Admitted and refused of one document after these bodies.
#[track_caller]
fn check(bodies: &[&str], expect: (u64, u64)) {
    let gate: Gate = judge::gate("schema.graphql", POLICY, "tests/rules");
    // What comes for the first time may come never again, and is not kept.
    for body in [FINE, DEEP].iter().chain(bodies) {
        let _verdict = judge::judge(&gate, body.as_bytes());
    }
    let uses = gate.usage().uses;
    let used = uses.iter().find(|it| it.admitted + it.refused == expect.0 + expect.1);
    let found = used.map(|it| (it.admitted, it.refused));
    assert_eq!(found, Some(expect), "{uses:?}");
}

#[test]
fn what_is_refused_with_its_batch_is_not_counted_as_admitted() {
    let (fine, deep) = (FINE, DEEP);
    check(&[fine, fine], (2, 0));
    check(&[&format!("[{fine},{fine}]")], (2, 0));
    check(&[fine, &format!("[{fine},{deep}]"), fine], (2, 1));
}
