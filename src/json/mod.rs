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
pub(crate) use plain::n_plain;
pub use read::{Limits, Lists, read, read_again};
pub use recent::Recent;
pub use write::{escape, push_escaped};

use std::{borrow::Cow, ops::Range};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `[ … ]`
    Array,
    /// `true`, `false`
    Boolean(bool),
    /// `null`, for which a file stands that comes apart; see [`Tree::put_file`].
    File,
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

/// Whether something has to be resolved to know what a string says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    /// It says what is written.
    None,
    Some,
}

impl Piece {
    const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }
}

/// A string literal, with its quotes.
#[derive(Clone, Copy, Debug)]
struct Written {
    piece: Piece,
    escapes: Escapes,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// Of a string.
    escapes: Escapes,
    /// The whole value; of a string with its quotes.
    piece: Piece,
    /// Of a member of an object.
    key: Option<Written>,
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
    n_files: u32,
}

/// Where a value stands in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u32);

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

    /// Says of a null that a file stands for it; false when it is none, or no longer.
    pub fn put_file(&mut self, place: Place) -> bool {
        let node = self.nodes.get_mut(place.0 as usize);
        let Some(node) = node.filter(|it| it.kind == Kind::Null) else { return false };
        node.kind = Kind::File;
        self.n_files = self.n_files.saturating_add(1);
        true
    }

    fn str(&self, piece: Piece) -> &'a str {
        self.text.get(piece.start as usize..piece.end as usize).unwrap_or_default()
    }

    fn literal(&self, written: Written) -> Literal<'a> {
        Literal::scanned(self.str(written.piece), written.escapes)
    }

    /// Whether two say the same.
    #[inline]
    fn are_same(&self, one: Written, other: Written) -> bool {
        if one.escapes == Escapes::Some || other.escapes == Escapes::Some {
            return self.literal(one).says(&self.literal(other).text());
        }
        one.piece.len() == other.piece.len() && self.bytes(one.piece) == self.bytes(other.piece)
    }

    /// Bits of which two that say the same have one in common.
    #[inline]
    fn mark(&self, written: Written) -> u64 {
        match (written.escapes, self.bytes(written.piece)) {
            (Escapes::None, [_, first, .., last, _]) => {
                1 << (first.wrapping_mul(7).wrapping_add(*last) & 63)
            }
            (Escapes::None, inner) => 1 << (inner.len() & 63),
            (Escapes::Some, _) => u64::MAX,
        }
    }

    fn bytes(&self, piece: Piece) -> &'a [u8] {
        let range = piece.start as usize..piece.end as usize;
        self.text.as_bytes().get(range).unwrap_or_default()
    }
}

impl<'t> Value<'t> {
    const ABSENT: Node = Node {
        kind: Kind::Null,
        escapes: Escapes::None,
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

    /// Where it stands in its tree.
    #[must_use]
    pub const fn place(self) -> Place {
        Place(self.node)
    }

    /// Whether that place is its own, or of something in it.
    #[must_use]
    pub fn holds(self, place: Place) -> bool {
        (self.node..self.node().end.max(self.node.saturating_add(1))).contains(&place.0)
    }

    /// Whether it is a file, or one is in it.
    #[must_use]
    pub fn holds_file(self) -> bool {
        self.tree.n_files > 0 && self.descendants().any(|it| it.kind() == Kind::File)
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
        Some(self.tree.literal(self.node().key?).into_text())
    }

    /// Its key as written, with quotes.
    #[must_use]
    pub fn key_text(self) -> Option<&'t str> {
        Some(self.tree.str(self.node().key?.piece))
    }

    /// Whether it is the member of this name.
    #[must_use]
    pub fn is_under(self, key: &str) -> bool {
        self.node().key.is_some_and(|it| self.tree.literal(it).says(key))
    }

    /// Its content, when it is a string.
    #[must_use]
    pub fn string(self) -> Option<Cow<'t, str>> {
        self.literal().map(Literal::into_text)
    }

    /// The same with its escapes, to be resolved when it is needed.
    #[must_use]
    pub fn literal(self) -> Option<Literal<'t>> {
        let Node { kind, escapes, piece, .. } = *self.node();
        (kind == Kind::String).then(|| self.tree.literal(Written { piece, escapes }))
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
