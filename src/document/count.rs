//! The sizes of every operation after spreading, computed without spreading anything.
//!
//! One pass over every definition, fragments before those that spread them; all sums saturate.
//! Comes before validation, whose own walks follow every spread again. Resolves no field or type.

use std::fmt;

use crate::document::{
    Document, Range, SelectionKind,
    order::{Cycle, Names, bottom_up, names},
};

/// The sizes of an operation. A spread of a fragment that does not exist counts as empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fields after spreading, before merging; guarded ones count.
    pub fields: u64,
    /// Fields, spreads and inline fragments that spreading visits.
    pub selections: u64,
    /// Nested fields: a root field is 1, fragments are transparent.
    pub depth: u64,
    /// Nested selections of any kind, a spread and what it brings included.
    pub nesting: u64,
    /// Fields with an alias, after spreading.
    pub aliases: u64,
    /// Fields at the root, after spreading.
    pub root_fields: u64,
}

/// How large any definition may be for validation to begin. Unused fragments are definitions too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// Fields after spreading.
    pub fields: u64,
    /// Selections of any kind after spreading.
    pub selections: u64,
    /// Nested selections of any kind after spreading.
    pub nesting: u64,
    /// Selections after spreading, once for every selection set around them, over all definitions:
    /// the steps that validation takes.
    pub work: u64,
    /// Variable definitions, over all operations: validation compares them in pairs.
    pub variables: u64,
}

impl Ceilings {
    /// 500, ten times the default limit: at 1,000 validation was seen to take a second.
    pub const VARIABLES: u64 = 500;

    /// What a policy needs that allows so many fields, never more than the default. A low limit of
    /// fields does not lower the rest below what real operations take: of 454 none takes more than
    /// 15 steps of work for a field.
    #[must_use]
    pub fn within(fields: u64) -> Self {
        let all = Self::default();
        Self {
            fields: fields.min(all.fields),
            selections: fields.saturating_mul(3).clamp(4_500, all.selections),
            nesting: all.nesting,
            work: fields.saturating_mul(15).clamp(22_500, all.work),
            variables: all.variables,
        }
    }
}

impl Default for Ceilings {
    /// The hard ceilings. At 100,000 steps of work validation was seen to take 30 to 80 ms; the
    /// largest of 454 real operations takes 4,316 and nests 18 selections.
    /// They do not bound long lists of arguments, which the token limit must.
    fn default() -> Self {
        Self {
            fields: 20_000,
            selections: 60_000,
            nesting: 200,
            work: 100_000,
            variables: Self::VARIABLES,
        }
    }
}

/// Why a document is not counted to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excess {
    /// A fragment spreads itself.
    Cycle(Cycle),
    /// More fields than this.
    Fields {
        /// The ceiling.
        limit: u64,
    },
    /// Nested deeper than this.
    Nesting {
        /// The ceiling.
        limit: u64,
    },
    /// More selections than this.
    Selections {
        /// The ceiling.
        limit: u64,
    },
    /// More variables than this.
    Variables {
        /// The ceiling.
        limit: u64,
    },
    /// More work for validation than this.
    Work {
        /// The ceiling.
        limit: u64,
    },
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cycle(_) => f.write_str("a fragment spreads itself"),
            Self::Fields { limit } => write!(f, "more than {limit} fields"),
            Self::Nesting { limit } => write!(f, "selections nested deeper than {limit}"),
            Self::Selections { limit } => write!(f, "more than {limit} selections"),
            Self::Variables { limit } => write!(f, "more than {limit} variables"),
            Self::Work { limit } => write!(f, "more than {limit} steps to validate"),
        }
    }
}

