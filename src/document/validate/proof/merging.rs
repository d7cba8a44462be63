//! Field selection merging (GraphQL §5.3.2): fields of one response name ask for the same.
//!
//! Every selection set is laid out once, with the fragments that it spreads; only where a response
//! name comes back are the fields compared, and the sets below them merged and laid out in turn.
//! Fields that objects of different types have may differ in all but their shape, so that from
//! there on shape and sameness are followed apart.

use crate::{
    document::{
        Range, Selection, SelectionKind,
        validate::proof::{
            Known, Proven,
            equal::same_arguments,
            names::are_distinct,
            parents::parents,
            proven,
            selections::{Node, inside},
        },
    },
    schema::{FieldId, TypeId},
};

/// The proof that the fields of every selection set merge. `nodes` are those of all selections.
pub(super) fn merging(known: Known<'_>, nodes: &[Node]) -> Option<Proven> {
    let mut merging = Merging {
        known,
        nodes,
        round: 0,
        spread_in: vec![0; known.document.fragments().len()],
        ranges: Vec::with_capacity(FEW),
        set: Vec::with_capacity(FEW),
        members: Vec::new(),
        tasks: Vec::new(),
        has_compared: false,
        budget: BUDGET,
    };
    for it in known.document.operations() {
        merging.own_set(it.selections)?;
    }
    for it in known.document.fragments() {
        merging.own_set(it.selections)?;
    }
    for (index, selection) in (0..).zip(known.document.all_selections()) {
        let inner = inside(index, selection);
        if matches!(selection.kind, SelectionKind::Field { .. }) && !inner.is_empty() {
            merging.own_set(inner)?;
        }
    }
    if merging.has_compared { parents(known, nodes) } else { Some(Proven) }
}

/// So many selections and fields are looked at. `count` admits documents of 100,000 steps of work,
/// which are the selections of every set; those of sets that are merged come again.
const BUDGET: usize = 300_000;

/// Fields in one set, and fragments in it, in most documents.
const FEW: usize = 16;

/// What is asked of fields with the same response name.
#[derive(Clone, Copy)]
enum Asked {
    Both,
    /// That they ask for the same where an object can have both.
    Sameness,
    /// That their results look alike.
    Shape,
}

/// Sets to merge: those below the fields at these positions of [`Merging::members`], which are the
/// last ones when the task is the last one.
struct Task {
    first: usize,
    asked: Asked,
}

struct Merging<'a> {
    known: Known<'a>,
    nodes: &'a [Node],
    /// By fragment: the last round, which is a set, that has spread it.
    spread_in: Vec<u32>,
    round: u32,
    /// What is still to be laid out.
    ranges: Vec<Range>,
    /// The response names and the indices of the fields of a set.
    set: Vec<(&'a str, u32)>,
    members: Vec<u32>,
    tasks: Vec<Task>,
    /// Some set has a response name twice.
    has_compared: bool,
    budget: usize,
}

/// A field of a set.
#[derive(Clone, Copy)]
struct Member<'a> {
    index: u32,
    selection: &'a Selection,
    parent: TypeId,
    id: FieldId,
}

impl<'a> Merging<'a> {
    fn own_set(&mut self, range: Range) -> Option<Proven> {
        self.begin();
        self.lay_out(range)?;
        self.compare(Asked::Both)?;
        while let Some(Task { first, asked }) = self.tasks.pop() {
            self.begin();
            for it in self.members.split_off(first) {
                let selection = self.known.document.all_selections().get(it as usize)?;
                self.lay_out(inside(it, selection))?;
            }
            self.compare(asked)?;
        }
        Some(Proven)
    }

    fn begin(&mut self) {
        self.round = self.round.saturating_add(1);
        self.set.clear();
    }

    /// Adds the fields of a selection set to the set at hand. A fragment that is in there already
    /// brings nothing else.
    fn lay_out(&mut self, range: Range) -> Option<Proven> {
        let document = self.known.document;
        self.ranges.push(range);
        while let Some(Range { start, end }) = self.ranges.pop() {
            let mut index = start;
            while index < end {
                self.spend(1)?;
                let selection = document.all_selections().get(index as usize)?;
                match (self.nodes.get(index as usize)?, &selection.kind) {
                    (_, SelectionKind::Field { alias, name, .. }) => {
                        self.set.push((document.str(alias.unwrap_or(*name)), index));
                    }
                    (Node::Spread { fragment, .. }, _) => {
                        let round = self.spread_in.get_mut(*fragment as usize)?;
                        if *round != self.round {
                            *round = self.round;
                            let fragment = document.fragments().get(*fragment as usize)?;
                            self.ranges.push(fragment.selections);
                        }
                    }
                    _ => self.ranges.push(inside(index, selection)),
                }
                index = selection.end.0.max(index.saturating_add(1));
            }
        }
        Some(Proven)
    }

