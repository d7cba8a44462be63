//! The validation rules of the specification.
//!
//! Two ways, because nearly every document is valid: `proof` walks our arena once and only says
//! yes, or nothing. Where it says nothing, `explain` asks the validator of `bluejay`, which knows
//! what is wrong and has the last word. So the proof may give up on what is rare, but must not say
//! yes to what the explanation would refuse.
//!
//! Comes after `count`: both follow every spread, so what they may be given is bounded by
//! `Ceilings`. Judges no policy and reads no variables.

mod beyond_validator;
mod explain;
mod invalid;
mod mistakes;
mod proof;
#[cfg(test)]
mod tests;

pub use explain::objections;
pub use invalid::Invalid;

use crate::{
    document::{Document, Read, validate::beyond_validator::beyond_validator},
    schema::Schema,
};

/// Validates a document against a schema.
///
/// # Errors
/// What is wrong, the first ten.
pub fn validate(schema: &Schema, read: &Read) -> Result<(), Vec<Invalid>> {
    if is_proven(schema, &read.document) {
        return Ok(());
    }
    let found = objections(schema, &read.document);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// True when a document is valid for certain; false says nothing.
#[must_use]
pub fn is_proven(schema: &Schema, document: &Document) -> bool {
    beyond_validator(document).is_empty() && proof::of(schema, document).is_some()
}