/// Counts every operation, in the order written.
///
/// # Errors
/// A cycle among fragments, used or not; a definition over a ceiling.
pub fn count(document: &Document, ceilings: &Ceilings) -> Result<Vec<Counts>, Excess> {
    let n_variables = document.operations().iter().map(|it| document.variables(it.variables).len());
    if n_variables.sum::<usize>() as u64 > ceilings.variables {
        return Err(Excess::Variables { limit: ceilings.variables });
    }
    let names = names(document);
    let order = bottom_up(document, &names).map_err(Excess::Cycle)?;
    let fragments = vec![Counts::default(); document.fragments().len()];
    let mut counting = Counting { document, ceilings, names, fragments, work: 0 };
    for index in order {
        counting.fragment(index)?;
    }
    document.operations().iter().map(|it| counting.definition(it.selections)).collect()
}

struct Counting<'a> {
    document: &'a Document,
    ceilings: &'a Ceilings,
    names: Names<'a>,
    /// By index; a fragment is counted before it is looked up.
    fragments: Vec<Counts>,
    work: u64,
}

/// A selection that holds others, or the definition: the index behind it, the fields and the selections up to it.
#[derive(Clone, Copy)]
struct Open {
    end: u32,
    depth: u64,
    nesting: u64,
}

impl Counting<'_> {
    fn fragment(&mut self, index: usize) -> Result<(), Excess> {
        if let Some(fragment) = self.document.fragments().get(index) {
            let counts = self.definition(fragment.selections)?;
            if let Some(place) = self.fragments.get_mut(index) {
                *place = counts;
            }
        }
        Ok(())
    }

    fn definition(&mut self, selections: Range) -> Result<Counts, Excess> {
        let mut counts = Counts::default();
        let root = Open { end: u32::MAX, depth: 0, nesting: 0 };
        let (mut around, mut open) = (root, Vec::new());
        for (index, selection) in (selections.start..).zip(self.document.selections(selections)) {
            while around.end <= index {
                around = open.pop().unwrap_or(root);
            }
            let Open { depth, nesting, .. } = around;
            let added = self.one(&selection.kind);
            counts.add(&added, depth, nesting);
            let sets = nesting.saturating_add(1);
            self.work = self.work.saturating_add(added.selections.saturating_mul(sets));
            let end = selection.end.0;
            if end > index.saturating_add(1) {
                open.push(around);
                let depth = depth.saturating_add(added.depth);
                around = Open { end, depth, nesting: sets };
            }
        }
        self.judge(&counts)?;
        Ok(counts)
    }

    /// What a selection adds by itself, what it holds in place left out.
    fn one(&self, kind: &SelectionKind) -> Counts {
        let alone = Counts { selections: 1, nesting: 1, ..Counts::default() };
        match kind {
            SelectionKind::Field { alias, .. } => Counts {
                fields: 1,
                depth: 1,
                root_fields: 1,
                aliases: u64::from(alias.is_some()),
                ..alone
            },
            SelectionKind::Inline { .. } => alone,
            SelectionKind::Spread { name } => {
                let index = self.names.get(self.document.str(*name));
                let spread = index.and_then(|it| self.fragments.get(it));
                let spread = spread.copied().unwrap_or_default();
                Counts {
                    selections: spread.selections.saturating_add(1),
                    nesting: spread.nesting.saturating_add(1),
                    ..spread
                }
            }
        }
    }

    fn judge(&self, counts: &Counts) -> Result<(), Excess> {
        let Ceilings { fields, selections, nesting, work, variables: _ } = *self.ceilings;
        if counts.fields > fields {
            return Err(Excess::Fields { limit: fields });
        }
        if counts.selections > selections {
            return Err(Excess::Selections { limit: selections });
        }
        if counts.nesting > nesting {
            return Err(Excess::Nesting { limit: nesting });
        }
        if self.work > work {
            return Err(Excess::Work { limit: work });
        }
        Ok(())
    }
}

