//! Variables that are too large are refused for their size, whatever their values are.

#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;

use portcullis::{
    admission::{CacheLimits, Gate},
    diagnostic::Source,
    policy,
    verdict::{Code, Verdict},
};
use support::judge;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "s.graphql".into(), text: text.into() })
}

/// A list of `n` strings of ten bytes and one that is given, under the default limit of 500.
fn check(n: usize, last: &str, expect: Option<Code>) {
    let text = "version: 1\nname: t\nschema: { file: s.graphql }\n";
    let schema = "type Query { a(x: [String!]!): Int }";
    let (policy, found) = policy::load(source(text), &mut |_| Ok(source(schema)));
    let policy = Arc::new(policy.unwrap_or_else(|| panic!("{found:?}")));
    let gate = Gate::new(policy, CacheLimits::default());
    let list = r#""0123456789","#.repeat(n);
    let query = "query($x: [String!]!) { a(x: $x) }";
    let body = format!(r#"{{"query":"{query}","variables":{{"x":[{list}{last}]}}}}"#);
    let code = match judge::judge(&gate, body.as_bytes()) {
        Verdict::Reject(rejected) => rejected.found.first().map(|it| it.code),
        Verdict::Admit(_) | Verdict::Answer(_) => None,
    };
    assert_eq!(code, expect, "{n} and {last}");
}

#[test]
fn sizes_come_before_values() {
    check(499, r#""""#, None);
    check(500, r#""""#, Some(Code::MAX_VARIABLES_LIMIT));
    check(499, "1", Some(Code::BAD_USER_INPUT));
    check(500, "1", Some(Code::MAX_VARIABLES_LIMIT));
}
