//! What an answer to an operation looks like, for counting it: response keys, place by place.
//!
//! Selections are merged over all object types at once, because an answer does not tell its types.
//! Where one key costs differently by type, the lowest is taken: the count never overstates. Where
//! a list is bounded differently, the largest bound is. Conditions are not looked at: what they
//! leave out is not in the answer.

use std::sync::Arc;

use ahash::HashMap;

use crate::{
    cost::{
        class::FieldClass,
        model::{ClassId, Model},
        slots::{Call, Purpose, Request, Size, SlotBuilder, SlotTable},
    },
    document::SelectionId,
    operation::{Node, NodeId, Operation, Variables},
    schema::FieldId,
    weight,
};

/// The shape of the answers to one operation. Owns all that it needs.
#[derive(Debug)]
pub struct Shape {
    model: Arc<Model>,
    slots: SlotTable,
    pub(super) groups: Vec<Keys>,
    pub(super) fields: Vec<ShapeField>,
    pub(super) lists: Vec<ShapeList>,
    /// Bytes of the longest response key that was asked for; documents bound it.
    pub(super) longest_key: usize,
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

    fn weight(&self) -> usize {
        let names = self.0.iter().map(|it| weight::of_text(&it.0));
        weight::sum(names.chain([weight::of_vec(&self.0)]))
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
        let keys = operation.nodes().iter().map(|it| operation.key(it).len());
        let longest_key = keys.max().unwrap_or(0);
        Self { model: Arc::clone(model), slots: slots.table, groups, fields, lists, longest_key }
    }

    /// The model it was made with.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Roughly how many bytes it holds on to, beside the model.
    pub(crate) fn weight(&self) -> usize {
        let groups = self.groups.iter().map(Keys::weight);
        let fields = self.fields.iter().map(|it| weight::of_vec(&it.calls));
        let lists = self.lists.iter().map(|it| weight::of_vec(&it.sizes));
        weight::sum(groups.chain(fields).chain(lists).chain([
            size_of::<Self>(),
            self.slots.weight(),
            weight::of_vec(&self.groups),
            weight::of_vec(&self.fields),
            weight::of_vec(&self.lists),
        ]))
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
        // Where nothing tells a size, nothing can be over it.
        let sizes = self.lists.iter().map(|it| it.sizes.iter().map(size).max().unwrap_or(u64::MAX));
        Bounds { calls: calls.collect(), sizes: sizes.collect() }
    }
}

/// A place whose keys are still to be found.
struct Open {
    group: u32,
    /// The selections around it, and what their fields can cost; nothing at the root.
    around: Answer,
}

/// Selections that answer one key.
#[derive(Clone, Default)]
struct Answer {
    nodes: Vec<NodeId>,
    /// What each field that is selected here can cost; one field written once counts once, however
    /// often fragments bring it here.
    priced: Vec<Priced>,
}

/// A selection, in one of the classes that its field can have.
#[derive(Clone, Copy)]
struct Priced {
    source: SelectionId,
    class: ClassId,
    node: NodeId,
}

/// What makes two places have the same keys.
#[derive(PartialEq, Eq, Hash)]
struct Memo(Vec<(SelectionId, ClassId)>);

struct Building<'a> {
    model: &'a Model,
    operation: &'a Operation,
    slots: SlotBuilder<'a>,
    groups: Vec<Keys>,
    fields: Vec<ShapeField>,
    lists: Vec<ShapeList>,
    known: HashMap<Memo, u32>,
    open: Vec<Open>,
}

impl<'a> Building<'a> {
    // The budget of this loop is the operation, which `document::count` has bounded: every node
    // has one parent, and a place is opened for nodes once.
    fn run(&mut self) {
        self.groups.push(Keys::default());
        self.open.push(Open { group: 0, around: Answer::default() });
        while let Some(open) = self.open.pop() {
            let mut keys = Vec::new();
            for (key, answer) in self.answers(&open.around.nodes) {
                let field = self.field(&open.around, &answer);
                keys.push((key.into(), field));
            }
            keys.sort();
            if let Some(group) = self.groups.get_mut(open.group as usize) {
                *group = Keys(keys);
            }
        }
    }