impl Counts {
    /// Adds a selection that stands below `depth` fields and `nesting` selections.
    fn add(&mut self, it: &Self, depth: u64, nesting: u64) {
        self.fields = self.fields.saturating_add(it.fields);
        self.selections = self.selections.saturating_add(it.selections);
        self.depth = self.depth.max(depth.saturating_add(it.depth));
        self.nesting = self.nesting.max(nesting.saturating_add(it.nesting));
        self.aliases = self.aliases.saturating_add(it.aliases);
        if depth == 0 {
            self.root_fields = self.root_fields.saturating_add(it.root_fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ReadLimits, read};

    const SMALL: Ceilings =
        Ceilings { fields: 8, selections: 12, nesting: 5, work: 40, variables: 2 };

    fn check(text: &str, expect: Result<[u64; 6], Excess>) {
        let read = read(text, &ReadLimits::CEILINGS).unwrap();
        let found = count(&read.document, &SMALL).map(|all| {
            let it = all[0];
            [it.fields, it.selections, it.depth, it.nesting, it.aliases, it.root_fields]
        });
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn fragments_count_where_they_are_spread() {
        check("{ a }", Ok([1, 1, 1, 1, 0, 1]));
        check("{ x: a { b c } }", Ok([3, 3, 2, 2, 1, 1]));
        check("{ ... { ... on T { a } } }", Ok([1, 3, 1, 3, 0, 1]));
        check("{ ...F ...F } fragment F on T { x: a { b } }", Ok([4, 6, 2, 3, 2, 2]));
        check("{ a { ...F } } fragment F on T { a { b } }", Ok([3, 4, 3, 4, 0, 1]));
        check("{ ...F } fragment F on T { ...G } fragment G on T { a }", Ok([1, 3, 1, 3, 0, 1]));
        check("{ a ...Missing }", Ok([1, 2, 1, 1, 0, 1]));
        check("{ ...F } fragment F on T { a } fragment F on T { b c }", Ok([1, 2, 1, 2, 0, 1]));
        check("{ ...F } fragment F on T @include(if: false) { a }", Ok([1, 2, 1, 2, 0, 1]));
    }

    #[test]
    fn both_sides_of_every_ceiling() {
        check("{ a b c d e f g h }", Ok([8, 8, 1, 1, 0, 8]));
        check("{ a b c d e f g h i }", Err(Excess::Fields { limit: 8 }));
        check("{ a { a { a { a { a } } } } }", Ok([5, 5, 5, 5, 0, 1]));
        check("{ a { a { a { a { a { a } } } } } }", Err(Excess::Nesting { limit: 5 }));
        let query = "query A($a: T) { a } query B($a: T";
        check(&format!("{query}) {{ a }}"), Ok([1, 1, 1, 1, 0, 1]));
        check(&format!("{query} $b: T) {{ a }}"), Err(Excess::Variables { limit: 2 }));
        let spreads = "...F ".repeat(12);
        check(&format!("{{ {spreads} a }}"), Err(Excess::Selections { limit: 12 }));
        check("{ a } fragment F on T { a b c d e f g h i }", Err(Excess::Fields { limit: 8 }));
        check(
            "{ a } query A { a {b {...F} c {...F}} } query B { a {b {...F} c {...F}} }
            fragment F on T { a b }",
            Err(Excess::Work { limit: 40 }),
        );
    }

    #[test]
    fn a_policy_only_narrows_the_hard_ceilings() {
        let all = Ceilings::default();
        assert_eq!(Ceilings::within(u64::MAX), all);
        assert_eq!(Ceilings::within(1_500).work, 22_500);
        assert_eq!(Ceilings::within(10), Ceilings { fields: 10, ..Ceilings::within(1_500) });
    }

    #[test]
    fn forty_doubling_fragments_are_counted_and_refused_at_once() {
        let mut text = "{ ...F0 }".to_owned();
        for i in 0..100 {
            text.push_str(&format!(" fragment F{i} on T {{ ...F{n} ...F{n} }}", n = i + 1));
        }
        text.push_str(" fragment F100 on T { a }");
        check(&text, Err(Excess::Selections { limit: 12 }));
        let read = read(&text, &ReadLimits::CEILINGS).unwrap();
        let most = u64::MAX;
        let none =
            Ceilings { fields: most, selections: most, nesting: 200, work: most, variables: 0 };
        assert_eq!(count(&read.document, &none).unwrap()[0].fields, u64::MAX);
    }
}
