//! What the suites share: policies from text, and requests from JSON.

#![allow(dead_code, reason = "every suite uses its own part")]

pub mod bazaar;
pub mod judge;
pub mod upstream;
pub mod wire;
