//! The schema language: text in, definitions with their extensions merged out.
//!
//! Knows syntax and where each name stands; what names mean is `schema::check`'s.

mod built_in;
mod cursor;
mod definition;
mod merge;
mod part;
mod repeat;
mod report;
mod string;
mod syntax;
mod token;
mod value;

pub(in crate::schema) use built_in::{is_federation_directive, is_meta_field};
pub(in crate::schema) use definition::definitions;
pub(in crate::schema) use merge::{Document, merge};
pub(in crate::schema) use report::{Report, did_you_mean};
pub(in crate::schema) use syntax::{
    AppliedSyntax, Definition, DefinitionKind, EnumValueSyntax, FieldSyntax, InputSyntax, Name,
    RootSyntax, Span, TypeSyntax,
};
