//! Fuzzing without a special compiler: bytes of real inputs, mutated, against laws that hold for
//! all of them.
//!
//! `PORTCULLIS_FUZZ=n` makes n executions of each target, other ones in every run; without it a
//! few thousand that are always the same. What was found is kept as a case in `tests/corpus/fuzz`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and prints what a person may ask for"
)]

mod answers;
mod documents;
mod files;
mod graphql_js;
mod http_head;
mod json_text;
mod mutate;
mod proofs;
mod sockets;
#[path = "../support/mod.rs"]
mod support;
