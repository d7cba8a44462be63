//! Directives that stand in the schema, and the constant values in them and in defaults.
//!
//! Kept as written; what they mean is for those who know them, like `cost`.

use std::ops::Range;

/// A directive applied in the schema: `@cost(weight: "3")`.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its name without `@`.
    pub name: Box<str>,
    /// Where the name stands in [`Schema::source`](crate::schema::Schema::source).
    pub span: Range<usize>,
    /// Its arguments as written.
    pub arguments: Box<[(Box<str>, Const)]>,
}

impl Applied {
    /// The value of an argument as written.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&Const> {
        self.arguments.iter().find(|(it, _)| &**it == name).map(|(_, value)| value)
    }
}

/// A constant value of the schema. Numbers keep their text.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    /// `true`, `false`
    Boolean(bool),
    /// `NAME`
    Enum(Box<str>),
    /// `1.5e3`
    Float(Box<str>),
    /// `42`
    Int(Box<str>),
    /// `[ … ]`
    List(Box<[Const]>),
    /// `null`
    Null,
    /// `{ key: value }`
    Object(Box<[(Box<str>, Const)]>),
    /// `"…"`
    String(Box<str>),
}
