//! What an answer to an operation looks like, for counting it: response keys, place by place.
//!
//! Selections are merged over all object types at once, because an answer does not tell its types.
//! Where one key costs differently by type, the lowest is taken: the count never overstates.

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    cost::{
        class::FieldClass,
        model::{ClassId, Model},
        slots::{Call, Purpose, Request, Size, SlotBuilder, SlotTable},
    },
    document::SelectionId,
    operation::{NodeId, Operation, Variables},
    schema::FieldId,
};

/// The shape of the answers to one operation. Owns all that it needs.
#[derive(Debug)]
pub struct Shape {
    model: Arc<Model>,
    slots: SlotTable,
    pub(super) groups: Vec<Keys>,
    pub(super) fields: Vec<ShapeField>,
    pub(super) lists: Vec<ShapeList>,
}

/// The response keys of one place that may cost something, in order.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<(Box<str>, u32)>);

/// A response key.
#[derive(Debug)]
pub(super) struct ShapeField {
    calls: Vec<Call>,
    /// Of one value that is not null.
    pub(super) weight: i64,
    /// Its lists, outermost first: the position of the first in [`Shape::lists`], and how many.
    pub(super) lists: (u32, u32),
    /// The place below it.
    pub(super) below: Option<u32>,
}

/// A list that an answer can have.
#[derive(Debug)]
pub(super) struct ShapeList {
    /// The field.
    pub(super) field: FieldId,
    sizes: Vec<Size>,
}

/// The numbers of one request.
#[derive(Debug)]
pub(super) struct Bounds {
    /// By field: the cost of one call.
    pub(super) calls: Vec<u64>,
    /// By list: its static size.
    pub(super) sizes: Vec<u64>,
}

impl Keys {
    /// The field that answers a key.
    pub(super) fn field(&self, key: &[u8]) -> Option<u32> {
        let at = self.0.binary_search_by(|it| it.0.as_bytes().cmp(key)).ok()?;
        self.0.get(at).map(|it| it.1)
    }
}

impl Shape {
    /// The shape of the answers to an operation.
    #[must_use]
    pub fn new(model: &Arc<Model>, operation: &Operation) -> Self {
        let mut building = Building {
            model,
            operation,
            slots: SlotBuilder::new(model, operation, Purpose::Price),
            groups: Vec::new(),
            fields: Vec::new(),
            lists: Vec::new(),
            known: HashMap::default(),
            open: Vec::new(),
        };
        building.run();
        let Building { slots, groups, fields, lists, .. } = building;
        Self { model: Arc::clone(model), slots: slots.table, groups, fields, lists }
    }

    /// The model it was made with.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    pub(super) fn bounds(&self, variables: &Variables<'_>) -> Bounds {
        let call = |it: &Call| match it {
            Call::Fixed(value) => *value,
            Call::Slot(slot) => {
                let slot = self.slots.calls.get(*slot as usize);
                slot.map_or(0, |it| it.value(&self.model, variables))
            }
        };
        let size = |it: &Size| match it {
            Size::Fixed(size) => u64::from(*size),
            Size::Slot(slot) => {
                let slot = self.slots.sizes.get(*slot as usize);
                slot.and_then(|it| it.value(&Request::new(variables)).ok())
                    .map_or(u64::MAX, u64::from)
            }
        };
        let calls = self.fields.iter().map(|it| it.calls.iter().map(call).min().unwrap_or(0));
        let sizes = self.lists.iter().map(|it| it.sizes.iter().map(size).max().unwrap_or(0));
        Bounds { calls: calls.collect(), sizes: sizes.collect() }
    }
}

/// A place whose keys are still to be found.
struct Open {
    group: u32,
    parents: Vec<Option<NodeId>>,
    /// The classes of the field around it.
    around: Vec<ClassId>,
}

/// Selections that answer one key.
#[derive(Default)]
struct Answer {
    nodes: Vec<NodeId>,
    classes: Vec<ClassId>,
}

struct Building<'a> {
    model: &'a Model,
    operation: &'a Operation,
    slots: SlotBuilder<'a>,
    groups: Vec<Keys>,
    fields: Vec<ShapeField>,
    lists: Vec<ShapeList>,
    known: HashMap<(Vec<SelectionId>, Vec<ClassId>), u32>,
    open: Vec<Open>,
}

