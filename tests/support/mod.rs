//! What the suites share: policies from text, requests as bytes, a proxy, an upstream.

#![allow(dead_code, reason = "every suite uses its own part")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

pub(crate) mod bazaar;
pub(crate) mod bench;
pub(crate) mod documents;
pub(crate) mod judge;
pub(crate) mod probes;
#[cfg(test)]
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod redis;
pub(crate) mod required;
pub(crate) mod socket;
pub(crate) mod tape;
pub(crate) mod upstream;
pub(crate) mod values;
pub(crate) mod wire;
