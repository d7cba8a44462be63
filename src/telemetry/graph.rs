//! The graphs that are counted by: a small number for each name, the same as long as the process
//! lives.
//!
//! A name never loses its number and a number never its name: whatever comes and goes, what was
//! counted for one graph is never told of another one. Names come from the configuration alone.

use std::sync::OnceLock;

/// A graph by its name, or none of them: what is counted so is told without a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GraphIndex(u16);

impl GraphIndex {
    /// No graph in particular, or the only one, when nobody gave it a name.
    pub const NONE: Self = Self(0);

    /// The graph of this name; nothing, when there are too many names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_it = |slot: &OnceLock<Box<str>>| **slot.get_or_init(|| name.into()) == *name;
        let place = NAMES.iter().position(is_it)?;
        u16::try_from(place.saturating_add(1)).ok().map(Self)
    }

    /// Its name; nothing, when it is no graph in particular.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let place = usize::from(self.0).checked_sub(1)?;
        NAMES.get(place)?.get().map(|it| &**it)
    }

    /// Where it stands in a table of [`GRAPHS`].
    pub(super) const fn place(self) -> usize {
        self.0 as usize
    }

    /// None, and every one that has a name.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let n_named = NAMES.iter().take_while(|it| it.get().is_some()).count();
        (0..=u16::try_from(n_named).unwrap_or(u16::MAX)).map(Self)
    }
}

static NAMES: [OnceLock<Box<str>>; GRAPHS - 1] = [const { OnceLock::new() }; GRAPHS - 1];

/// 1024: a process with more graphs has other worries, and a table of numbers takes 8 KiB.
pub(super) const GRAPHS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let [one, two] = ["graph-one", "graph-two"].map(|it| GraphIndex::named(it).unwrap());
        assert!(one != two && one != GraphIndex::NONE && two != GraphIndex::NONE);
        assert_eq!(GraphIndex::named("graph-one"), Some(one));
        assert_eq!((one.name(), two.name()), (Some("graph-one"), Some("graph-two")));
        assert_eq!((GraphIndex::NONE.name(), GraphIndex(1023).name()), (None, None));
        let all: Vec<_> = GraphIndex::all().collect();
        assert!(all.contains(&one) && all.contains(&two) && all.first() == Some(&GraphIndex::NONE));
    }
}
