//! Fuzzing without a special compiler: bytes of real inputs, mutated, against laws that hold for
//! all of them.
//!
//! `PORTCULLIS_FUZZ=n` makes n executions of each target, other ones in every run; without it a
//! few thousand that are always the same. What was found is kept as a case in `tests/corpus/fuzz`.
//! `tests/fuzz/guided` runs the same laws under libFuzzer.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod answers;
mod counts;
mod documents;
mod files;
mod graphql_js;
mod heads;
mod http_head;
mod json_text;
mod mutate;
mod proofs;
mod sockets;
#[path = "../support/mod.rs"]
mod support;

/// The folder of the package.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
