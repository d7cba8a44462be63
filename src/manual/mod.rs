//! The manual: how it is built, what it defends against and what not, and how to come to it.
//!
//! Pages only; there is no code here, and only `cargo doc` sees it.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("threat_model.md")]
pub mod threat_model {}

#[doc = include_str!("defaults.md")]
pub mod defaults {}

#[doc = include_str!("ways_in.md")]
pub mod ways_in {}

#[doc = include_str!("rates.md")]
pub mod rates {}

#[doc = include_str!("owasp.md")]
pub mod owasp {}

#[doc = include_str!("continuous_integration.md")]
pub mod continuous_integration {}

#[doc = include_str!("observing.md")]
pub mod observing {}

#[doc = include_str!("tuning.md")]
pub mod tuning {}

#[doc = include_str!("migration.md")]
pub mod migration {}
