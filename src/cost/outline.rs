//! What a compiled operation looks like from outside: places, regions, fields. Kept for `explain`
//! only.

use crate::{
    cost::{
        arena::{Pair, Term},
        model::ClassId,
    },
    operation::NodeId,
};

/// The selections of one place.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// One for every set of object types that sees the same.
    pub(super) regions: Vec<Region>,
    /// Fields of the region that is being filled.
    pub(super) open: Vec<OutlineField>,
}

/// What some object types see.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) sum: Pair,
    pub(super) fields: Vec<OutlineField>,
}

/// A response key.
#[derive(Debug)]
pub(super) struct OutlineField {
    pub(super) first: NodeId,
    pub(super) class: ClassId,
    pub(super) call: Term,
    /// Outermost first.
    pub(super) sizes: Vec<Term>,
    /// With everything below, times the sizes, under its guard.
    pub(super) pair: Pair,
    /// The place below it.
    pub(super) child: u32,
}