impl<'a> Building<'a> {
    // The budget of this loop is the operation, which `document::count` has bounded: every node
    // has one parent, and a place is opened for nodes once.
    fn run(&mut self) {
        self.groups.push(Keys::default());
        self.open.push(Open { group: 0, parents: vec![None], around: Vec::new() });
        while let Some(open) = self.open.pop() {
            let mut keys = Vec::new();
            for (key, answer) in self.answers(&open.parents) {
                let field = self.field(&open, &answer);
                keys.push((key.into(), field));
            }
            keys.sort();
            if let Some(group) = self.groups.get_mut(open.group as usize) {
                *group = Keys(keys);
            }
        }
    }

    fn answers(&self, parents: &[Option<NodeId>]) -> HashMap<&'a str, Answer> {
        let mut answers: HashMap<&'a str, Answer> = HashMap::default();
        for (id, node) in parents.iter().flat_map(|it| self.operation.children(*it)) {
            let variation = self.model.variation(node.field);
            let objects = self.operation.sets().get(node.parents);
            let (Some(variation), Some(objects)) = (variation, objects) else { continue };
            let is_free = |id: &ClassId| self.model.class(*id).is_none_or(FieldClass::is_free);
            let classes = variation.among(objects);
            if classes.iter().all(is_free) {
                continue;
            }
            let answer = answers.entry(self.operation.key(node)).or_default();
            answer.nodes.push(id);
            answer.classes.extend(classes);
        }
        for answer in answers.values_mut() {
            answer.classes.sort();
            answer.classes.dedup();
        }
        answers
    }

    fn field(&mut self, open: &Open, answer: &Answer) -> u32 {
        let classes = answer.classes.iter().filter_map(|it| self.model.class(*it));
        let classes: Vec<_> = classes.collect();
        let nodes = answer.nodes.iter().filter_map(|it| self.operation.node(*it));
        let nodes: Vec<_> = nodes.collect();
        let mut calls = Vec::new();
        for node in nodes.iter().take(1) {
            calls.extend(classes.iter().map(|class| self.slots.call(node, class)));
        }
        let depth = classes.iter().map(|it| it.list_depth).max().unwrap_or(0);
        let first = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        for level in 0..depth {
            let sizes = if level == 0 {
                self.outer_sizes(open, answer)
            } else {
                classes.iter().filter_map(|it| it.list.inner).map(Size::Fixed).collect()
            };
            if let Some(node) = nodes.first() {
                self.lists.push(ShapeList { field: node.field, sizes });
            }
        }
        let weight = classes.iter().map(|it| it.weight).min().unwrap_or(0);
        let is_composite = classes.iter().any(|it| it.is_composite);
        let below = is_composite.then(|| self.below(answer));
        let id = u32::try_from(self.fields.len()).unwrap_or(u32::MAX);
        self.fields.push(ShapeField { calls, weight, lists: (first, depth), below });
        id
    }

    /// The size of a list by its own arguments, or by those of the field around it.
    fn outer_sizes(&mut self, open: &Open, answer: &Answer) -> Vec<Size> {
        let mut sizes = Vec::new();
        let around = open.parents.iter().flatten().next().and_then(|it| self.operation.node(*it));
        for (node, class) in answer
            .nodes
            .iter()
            .take(1)
            .flat_map(|node| answer.classes.iter().map(move |class| (*node, *class)))
        {
            let (Some(node), Some(class)) = (self.operation.node(node), self.model.class(class))
            else {
                continue;
            };
            let name = &self.operation.schema().field(node.field).name;
            let outer = open.around.iter().filter_map(|it| self.model.class(*it));
            let mut handed_down = outer.filter(|it| it.list.sized.contains(name)).peekable();
            match around.filter(|_| handed_down.peek().is_some()) {
                Some(around) => {
                    for outer in handed_down {
                        sizes.push(self.slots.size(around, &outer.list, None));
                    }
                }
                None => sizes.push(self.slots.size(node, &class.list, None)),
            }
        }
        sizes
    }

    fn below(&mut self, answer: &Answer) -> u32 {
        let sources = answer.nodes.iter().filter_map(|it| self.operation.node(*it));
        let mut sources: Vec<_> = sources.map(|it| it.source).collect();
        sources.sort();
        sources.dedup();
        let memo = (sources, answer.classes.clone());
        if let Some(group) = self.known.get(&memo) {
            return *group;
        }
        let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.groups.push(Keys::default());
        self.known.insert(memo, group);
        let parents = answer.nodes.iter().map(|it| Some(*it)).collect();
        self.open.push(Open { group, parents, around: answer.classes.clone() });
        group
    }
}