    /// What is selected below `parents`, by response key; at the root without any.
    // A key that is free on one type and not on another is kept with both: on which of them an
    // object is cannot be told.
    fn answers(&self, parents: &[NodeId]) -> HashMap<&'a str, Answer> {
        let mut answers: HashMap<&'a str, Answer> = HashMap::default();
        let root = parents.is_empty().then_some(None);
        let parents = parents.iter().copied().map(Some).chain(root);
        for (id, node) in parents.flat_map(|it| self.operation.children(it)) {
            let variation = self.model.variation(node.field);
            let objects = self.operation.sets().get(node.parents);
            let (Some(variation), Some(objects)) = (variation, objects) else { continue };
            let answer = answers.entry(self.operation.key(node)).or_default();
            answer.nodes.push(id);
            let classes = variation.among(objects).into_iter();
            answer.priced.extend(classes.map(|class| Priced {
                source: node.source,
                class,
                node: id,
            }));
        }
        let is_free = |it: &Priced| self.model.class(it.class).is_none_or(FieldClass::is_free);
        answers.retain(|_, it| !it.priced.iter().all(is_free));
        for answer in answers.values_mut() {
            answer.priced.sort_by_key(|it| (it.source, it.class));
            answer.priced.dedup_by_key(|it| (it.source, it.class));
        }
        answers
    }

    fn field(&mut self, around: &Answer, answer: &Answer) -> u32 {
        let classes = self.resolved(answer);
        let calls = classes.iter().map(|(node, class)| self.slots.call(node, class)).collect();
        let depth = classes.iter().map(|it| it.1.list_depth).max().unwrap_or(0);
        let first = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        for level in 0..depth {
            let sizes = if level == 0 {
                self.outer_sizes(around, answer)
            } else {
                classes.iter().filter_map(|it| it.1.list.inner).map(Size::Fixed).collect()
            };
            if let Some((node, _)) = classes.first() {
                self.lists.push(ShapeList { field: node.field, sizes });
            }
        }
        let weight = classes.iter().map(|it| it.1.weight).min().unwrap_or(0);
        let is_composite = classes.iter().any(|it| it.1.is_composite);
        let below = is_composite.then(|| self.below(answer));
        let id = u32::try_from(self.fields.len()).unwrap_or(u32::MAX);
        self.fields.push(ShapeField { calls, weight, lists: (first, depth), below });
        id
    }

    fn resolved(&self, answer: &Answer) -> Vec<(&'a Node, &'a FieldClass)> {
        let (model, operation) = (self.model, self.operation);
        let resolve = |it: &Priced| Some((operation.node(it.node)?, model.class(it.class)?));
        answer.priced.iter().filter_map(resolve).collect()
    }

    /// The sizes that a list can have: by its own arguments, or by those of the fields around it.
    fn outer_sizes(&mut self, around: &Answer, answer: &Answer) -> Vec<Size> {
        let around = self.resolved(around);
        let mut sizes = Vec::new();
        for (node, class) in self.resolved(answer) {
            let name = &self.operation.schema().field(node.field).name;
            let hands_down = |it: &&(&Node, &FieldClass)| it.1.list.sized.contains(name);
            for (outer, class) in around.iter().filter(hands_down) {
                sizes.push(self.slots.size(outer, &class.list, None));
            }
            if around.is_empty() || !around.iter().all(|it| hands_down(&it)) {
                sizes.push(self.slots.size(node, &class.list, None));
            }
        }
        sizes
    }

    fn below(&mut self, answer: &Answer) -> u32 {
        let memo = Memo(answer.priced.iter().map(|it| (it.source, it.class)).collect());
        if let Some(group) = self.known.get(&memo) {
            return *group;
        }
        let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.groups.push(Keys::default());
        self.known.insert(memo, group);
        self.open.push(Open { group, around: answer.clone() });
        group
    }
}
