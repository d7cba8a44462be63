//! The scalars that have rules of their own, told apart once when a schema is loaded.
//!
//! Does not know those rules: whoever reads values has them.

/// Which scalar a type is, by its name: those of the language, and those that stand for more than
/// a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `Boolean`
    Boolean,
    /// `Float`
    Float,
    /// `ID`
    Id,
    /// `Int`
    Int,
    /// Any other, or no scalar at all.
    Other,
    /// `String`
    String,
    /// A file of a multipart request: `Upload`, as most servers call it, or `File`.
    Upload,
}

impl Scalar {
    /// The scalar of that name.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "Boolean" => Self::Boolean,
            "Float" => Self::Float,
            "ID" => Self::Id,
            "Int" => Self::Int,
            "String" => Self::String,
            "File" | "Upload" => Self::Upload,
            _ => Self::Other,
        }
    }
}
