//! The upstream's types, loaded once from SDL and immutable after.
//!
//! Two views of one text: `Schema`'s own flat tables, which rules and cost read by index, and the
//! definitions of `bluejay`, which only validation reads.

mod definitions;
mod load;
mod model;
mod type_set;

pub use model::{
    Applied, Const, DirectiveDefinition, EnumValue, Field, FieldId, Input, InputId, InputOwner,
    Kind, OperationKind, Schema, Type, TypeId, TypeRef, Wrapper,
};
pub use type_set::TypeSet;
pub(crate) use definitions::Definitions;
