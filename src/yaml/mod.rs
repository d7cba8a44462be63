//! YAML 1.2 as a tree of nodes that know their place.
//!
//! Scalars stay text: what a word such as `off` means is for the reader of the shape to say.

use std::{ops::Range, sync::Arc};

use crate::diagnostic::Source;

/// A node and its place in the file.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// The file.
    pub source: Arc<Source>,
    /// The bytes of the file.
    pub span: Range<usize>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// `{ key: value }`, keys in the order written; a duplicate key is a diagnostic.
    Mapping(Vec<(Node, Node)>),
    /// A scalar; `quoted` when it was written in quotes or as a block.
    Scalar {
        /// The text without quotes.
        text: String,
        /// True when quoted.
        quoted: bool,
    },
    /// `[ … ]`
    Sequence(Vec<Node>),
}
