//! What the benches share: two operations of a made-up shop, and the gates that judge them.

#![allow(dead_code, reason = "every bench uses its own part")]
#![expect(clippy::panic, reason = "a bench that cannot go on has failed")]

pub(crate) mod floods;

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, LazyLock},
};

use portcullis::{
    admission::{CacheLimits, Gate, Requests, UnixSeconds},
    diagnostic::{Colour, render},
    identity::{Caller, Identity},
    json::Tree,
    policy::Policy,
    sources::load_policy,
    transport::decode,
    verdict::Verdict,
};

/// An operation with the variables that a client sends along.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// The name of the operation in `text`.
    operation: &'static str,
    variables: &'static str,
    /// The policy file that admits it.
    pub(crate) policy: &'static str,
}

/// 1.4 KB, with its variables 1.6 KB.
pub(crate) const PRODUCT_PAGE: Sample = Sample {
    name: "1.5KB",
    text: include_str!("../documents/product_page.graphql"),
    operation: "ProductPage",
    variables: include_str!("../documents/product_page.json"),
    policy: "benches/documents/limits.yaml",
};

/// The same under ten rules on fields and three on inputs.
pub(crate) const PRODUCT_PAGE_AUTHORIZED: Sample =
    Sample { name: "1.5KB+rules", policy: "benches/documents/authorized.yaml", ..PRODUCT_PAGE };

/// A policy under which a flood gets as far as being read.
pub(crate) const FLOODED: Sample =
    Sample { name: "100KB", policy: "benches/documents/wide.yaml", ..PRODUCT_PAGE };

/// 5.9 KB, with its variables 6.3 KB.
pub(crate) const ACCOUNT_PAGE: Sample = Sample {
    name: "6KB",
    text: include_str!("../documents/account_page.graphql"),
    operation: "AccountPage",
    variables: include_str!("../documents/account_page.json"),
    policy: "benches/documents/wide.yaml",
};

/// A time at which no exception of a policy plays a part.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

impl Sample {
    pub(crate) fn policy(&self) -> Arc<Policy> {
        let (policy, found) = load_policy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(self.policy));
        Arc::new(policy.unwrap_or_else(|| panic!("{}", render(&found, Colour::Plain))))
    }

    /// The request as a client sends it.
    pub(crate) fn body(&self) -> Vec<u8> {
        self.body_of(self.text)
    }

    /// The same under another name of the operation: a document of the same size that nobody has
    /// seen before, as long as `n` was not given before.
    pub(crate) fn renamed(&self, n: usize) -> Vec<u8> {
        self.body_of(&self.text.replacen(self.operation, &format!("{}{n:06}", self.operation), 1))
    }

    fn body_of(&self, text: &str) -> Vec<u8> {
        let (query, variables) = (serde_json::Value::from(text), self.variables.trim());
        format!("{{\"query\":{query},\"variables\":{variables}}}").into_bytes()
    }
}

/// A gate with room for `documents` in each of its shards, always seeded alike.
pub(crate) fn gate(policy: Arc<Policy>, documents: usize) -> Gate {
    let documents = NonZeroUsize::new(documents).unwrap_or(NonZeroUsize::MIN);
    Gate::with_seed(policy, CacheLimits { documents, ..CacheLimits::default() }, 7)
}

pub(crate) fn requests<'t>(tree: &'t Tree<'t>, policy: &Policy) -> Requests<'t> {
    decode(tree, &policy.http).unwrap_or_else(|it| panic!("{it:?}"))
}

/// Someone whose token was verified before; nobody asks where no rule does.
static CALLER: LazyLock<Caller> = LazyLock::new(|| {
    let claims = serde_json::json!({ "sub": "u1", "roles": ["CUSTOMER"] });
    let identity = claims.as_object().cloned().map(Identity::new).map(Arc::new);
    Caller { identity, ..Caller::default() }
});

/// Judges requests that must be admitted.
pub(crate) fn admit(gate: &Gate, requests: &Requests<'_>) -> usize {
    match gate.admit(requests, &CALLER, NOW) {
        Verdict::Admit(admitted) => admitted.body().len(),
        Verdict::Answer(_) => panic!("answered without the upstream"),
        Verdict::Reject(rejected) => panic!("{:?}", rejected.found),
    }
}

/// Judges requests that must be refused.
pub(crate) fn refuse(gate: &Gate, requests: &Requests<'_>) -> bool {
    match gate.admit(requests, &CALLER, NOW) {
        Verdict::Reject(rejected) => !rejected.found.is_empty() || !rejected.items.is_empty(),
        Verdict::Admit(_) | Verdict::Answer(_) => panic!("a flood was let through"),
    }
}
