//! Which response keys an object of an answer must have.
//!
//! A place merges selections that need not have met in one object: `friend { id }` on one type and
//! `friend { name }` on another. So the selections are followed from the root, once as those that
//! took part for certain, and once as those of which at least one did. Reads no answer.

use crate::{
    operation::{Expected, Node, NodeId, Operation, Presence},
    schema::{FieldId, Schema, Wrapper},
};

/// An object of an answer: its place, and its object type when that is known.
type Met = (u32, Option<u32>);

impl Expected {
    /// Whether the last of these objects, the root first, must have a key of this name.
    // Budget: the operation, of which every object inside another takes another part.
    #[must_use]
    pub fn is_due(&self, objects: &[Met], name: &str) -> bool {
        let operation = &*self.shape.operation;
        let (mut certain, mut maybe) = (vec![None], vec![None]);
        let mut rest = objects;
        while let Some(((_, ty), behind)) = rest.split_first() {
            rest = behind;
            let Some((next, _)) = behind.first() else {
                let is_due = |parent: &Option<NodeId>| self.has(*parent, name, *ty);
                return certain.iter().any(is_due)
                    || (!maybe.is_empty() && maybe.iter().all(is_due));
            };
            let Some(key) = self.shape.name_of(*next) else { return false };
            certain = self.below(&certain, key, |_, it| is_answered(operation, it, *ty));
            maybe = self.below(&maybe, key, |id, it| self.may_be_answered(id, it, *ty));
        }
        false
    }

    /// Whether a selection of an object is enough for it to have a key.
    fn has(&self, parent: Option<NodeId>, name: &str, ty: Option<u32>) -> bool {
        let operation = &*self.shape.operation;
        let is_due =
            |it: &Node| is_answered(operation, it, ty) && is_never_absent(operation.schema(), it);
        let mut children = self.children(parent, name);
        children.any(|(_, it)| is_due(it))
    }

    fn below(
        &self,
        parents: &[Option<NodeId>],
        key: &str,
        takes_part: impl Fn(NodeId, &Node) -> bool,
    ) -> Vec<Option<NodeId>> {
        let children = parents.iter().flat_map(|it| self.children(*it, key));
        children.filter(|(id, it)| takes_part(*id, it)).map(|(id, _)| Some(id)).collect()
    }

    /// What was asked for of an object under a key.
    fn children<'s>(
        &'s self,
        parent: Option<NodeId>,
        key: &'s str,
    ) -> impl Iterator<Item = (NodeId, &'s Node)> {
        let operation = &*self.shape.operation;
        operation.children(parent).filter(move |(_, it)| operation.key(it) == key)
    }

    fn may_be_answered(&self, id: NodeId, node: &Node, ty: Option<u32>) -> bool {
        let is_out = self.left_out.get(id.index()).copied().unwrap_or(false);
        !is_out && ty.is_none_or(|ty| runs_on(&self.shape.operation, node, ty))
    }
}

/// Whether a selection is never left out, and its value never null: its key is there wherever its
/// type is.
pub(super) fn is_never_absent(schema: &Schema, node: &Node) -> bool {
    let is_non_null =
        || matches!(schema.field(node.field).ty.wrappers.first(), Some(Wrapper::NonNull));
    let is_certain = match node.presence {
        Presence::Always | Presence::ByType => true,
        Presence::Conditional => false,
    };
    is_certain && (node.field == FieldId::TYPENAME || is_non_null())
}

fn is_answered(operation: &Operation, node: &Node, ty: Option<u32>) -> bool {
    match (node.presence, ty) {
        (Presence::Always, _) => true,
        (Presence::ByType, Some(ty)) => runs_on(operation, node, ty),
        (Presence::ByType, None) | (Presence::Conditional, _) => false,
    }
}

fn runs_on(operation: &Operation, node: &Node, ty: u32) -> bool {
    operation.sets().get(node.parents).is_some_and(|it| it.contains(ty))
}
