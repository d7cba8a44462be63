//! What came back, counted: calls by coordinate and the lengths of lists beside what they were
//! priced with.
//!
//! Reads an answer that is at hand as a whole; what passes by is counted in `cost`.

use std::collections::BTreeMap;

use ahash::HashMap;
use serde_json::Value;

use crate::{
    cost::Explanation,
    operation::{NodeId, Operation},
    schema::FieldId,
};

/// What one answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Resolver calls by coordinate.
    pub calls: BTreeMap<Box<str>, u64>,
    /// Every list, and every object as a list of at most one.
    pub lengths: Vec<Length>,
}

/// How much came back at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Length {
    /// `Type.field`
    pub coordinate: Box<str>,
    /// Whether it is a list, or an object that may be null.
    pub is_list: bool,
    /// Elements that came back.
    pub length: u64,
    /// Elements that it was priced with.
    pub bound: u64,
}

/// The prices by the place around them and the response key.
struct Priced<'a> {
    told: &'a Explanation,
    below: HashMap<(Option<usize>, &'a str), usize>,
}

impl Answered {
    /// Counts the content of `data`.
    #[must_use]
    pub fn count(operation: &Operation, told: &Explanation, data: &Value) -> Self {
        let mut answered = Self::default();
        let priced = Priced::of(told);
        let mut groups = Groups { operation, known: HashMap::default() };
        let mut open = vec![(data, Vec::new(), None)];
        // The budget of this loop is the answer, which was bounded when it was read.
        while let Some((value, nodes, part)) = open.pop() {
            let Value::Object(members) = value else { continue };
            for (key, value) in members {
                let Some((field, below)) = groups.below(&nodes, key) else { continue };
                let coordinate: Box<str> = operation.schema().coordinate(field).into();
                let calls = answered.calls.entry(coordinate.clone()).or_default();
                *calls = calls.saturating_add(1);
                let part = priced.below.get(&(part, key.as_str())).copied();
                answered.values(&coordinate, value, priced.sizes(part), |value| {
                    open.push((value, below.clone(), part));
                });
            }
        }
        answered
    }

    /// Counts one value with the lists inside it, and hands over its objects.
    fn values<'v>(
        &mut self,
        coordinate: &str,
        value: &'v Value,
        sizes: Option<&[u64]>,
        mut each: impl FnMut(&'v Value),
    ) {
        if sizes.is_some_and(<[u64]>::is_empty) {
            self.note(coordinate, false, (u64::from(value.is_object()), 1));
        }
        let mut open = vec![(value, 0_usize)];
        while let Some((value, level)) = open.pop() {
            match value {
                Value::Array(items) => {
                    if let Some(bound) = sizes.and_then(|it| it.get(level)) {
                        self.note(coordinate, true, (items.len() as u64, *bound));
                    }
                    open.extend(items.iter().map(|it| (it, level.saturating_add(1))));
                }
                Value::Object(_) => each(value),
                Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
            }
        }
    }

    fn note(&mut self, coordinate: &str, is_list: bool, (length, bound): (u64, u64)) {
        self.lengths.push(Length { coordinate: coordinate.into(), is_list, length, bound });
    }
}

impl<'a> Priced<'a> {
    fn of(told: &'a Explanation) -> Self {
        let mut below = HashMap::default();
        let mut around: Vec<usize> = Vec::new();
        for (at, part) in told.parts.iter().enumerate() {
            around.truncate((part.depth as usize).saturating_sub(1));
            below.insert((around.last().copied(), &*part.key), at);
            around.push(at);
        }
        Self { told, below }
    }

    fn sizes(&self, part: Option<usize>) -> Option<&'a [u64]> {
        Some(&self.told.parts.get(part?)?.sizes)
    }
}

/// What response keys stand for, and the selections behind them.
type Keys<'a> = HashMap<&'a str, (FieldId, Vec<NodeId>)>;

/// The selections below others, by response key: places repeat with every element of a list.
struct Groups<'a> {
    operation: &'a Operation,
    known: HashMap<Vec<NodeId>, Keys<'a>>,
}

impl Groups<'_> {
    /// The field that a key stands for below these nodes, and the nodes that select it. Where a key
    /// means several fields, by type, it is the one written first.
    fn below(&mut self, nodes: &[NodeId], key: &str) -> Option<(FieldId, Vec<NodeId>)> {
        if !self.known.contains_key(nodes) {
            let mut keys = Keys::default();
            let root = nodes.is_empty().then_some(None);
            let around = nodes.iter().copied().map(Some).chain(root);
            for (id, node) in around.flat_map(|it| self.operation.children(it)) {
                if node.field == FieldId::TYPENAME {
                    continue;
                }
                let of = || (node.field, Vec::new());
                keys.entry(self.operation.key(node)).or_insert_with(of).1.push(id);
            }
            self.known.insert(nodes.to_vec(), keys);
        }
        self.known.get(nodes)?.get(key).cloned()
    }
}
