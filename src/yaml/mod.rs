//! YAML 1.2 as a tree of nodes that know their place.
//!
//! Scalars stay text: what a word such as `off` means is for the reader of the shape to say.

mod read;
pub mod scalar;
pub mod shape;
mod to_json;
mod tree;

pub use read::read;
pub use shape::Fields;

use std::{ops::Range, sync::Arc};

use crate::diagnostic::{Diagnostic, Source};

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

impl Node {
    /// True for `null`, `~` and nothing at all.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match &self.value {
            Value::Scalar { text, quoted: false } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Value::Scalar { quoted: true, .. } | Value::Mapping(_) | Value::Sequence(_) => false,
        }
    }

    /// The text, when it is a scalar that is not null.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            Value::Scalar { .. } | Value::Mapping(_) | Value::Sequence(_) => None,
        }
    }

    /// The text, when it is a scalar without quotes: the only ones that can be a number.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, quoted: false } if !self.is_null() => Some(text),
            Value::Scalar { .. } | Value::Mapping(_) | Value::Sequence(_) => None,
        }
    }

    /// An error about this node.
    #[must_use]
    pub fn error(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.source, self.head())
    }

    /// A warning about this node.
    #[must_use]
    pub fn warning(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(code, message).at(&self.source, self.head())
    }

    /// A note about this node.
    #[must_use]
    pub fn note(&self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::note(code, message).at(&self.source, self.head())
    }

    /// The text of the file that it is written with.
    #[must_use]
    pub fn as_written(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }

    /// How a message calls what this is.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Mapping(_) => "a mapping".into(),
            Value::Scalar { .. } if self.is_null() => "nothing".into(),
            Value::Scalar { text, .. } if text.chars().count() <= SHOWN && !text.contains('\n') => {
                format!("`{text}`")
            }
            Value::Scalar { .. } => "a long text".into(),
            Value::Sequence(_) => "a list".into(),
        }
    }

    /// What to underline: of a mapping over many lines only its first key.
    fn head(&self) -> Range<usize> {
        let text = self.source.text.get(self.span.clone()).unwrap_or_default();
        match &self.value {
            Value::Mapping(entries) if text.contains('\n') => {
                entries.first().map_or_else(|| self.span.clone(), |(key, _)| key.span.clone())
            }
            Value::Sequence(_) | Value::Mapping(_) | Value::Scalar { .. } => {
                let line = text.find('\n').unwrap_or(text.len());
                self.span.start..self.span.start.saturating_add(line)
            }
        }
    }
}

/// The longest word that a message repeats, in characters.
const SHOWN: usize = 60;
