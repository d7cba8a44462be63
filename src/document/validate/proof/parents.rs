//! Fragments that the validator sees otherwise than the language has it.
//!
//! When it compares fields, it also looks at the set of a fragment as if it stood on the type around
//! the spread. Where that type has a field otherwise, it may refuse what is valid; as it has the
//! last word, there is no proof then.

use crate::{
    document::{
        Range, SelectionKind,
        validate::proof::{
            Known, Proven, proven,
            selections::{Node, inside},
        },
    },
    schema::TypeId,
};

/// Every spread shows the same types of fields on both types.
pub(super) fn parents(known: Known<'_>, nodes: &[Node]) -> Option<Proven> {
    let mut budget = BUDGET;
    for it in nodes {
        if let Node::Spread { fragment, parent } = it {
            one(known, nodes, (*fragment, *parent), &mut budget)?;
        }
    }
    Some(Proven)
}

/// So many selections are looked at. Of 454 real operations the largest has 4,316 steps of work.
const BUDGET: usize = 20_000;

fn one(
    known: Known<'_>,
    nodes: &[Node],
    (fragment, around): (u32, TypeId),
    budget: &mut usize,
) -> Option<Proven> {
    let Known { schema, document } = known;
    let mut ranges = vec![document.fragments().get(fragment as usize)?.selections];
    while let Some(Range { start, end }) = ranges.pop() {
        let mut index = start;
        while index < end {
            *budget = budget.checked_sub(1)?;
            let selection = document.all_selections().get(index as usize)?;
            match (nodes.get(index as usize)?, &selection.kind) {
                (Node::Field { parent, id }, _) if *parent != around => {
                    let field = schema.field(*id);
                    let other = schema.field_named(around, &field.name);
                    proven(other.is_none_or(|it| schema.field(it).ty == field.ty))?;
                }
                (Node::Spread { fragment, .. }, _) => {
                    ranges.push(document.fragments().get(*fragment as usize)?.selections);
                }
                (_, SelectionKind::Inline { on: None }) => ranges.push(inside(index, selection)),
                _ => {}
            }
            index = selection.end.0.max(index.saturating_add(1));
        }
    }
    Some(Proven)
}
