//! Of which graphs a log has operations, and of which they are wanted.

use std::collections::BTreeSet;

/// The graphs that were met; nothing stands for operations of which no graph is told.
#[derive(Debug, Default)]
pub(super) struct Graphs {
    wanted: Option<Box<str>>,
    met: BTreeSet<Option<Box<str>>>,
}

impl Graphs {
    pub(super) fn want(&mut self, graph: Option<&str>) {
        self.wanted = graph.map(Into::into);
    }

    /// Takes note of an operation; whether it is wanted.
    pub(super) fn wants(&mut self, graph: Option<&str>) -> bool {
        if !self.met.iter().any(|it| it.as_deref() == graph) {
            self.met.insert(graph.map(Into::into));
        }
        self.wanted.is_none() || self.wanted.as_deref() == graph
    }

    pub(super) fn met(&self) -> impl Iterator<Item = Option<&str>> {
        self.met.iter().map(Option::as_deref)
    }
}
