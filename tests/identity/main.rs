//! Identity from end to end: tokens, API keys, and a key server on loopback that misbehaves.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod issuer;
mod key_server;
mod proxied;
mod remote_keys;
mod rotated;
