//! In which words a document is printed: its own, or those that the second reader takes.
//!
//! Its grammar wants the directives of a variable before the default, takes enum values apart that
//! begin like another literal (in lists even without an error), and has no room for numbers beyond
//! floats. Told in other words it can read all of it, and nothing is left out.

use std::borrow::Cow;

use crate::document::{Document, ValueKind};

/// How a document is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// As it was written.
    Own,
    /// As the second reader takes it.
    SecondReader,
}

impl Words {
    /// Those in which the second reader can read a document: its own, unless they will not do.
    pub(super) fn for_second_reader(document: &Document) -> Self {
        let other = Self::SecondReader;
        let is_value = |kind: ValueKind| match kind {
            ValueKind::Enum(name) => matches!(other.enum_value(document.str(name)), Cow::Owned(_)),
            ValueKind::Float(it) | ValueKind::Int(it) => other.quotes(document.str(it)),
            ValueKind::Boolean(_)
            | ValueKind::List
            | ValueKind::Null
            | ValueKind::Object
            | ValueKind::String(_)
            | ValueKind::Variable(_) => false,
        };
        let operations = document.operations().iter();
        let mut variables = operations.flat_map(|it| document.variables(it.variables));
        let must_be_other = variables.any(|it| it.default.is_some() && !it.directives.is_empty())
            || document.values().iter().any(|it| is_value(it.kind));
        if must_be_other { other } else { Self::Own }
    }

    /// An enum value.
    pub(super) fn enum_value(self, name: &str) -> Cow<'_, str> {
        let is_split = ["true", "false", "null"].iter().any(|it| name.starts_with(it));
        match self {
            Self::SecondReader if is_split => Cow::Owned(format!("_{name}")),
            Self::Own | Self::SecondReader => Cow::Borrowed(name),
        }
    }

    /// Whether a number is written as a string.
    pub(super) fn quotes(self, number: &str) -> bool {
        self == Self::SecondReader && number.parse().is_ok_and(|it: f64| it.abs() > LARGE)
    }
}

/// Below the largest float: who multiplies by powers of ten may be off by a little.
const LARGE: f64 = 1e300;
