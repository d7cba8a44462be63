//! Operations and fragments as a whole: their names, the types they begin at.
//!
//! What stands in them is for `selections`.

use crate::{
    document::validate::proof::{Known, Proven, names::Names, proven},
    schema::TypeId,
};

/// GraphQL §5.2.1 (the type of an operation exists), §5.2.2.1 (its name is unique) and §5.2.3.1 (one
/// without a name stands alone).
pub(super) fn operations(known: Known<'_>) -> Option<Proven> {
    let Known { schema, document } = known;
    let all = document.operations();
    proven(all.iter().all(|it| schema.root(it.kind).is_some()))?;
    if all.len() == 1 {
        return Some(Proven);
    }
    proven(all.iter().all(|it| it.name.is_some()))?;
    Names::unique(all.iter().filter_map(|it| it.name).map(|it| document.str(it)))?;
    Some(Proven)
}

/// The fragments of a document, each with the type that it is on.
pub(super) struct Fragments<'a> {
    names: Names<'a>,
    types: Vec<TypeId>,
}

impl<'a> Fragments<'a> {
    /// GraphQL §5.5.1.1 (names are unique), §5.5.1.2 (their types exist) and §5.5.1.3 (and are
    /// composite).
    pub(super) fn of(known: Known<'a>) -> Option<Self> {
        let Known { schema, document } = known;
        let all = document.fragments();
        let names = Names::unique(all.iter().map(|it| document.str(it.name)))?;
        let types = all.iter().map(|it| {
            let ty = schema.type_named(document.str(it.on))?;
            schema.ty(ty).is_composite().then_some(ty)
        });
        Some(Self { names, types: types.collect::<Option<_>>()? })
    }

    /// The position and the type of a fragment.
    pub(super) fn named(&self, name: &str) -> Option<(u32, TypeId)> {
        let position = self.names.position(name)?;
        Some((position, *self.types.get(position as usize)?))
    }

    /// The types of all of them, in the order written.
    pub(super) fn types(&self) -> &[TypeId] {
        &self.types
    }
}