    fn spend(&mut self, n: usize) -> Option<Proven> {
        self.budget = self.budget.checked_sub(n)?;
        Some(Proven)
    }

    /// Compares the fields of the set that have the same response name.
    fn compare(&mut self, asked: Asked) -> Option<Proven> {
        if are_distinct(&mut self.set) {
            return Some(Proven);
        }
        self.has_compared = true;
        let set = std::mem::take(&mut self.set);
        for same in set.chunk_by(|a, b| a.0 == b.0).filter(|it| it.len() > 1) {
            self.spend(same.len())?;
            let members = same.iter().map(|(_, index)| self.member(*index));
            self.group(&members.collect::<Option<Vec<_>>>()?, asked)?;
        }
        self.set = set;
        Some(Proven)
    }

    fn member(&self, index: u32) -> Option<Member<'a>> {
        let selection = self.known.document.all_selections().get(index as usize)?;
        match self.nodes.get(index as usize)? {
            Node::Field { parent, id } => {
                Some(Member { index, selection, parent: *parent, id: *id })
            }
            Node::Inline | Node::Spread { .. } => None,
        }
    }

    fn group(&mut self, all: &[Member<'a>], asked: Asked) -> Option<Proven> {
        let (first, others) = all.split_first()?;
        match asked {
            Asked::Both | Asked::Shape => {
                proven(others.iter().all(|it| self.same_shape(first.id, it.id)))?;
            }
            Asked::Sameness => {}
        }
        match asked {
            Asked::Both | Asked::Sameness => self.sameness(all, asked),
            Asked::Shape => self.merge(all.iter(), Asked::Shape),
        }
    }

    /// SameResponseShape, but for what is below.
    fn same_shape(&self, a: FieldId, b: FieldId) -> bool {
        let schema = self.known.schema;
        let (one, other) = (&schema.field(a).ty, &schema.field(b).ty);
        let are_composite =
            || schema.ty(one.named).is_composite() && schema.ty(other.named).is_composite();
        a == b || one.wrappers == other.wrappers && (one.named == other.named || are_composite())
    }

    /// FieldsInSetCanMerge, but for what is below: fields that one object can have are the same,
    /// which all are that are not selected on objects of different types.
    fn sameness(&mut self, all: &[Member<'a>], asked: Asked) -> Option<Proven> {
        let schema = self.known.schema;
        let is_object = |it: &&Member<'a>| schema.ty(it.parent).is_object();
        let mut objects: Vec<TypeId> = all.iter().filter(is_object).map(|it| it.parent).collect();
        objects.sort_unstable();
        objects.dedup();
        if objects.len() <= 1 {
            self.same(all.iter())?;
            return self.merge(all.iter(), asked);
        }
        for object in objects {
            self.spend(all.len())?;
            let group = || {
                let can_meet = |it: &&Member<'a>| it.parent == object || !is_object(it);
                all.iter().filter(can_meet)
            };
            self.same(group())?;
            self.merge(group(), Asked::Sameness)?;
        }
        match asked {
            Asked::Both => self.merge(all.iter(), Asked::Shape),
            Asked::Sameness | Asked::Shape => Some(Proven),
        }
    }

    /// The same field with the same arguments.
    fn same<'m>(&self, mut group: impl Iterator<Item = &'m Member<'a>>) -> Option<Proven>
    where
        'a: 'm,
    {
        let Known { schema, document } = self.known;
        let Some(first) = group.next() else { return Some(Proven) };
        for it in group {
            proven(first.id == it.id || schema.field(first.id).name == schema.field(it.id).name)?;
            same_arguments(document, arguments(first.selection)?, arguments(it.selection)?)?;
        }
        Some(Proven)
    }

    /// Leaves the sets below the fields to be merged.
    fn merge<'m>(
        &mut self,
        group: impl Iterator<Item = &'m Member<'a>>,
        asked: Asked,
    ) -> Option<Proven>
    where
        'a: 'm,
    {
        let first = self.members.len();
        let has_set = |it: &&Member<'a>| !inside(it.index, it.selection).is_empty();
        self.members.extend(group.filter(has_set).map(|it| it.index));
        match self.members.len().saturating_sub(first) {
            // A set alone is one of those that are looked at anyway.
            0 | 1 => self.members.truncate(first),
            _ => self.tasks.push(Task { first, asked }),
        }
        Some(Proven)
    }
}

const fn arguments(selection: &Selection) -> Option<Range> {
    match selection.kind {
        SelectionKind::Field { arguments, .. } => Some(arguments),
        SelectionKind::Inline { .. } | SelectionKind::Spread { .. } => None,
    }
}
