//! How often an operation calls fields of some groups.
//!
//! Counted are response paths: the same field under the same key is merged, and so is one call.
//! On object types that exclude each other, a key may stand for other fields or arguments: those
//! are calls of their own. Which of them run, and how often inside a list, nobody knows here.

use std::sync::Arc;

use ahash::{HashMap, HashSet};

use crate::{
    operation::{GuardId, Node, NodeId, Operation, Variables, asked_alike::AskedAlike},
    schema::FieldSet,
};

/// The calls of one operation that are in a group.
#[derive(Debug)]
pub struct Calls {
    operation: Arc<Operation>,
    calls: Vec<Call>,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    /// The number of the group.
    group: u32,
    path: u32,
    /// What is asked for there.
    asked: u32,
    node: NodeId,
}

impl Calls {
    /// The calls in groups, which are numbered from 0; `None` when there are none.
    #[must_use]
    pub fn of(operation: &Arc<Operation>, groups: &[&FieldSet]) -> Option<Self> {
        if groups.is_empty() {
            return None;
        }
        let mut paths = Paths::default();
        let mut alike = AskedAlike::new(operation);
        let mut calls = Vec::new();
        for (id, node) in (0..).map(NodeId).zip(operation.nodes()) {
            let path = paths.of(operation, id);
            if node.guard == GuardId::NEVER {
                continue;
            }
            let answering = operation.answering(node);
            for (group, fields) in (0..).zip(groups) {
                if fields.contains(node.field) || answering.iter().any(|it| fields.contains(*it)) {
                    calls.push(Call { group, path, asked: alike.number(node), node: id });
                }
            }
        }
        (!calls.is_empty()).then(|| Self { operation: Arc::clone(operation), calls })
    }

    /// The operation that calls.
    #[must_use]
    pub const fn operation(&self) -> &Arc<Operation> {
        &self.operation
    }

    /// Hands over every call that takes part in a request, with its group.
    pub fn each(&self, variables: &Variables<'_>, mut call: impl FnMut(u32, &Node)) {
        let guards = self.operation.guards();
        let mut seen = HashSet::default();
        for it in &self.calls {
            let Some(node) = self.operation.node(it.node) else { continue };
            if guards.admits(node.guard, variables) && seen.insert((it.group, it.path, it.asked)) {
                call(it.group, node);
            }
        }
    }

    /// Roughly how much it holds: calls, and the nodes of the operation.
    #[must_use]
    pub fn n_parts(&self) -> usize {
        self.calls.len().saturating_add(self.operation.nodes().len())
    }
}

/// Response paths, numbered.
#[derive(Default)]
struct Paths<'o> {
    known: HashMap<(Option<u32>, &'o str), u32>,
    by_node: Vec<u32>,
}

impl<'o> Paths<'o> {
    /// The path of a node; called for all of them in preorder.
    fn of(&mut self, operation: &'o Operation, id: NodeId) -> u32 {
        let node = operation.node(id);
        let parent = node.and_then(|it| it.parent).and_then(|it| self.by_node.get(it.index()));
        let key = node.map_or("", |it| operation.key(it));
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let path = *self.known.entry((parent.copied(), key)).or_insert(next);
        self.by_node.push(path);
        path
    }
}
