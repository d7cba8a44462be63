//! A proof that a document is valid, by one walk over its arena.
//!
//! Says yes or nothing, and never why: what is wrong is for `explain` to say, and so is what is too
//! rare to be worth its own rules here. Repeated keys and the root fields of subscriptions are left
//! to `beyond_validator`, cycles of fragments to `count`; they come before.

mod arguments;
mod definitions;
mod equal;
mod merging;
mod names;
mod parents;
pub(super) mod selections;
mod values;
mod variables;

use crate::{
    document::{
        Document,
        validate::proof::{
            definitions::{Fragments, operations},
            merging::merging,
            selections::{Node, Walk},
            variables::variables,
        },
    },
    schema::Schema,
};

/// That a part of a document is valid. Without it nothing is known.
pub(super) struct Proven;

/// The proof that a document is valid, where there is one.
pub(super) fn of(schema: &Schema, document: &Document) -> Option<Proven> {
    let nodes = all_but_merging(schema, document)?;
    merging(Known { schema, document }, &nodes)
}

/// What the selections of a document are, by their indices, when all is proven but that fields
/// merge.
pub(super) fn all_but_merging(schema: &Schema, document: &Document) -> Option<Vec<Node>> {
    let known = Known { schema, document };
    operations(known)?;
    let fragments = Fragments::of(known)?;
    let walked = Walk::through(known, &fragments)?;
    variables(&walked)?;
    Some(walked.nodes)
}

/// What every rule looks things up in.
#[derive(Clone, Copy)]
struct Known<'a> {
    schema: &'a Schema,
    document: &'a Document,
}

/// `Proven` when it holds.
fn proven(holds: bool) -> Option<Proven> {
    holds.then_some(Proven)
}
