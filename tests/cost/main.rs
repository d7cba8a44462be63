//! The cost of operations: published numbers, laws, edges.

#![expect(
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod corpus;
mod edges;
mod executor;
mod fill;
mod golden;
mod large;
mod laws;
mod mistakes;
mod query;
mod sizes;
mod support;
mod world;
