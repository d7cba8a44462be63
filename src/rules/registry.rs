//! The list of rules: one line each, in the order in which the README shows them.

use crate::rules::{Meta, Setting};

/// One rule of the product.
#[derive(Debug)]
pub struct Entry {
    /// What it is called.
    pub meta: &'static Meta,
    /// How it is set, and made.
    pub setting: Setting,
}

/// The position of a rule in [`REGISTRY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleIdx(pub(crate) usize);

/// Every rule.
pub static REGISTRY: &[Entry] = &[];
