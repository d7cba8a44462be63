//! Strict JSON: bytes in, a flat tree of borrowed pieces out.
//!
//! RFC 8259 to the letter, and stricter where parsers are known to disagree: a duplicate key, a
//! lone surrogate or a byte order mark is an error. Numbers and strings keep their text, so that
//! what is forwarded is what was written. `serde_json` cannot give that back (its values lose the
//! text of numbers, its raw values hide what is inside), so the scanner is our own and a property
//! test holds it to accept nothing that `serde_json` refuses.

mod error;
mod literal;
mod plain;
mod read;
mod recent;
mod scan;
mod unescape;
mod write;

pub use error::{Error, Problem};
pub use literal::Literal;
pub use read::{Limits, Lists, read, read_again};
pub use recent::Recent;
pub use write::{escape, push_escaped};

use std::{borrow::Cow, ops::Range};

use crate::json::literal::{says, unquote};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[ … ]`
    Array,
    /// `true`, `false`
    Boolean(bool),
    /// `null`
    Null,
    /// A number; see [`Value::text`].
    Number,
    /// `{ … }`
    Object,
    /// A string; see [`Value::string`].
    String,
}

/// A piece of the text, by its first byte and the first behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// The whole value; of a string with its quotes.
    piece: Piece,
    /// Of a member of an object: the key with its quotes.
    key: Option<Piece>,
    /// First node behind this subtree.
    end: u32,
    /// Direct children of an array or object.
    n_children: u32,
    /// Containers inside containers, itself counted; 0 for anything else.
    height: u32,
}

/// A text that was read: its values in preorder.
#[derive(Debug)]
pub struct Tree<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

/// A value of a [`Tree`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'t> {
    tree: &'t Tree<'t>,
    node: u32,
}

impl<'a> Tree<'a> {
    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value { tree: self, node: 0 }
    }

    fn str(&self, piece: Piece) -> &'a str {
        self.text.get(piece.start as usize..piece.end as usize).unwrap_or_default()
    }
}

impl<'t> Value<'t> {
    const ABSENT: Node = Node {
        kind: Kind::Null,
        piece: Piece { start: 0, end: 0 },
        key: None,
        end: 0,
        n_children: 0,
        height: 0,
    };

    fn node(self) -> &'t Node {
        self.tree.nodes.get(self.node as usize).unwrap_or(&Self::ABSENT)
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Its text as written.
    #[must_use]
    pub fn text(self) -> &'t str {
        self.tree.str(self.node().piece)
    }

    /// Where it stands in the text, in bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        let Piece { start, end } = self.node().piece;
        start as usize..end as usize
    }

    /// Its key, when it is a member of an object.
    #[must_use]
    pub fn key(self) -> Option<Cow<'t, str>> {
        Some(unquote(self.tree.str(self.node().key?)))
    }

    /// Its key as written, with quotes.
    #[must_use]
    pub fn key_text(self) -> Option<&'t str> {
        Some(self.tree.str(self.node().key?))
    }

    /// Whether it is the member of this name.
    #[must_use]
    pub fn is_under(self, key: &str) -> bool {
        self.key_text().is_some_and(|it| says(it, key))
    }

    /// Its content, when it is a string.
    #[must_use]
    pub fn string(self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::String).then(|| unquote(self.text()))
    }

    /// The same with its escapes, to be resolved when it is needed.
    #[must_use]
    pub fn literal(self) -> Option<Literal<'t>> {
        (self.kind() == Kind::String).then(|| Literal::scanned(self.text()))
    }

    /// Number of elements or members.
    #[must_use]
    pub fn n_children(self) -> u32 {
        self.node().n_children
    }

    /// Containers inside containers, itself counted: 0 for a scalar, 1 for `[]`.
    #[must_use]
    pub fn height(self) -> u32 {
        self.node().height
    }

    /// The elements of an array or the members of an object.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'t> {
        let end = self.node().end;
        let mut next = self.node.saturating_add(1);
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = Value { tree: self.tree, node: next };
                next = child.node().end.max(next.saturating_add(1));
                child
            })
        })
    }

    /// The value and everything in it, in the order written.
    pub fn descendants(self) -> impl Iterator<Item = Self> + use<'t> {
        (self.node..self.node().end.max(self.node.saturating_add(1)))
            .map(move |node| Value { tree: self.tree, node })
    }

    /// A member of an object.
    #[must_use]
    pub fn member(self, key: &str) -> Option<Self> {
        if self.kind() != Kind::Object {
            return None;
        }
        self.children().find(|it| it.is_under(key))
    }
}
