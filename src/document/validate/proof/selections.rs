//! Fields, inline fragments and spreads, each where it stands.
//!
//! Every selection is looked at once, whatever spreads it: what a fragment may hold depends on the
//! type it is on alone. What it finds out on the way is kept for the rules that come after.

use crate::{
    document::{
        OperationDefinition, Range, Selection, SelectionKind, Span, ValueId,
        validate::proof::{Known, Proven, definitions::Fragments, proven, values::Place},
    },
    schema::{FieldId, OperationKind, TypeId},
};

/// What a selection has turned out to be.
#[derive(Clone, Copy)]
pub(in crate::document::validate) enum Node {
    /// A field, and the type that it is selected on.
    Field { parent: TypeId, id: FieldId },
    /// An inline fragment.
    Inline,
    /// A spread of the fragment at this position, and the type around it.
    Spread { fragment: u32, parent: TypeId },
}

/// A variable where it stands.
#[derive(Clone, Copy)]
pub(super) struct Usage<'a> {
    pub(super) name: Span,
    /// Nothing inside of values that have no types.
    pub(super) place: Option<Place<'a>>,
}

/// What one definition uses: ranges of [`Walk::usages`] and [`Walk::spreads`].
pub(super) struct Used {
    pub(super) usages: (usize, usize),
    pub(super) spreads: (usize, usize),
}

/// A walk over all that stands in a document.
pub(super) struct Walk<'a> {
    pub(super) known: Known<'a>,
    /// By the index of the selection.
    pub(super) nodes: Vec<Node>,
    pub(super) usages: Vec<Usage<'a>>,
    /// The positions of fragments, as often as they are spread.
    pub(super) spreads: Vec<u32>,
    /// One for every operation, then one for every fragment.
    pub(super) used: Vec<Used>,
    /// The innermost type of every variable definition, in the order of operations.
    pub(super) types: Vec<TypeId>,
    /// The values that are still to be looked at.
    pub(super) values: Vec<(ValueId, Place<'a>)>,
    fragments: &'a Fragments<'a>,
    /// What is around a selection: the index behind it, and its type.
    open: Vec<(u32, TypeId)>,
}

impl<'a> Walk<'a> {
    /// Looks at every definition.
    pub(super) fn through(known: Known<'a>, fragments: &'a Fragments<'a>) -> Option<Self> {
        let document = known.document;
        let mut walk = Self {
            known,
            nodes: vec![Node::Inline; document.all_selections().len()],
            usages: Vec::with_capacity(FEW),
            spreads: Vec::with_capacity(FEW),
            used: Vec::with_capacity(FEW),
            types: Vec::with_capacity(FEW),
            values: Vec::with_capacity(FEW),
            fragments,
            open: Vec::with_capacity(FEW),
        };
        for it in document.operations() {
            let start = walk.here();
            walk.operation(it)?;
            walk.leave(start);
        }
        for (it, ty) in document.fragments().iter().zip(fragments.types()) {
            let start = walk.here();
            walk.directives(it.directives, "FRAGMENT_DEFINITION")?;
            walk.selections(it.selections, *ty)?;
            walk.leave(start);
        }
        walk.all_are_spread()?;
        Some(walk)
    }

    const fn here(&self) -> (usize, usize) {
        (self.usages.len(), self.spreads.len())
    }

    fn leave(&mut self, (usages, spreads): (usize, usize)) {
        let usages = (usages, self.usages.len());
        self.used.push(Used { usages, spreads: (spreads, self.spreads.len()) });
    }

    /// GraphQL §5.5.1.4. With cycles refused by `count`, an operation is behind every spread.
    fn all_are_spread(&self) -> Option<Proven> {
        let mut is_spread = vec![false; self.fragments.types().len()];
        for it in &self.spreads {
            *is_spread.get_mut(*it as usize)? = true;
        }
        proven(is_spread.iter().all(|it| *it))
    }

    fn operation(&mut self, operation: &OperationDefinition) -> Option<Proven> {
        let location = match operation.kind {
            OperationKind::Mutation => "MUTATION",
            OperationKind::Query => "QUERY",
            OperationKind::Subscription => "SUBSCRIPTION",
        };
        self.directives(operation.directives, location)?;
        for it in self.known.document.variables(operation.variables) {
            self.variable_definition(it)?;
        }
        self.selections(operation.selections, self.known.schema.root(operation.kind)?)
    }

    // The budget of this loop is the number of selections: every one is looked at once.
    fn selections(&mut self, range: Range, ty: TypeId) -> Option<Proven> {
        self.open.clear();
        let (mut end, mut parent) = (range.end, ty);
        let selections = self.known.document.selections(range);
        for (index, selection) in (range.start..).zip(selections) {
            while index >= end {
                (end, parent) = self.open.pop()?;
            }
            let (node, inner) = self.selection(index, selection, parent)?;
            *self.nodes.get_mut(index as usize)? = node;
            if selection.end.0 > index.saturating_add(1) {
                self.open.push((end, parent));
                (end, parent) = (selection.end.0, inner);
            }
        }
        Some(Proven)
    }

    /// What a selection is, and the type of what stands below.
    fn selection(
        &mut self,
        index: u32,
        selection: &Selection,
        parent: TypeId,
    ) -> Option<(Node, TypeId)> {
        let document = self.known.document;
        match selection.kind {
            SelectionKind::Field { name, .. } => {
                let id = self.known.schema.field_named(parent, document.str(name))?;
                let has_selections = selection.end.0 > index.saturating_add(1);
                let ty = self.field(selection, id, has_selections)?;
                Some((Node::Field { parent, id }, ty))
            }
            SelectionKind::Inline { on } => {
                self.directives(selection.directives, "INLINE_FRAGMENT")?;
                let Some(on) = on else { return Some((Node::Inline, parent)) };
                let ty = self.known.schema.type_named(document.str(on))?;
                self.can_apply(ty, parent)?;
                Some((Node::Inline, ty))
            }
            SelectionKind::Spread { name } => {
                // GraphQL §5.5.2.1: the fragment is defined.
                let (fragment, ty) = self.fragments.named(document.str(name))?;
                self.can_apply(ty, parent)?;
                self.directives(selection.directives, "FRAGMENT_SPREAD")?;
                self.spreads.push(fragment);
                Some((Node::Spread { fragment, parent }, ty))
            }
        }
    }

    /// GraphQL §5.3.3: composite types have selections and leaves have none. §5.3.1 has been seen to
    /// when there is an id.
    fn field(
        &mut self,
        selection: &Selection,
        id: FieldId,
        has_selections: bool,
    ) -> Option<TypeId> {
        let schema = self.known.schema;
        let SelectionKind::Field { arguments, .. } = selection.kind else { return None };
        let ty = schema.field(id).ty.named;
        proven(schema.ty(ty).is_composite() == has_selections)?;
        self.arguments(arguments, || schema.arguments(id))?;
        self.directives(selection.directives, "FIELD")?;
        Some(ty)
    }

    /// GraphQL §5.5.2.3: some object can be of both types; they are composite (§5.5.1.3).
    fn can_apply(&self, on: TypeId, parent: TypeId) -> Option<Proven> {
        let schema = self.known.schema;
        let (a, b) = (schema.ty(on), schema.ty(parent));
        proven(a.is_composite() && (on == parent || a.possible.intersects(&b.possible)))
    }
}

/// Of each kind, in most documents.
const FEW: usize = 16;

/// What stands below a selection.
pub(super) const fn inside(index: u32, selection: &Selection) -> Range {
    Range { start: index.saturating_add(1), end: selection.end.0 }
}
