//! The upstream's types, loaded once from SDL and immutable after.
//!
//! Text → definitions (`sdl`) → names checked (`check`) → two views of one document: `Schema`'s own
//! flat tables, which rules and cost read by index, and the definitions of `bluejay`, which only
//! validation reads.

mod applied;
mod check;
mod coordinate;
mod definitions;
mod drift;
mod field_names;
mod field_set;
mod introspected;
mod link;
mod literal;
mod load;
mod model;
mod print;
mod same_default;
mod scalar;
mod sdl;
mod sdl_text;
mod tables;
mod type_set;

pub use applied::{Applied, Const};
pub use coordinate::{Bound, Coordinate, Pattern, is_whole_number};
pub(crate) use definitions::Definitions;
pub use drift::{Difference, Gravity, drift};
pub use field_set::FieldSet;
pub use introspected::{INTROSPECTION_QUERY, NoSchema, OLD_INTROSPECTION_QUERY, sdl_of_answer};
pub(crate) use literal::literal;
pub use model::{
    DirectiveDefinition, EnumValue, Field, FieldId, Input, InputId, InputOwner, Kind,
    OperationKind, Schema, Type, TypeId, TypeRef, Wrapper,
};
pub use scalar::Scalar;
pub use type_set::TypeSet;
