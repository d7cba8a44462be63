//! What an answer to an operation may hold: response keys, place by place.
//!
//! Selections are merged over all object types at once, because an answer need not tell its types;
//! where it does, a key is asked for its types. Reads no answer.

use std::sync::Arc;

use ahash::{HashMap, HashSet};

use crate::{
    document,
    operation::{AnswerKind, GuardId, Node, NodeId, Operation, Variables, answer_kind, due},
    schema::{FieldId, Kind, Schema, TypeId, TypeSet},
    weight,
};

/// What the answers to one operation may hold.
#[derive(Debug)]
pub struct AnswerShape {
    pub(super) operation: Arc<Operation>,
    /// INVARIANT: the root is first.
    places: Vec<Place>,
    keys: Vec<AnswerKey>,
    /// Every response key and whether it is redacted somewhere, in order.
    all: Vec<(Box<str>, bool)>,
    /// The names of fields that are redacted, in order.
    redacted: Vec<Box<str>>,
    /// Bytes of the longest of all these.
    longest_key: usize,
    is_conditional: bool,
}

/// The response keys of objects at one place.
#[derive(Debug, Default)]
struct Place {
    /// In order.
    keys: Vec<(Box<str>, u32)>,
    /// The key that its objects stand under; the root has none.
    of: Option<u32>,
    /// The object type that every object here is of, if there is only one.
    only: Option<u32>,
}

/// A response key at a place.
#[derive(Debug)]
pub struct AnswerKey {
    /// One of the fields that answer it.
    pub field: FieldId,
    /// What its innermost value is.
    pub kind: AnswerKind,
    /// Lists inside lists.
    pub n_lists: u32,
    /// By level of its lists, the outermost first: whether it is never null.
    non_null: u64,
    selections: Vec<Selection>,
    /// No answer is whole without it, on some object at least.
    is_due: bool,
}

/// A selection that is answered under a key.
#[derive(Debug)]
struct Selection {
    node: NodeId,
    /// The object types on which its field is redacted.
    redacted: Option<TypeSet>,
}

/// The answer that one request may have.
#[derive(Clone, Debug)]
pub struct Expected {
    /// What answers to the operation may hold.
    pub shape: Arc<AnswerShape>,
    /// By node: left out by the variables. Empty, when nothing is.
    pub(super) left_out: Box<[bool]>,
}

impl AnswerKey {
    /// Whether it is never null inside this many of its lists.
    #[must_use]
    pub fn is_non_null(&self, level: u32) -> bool {
        level < u64::BITS && self.non_null & (1 << level) != 0
    }

    fn weight(&self) -> usize {
        let redacted = self.selections.iter().filter_map(|it| it.redacted.as_ref());
        weight::sum(redacted.map(TypeSet::weight).chain([weight::of_vec(&self.selections)]))
    }
}

impl Place {
    fn weight(&self) -> usize {
        let names = self.keys.iter().map(|it| weight::of_text(&it.0));
        weight::sum(names.chain([weight::of_vec(&self.keys)]))
    }
}

impl AnswerShape {
    /// What the answers to an operation may hold; `redacted` in order.
    #[must_use]
    pub fn new(operation: &Arc<Operation>, redacted: &[FieldId]) -> Self {
        let mut building = Building { operation, redacted, places: Vec::new(), keys: Vec::new() };
        building.run();
        let Building { places, keys, .. } = building;
        let mut all: HashMap<Box<str>, bool> = HashMap::default();
        for (name, key) in places.iter().flat_map(|it| &it.keys) {
            let key = keys.get(*key as usize);
            let is_redacted =
                key.is_some_and(|it| it.selections.iter().any(|it| it.redacted.is_some()));
            *all.entry(name.clone()).or_default() |= is_redacted;
        }
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort();
        let schema = operation.schema();
        let mut names: Vec<_> = redacted.iter().map(|it| schema.field(*it).name.clone()).collect();
        names.sort();
        names.dedup();
        let is_conditional = operation.nodes().iter().any(|it| it.guard != GuardId::ALWAYS);
        let longest_key = all.iter().map(|it| &it.0).chain(&names).map(|it| it.len()).max();
        Self {
            operation: Arc::clone(operation),
            places,
            keys,
            all,
            redacted: names,
            longest_key: longest_key.unwrap_or(0),
            is_conditional,
        }
    }

    /// The upstream's types.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        self.operation.schema()
    }

    /// Whether the answers have to come in one piece, without @defer and @stream.
    ///
    /// A part of an answer says by a path or an id where it belongs, before its data or behind it,
    /// and may hold no more than what stands below an object that came earlier. So a part of a
    /// redacted object or list need not have the key that it is known by. What a redacted field
    /// has below it is therefore not left for later, whoever asks for it; that a server may answer
    /// at once is in the specification. Parts that hold a redacted scalar have its key, unless
    /// it was itself left for later, as some servers allow for fields.
    #[must_use]
    pub fn is_at_once(&self) -> bool {
        let (operation, schema) = (&self.operation, self.operation.schema());
        let selections = self.keys.iter().flat_map(|it| &it.selections);
        let redacted = selections.filter(|it| it.redacted.is_some());
        redacted.filter_map(|it| Some((it.node, operation.node(it.node)?))).any(|(id, it)| {
            it.end.0 > id.0.saturating_add(1)
                || schema.field(it.field).ty.list_depth() > 0
                || document::defers_fields(operation.document())
        })
    }

    /// Roughly how many bytes it holds on to, beside its operation.
    pub(crate) fn weight(&self) -> usize {
        let names = self.all.iter().map(|it| &it.0).chain(&self.redacted);
        let names = names.map(|it| weight::of_text(it));
        weight::sum(names.chain(self.places.iter().map(Place::weight)).chain([
            size_of::<Self>(),
            weight::sum(self.keys.iter().map(AnswerKey::weight)),
            weight::of_vec(&self.places),
            weight::of_vec(&self.keys),
            weight::of_vec(&self.all),
            weight::of_vec(&self.redacted),
        ]))
    }

    /// A response key of a place: its number there, and the key.
    #[must_use]
    pub fn find(&self, place: u32, name: &[u8]) -> Option<(usize, u32)> {
        let keys = &self.places.get(place as usize)?.keys;
        let at = keys.binary_search_by(|it| it.0.as_bytes().cmp(name)).ok()?;
        keys.get(at).map(|it| (at, it.1))
    }

    /// How many response keys a place has.
    #[must_use]
    pub fn n_keys(&self, place: u32) -> usize {
        self.places.get(place as usize).map_or(0, |it| it.keys.len())
    }

    /// The response keys of a place, in the order of their numbers there.
    pub fn keys(&self, place: u32) -> impl Iterator<Item = (&str, u32)> {
        let keys = self.places.get(place as usize).map(|it| &*it.keys).unwrap_or_default();
        keys.iter().map(|(name, key)| (&**name, *key))
    }

    /// The name of the key that the objects of a place stand under.
    #[must_use]
    pub fn name_of(&self, place: u32) -> Option<&str> {
        self.name(self.places.get(place as usize)?.of?)
    }

    /// The name of a key.
    #[must_use]
    pub fn name(&self, key: u32) -> Option<&str> {
        let node = self.operation.node(self.key(key)?.selections.first()?.node)?;
        Some(self.operation.key(node))
    }

    /// The object type that every object of a place is of, if there is only one.
    #[must_use]
    pub fn only_type(&self, place: u32) -> Option<u32> {
        self.places.get(place as usize)?.only
    }

    /// What is known of a key.
    #[must_use]
    pub fn key(&self, key: u32) -> Option<&AnswerKey> {
        self.keys.get(key as usize)
    }

    /// Whether a key is redacted on an object type; on a type that is not known, when it is on
    /// any.
    #[must_use]
    pub fn is_redacted(&self, key: u32, ty: Option<u32>) -> bool {
        let selections = self.key(key).map(|it| &*it.selections).unwrap_or_default();
        selections.iter().filter_map(|it| it.redacted.as_ref()).any(|redacted| match ty {
            Some(ty) => redacted.contains(ty),
            None => true,
        })
    }

    /// Whether an object of this type, or one whose type is not known, can be wrong for the lack of
    /// a key.
    #[must_use]
    pub fn may_be_due(&self, key: u32, ty: Option<u32>) -> bool {
        let Some(key) = self.key(key).filter(|it| it.is_due) else { return false };
        key.selections.iter().any(|it| {
            let node = self.operation.node(it.node);
            let types = node.and_then(|it| self.operation.sets().get(it.parents));
            ty.is_none_or(|ty| types.is_some_and(|it| it.contains(ty)))
        })
    }

    /// Whether a response key stands anywhere in the operation, and is redacted somewhere.
    #[must_use]
    pub fn anywhere(&self, name: &[u8]) -> Option<bool> {
        let at = self.all.binary_search_by(|it| it.0.as_bytes().cmp(name)).ok()?;
        self.all.get(at).map(|it| it.1)
    }

    /// Bytes of the longest response key, or name of a field that is redacted: a longer key is one
    /// that nobody asked for. Documents bound it.
    #[must_use]
    pub const fn longest_key(&self) -> usize {
        self.longest_key
    }

    /// Whether a field of this name is redacted, for keys that nobody asked for.
    #[must_use]
    pub fn is_name_redacted(&self, name: &[u8]) -> bool {
        self.redacted.binary_search_by(|it| it.as_bytes().cmp(name)).is_ok()
    }
}

impl Expected {
    /// The answer to a request with these variables.
    #[must_use]
    pub fn new(shape: &Arc<AnswerShape>, variables: &Variables<'_>) -> Self {
        let operation = &shape.operation;
        let is_out = |it: &Node| !operation.guards().admits(it.guard, variables);
        let left_out = match shape.is_conditional {
            true => operation.nodes().iter().map(is_out).collect(),
            false => Box::default(),
        };
        Self { shape: Arc::clone(shape), left_out }
    }

    /// Whether a key was asked for of an object type, or of any when it is not known.
    #[must_use]
    pub fn asks(&self, key: u32, ty: Option<u32>) -> bool {
        let operation = &self.shape.operation;
        let selections = self.shape.key(key).map(|it| &*it.selections).unwrap_or_default();
        selections.iter().any(|it| {
            let is_out = self.left_out.get(it.node.index()).copied().unwrap_or(false);
            let Some(node) = operation.node(it.node).filter(|_| !is_out) else { return false };
            let types = operation.sets().get(node.parents);
            ty.is_none_or(|ty| types.is_some_and(|it| it.contains(ty)))
        })
    }
}

struct Building<'a> {
    operation: &'a Operation,
    redacted: &'a [FieldId],
    places: Vec<Place>,
    keys: Vec<AnswerKey>,
}

impl<'a> Building<'a> {
    // The budget of this loop is the operation, which `document::count` has bounded: every node
    // has one parent, and belongs to one place.
    fn run(&mut self) {
        let mut open = vec![(0_u32, Vec::new())];
        self.places.push(Place::default());
        while let Some((place, parents)) = open.pop() {
            let mut keys = Vec::new();
            for (name, nodes) in self.answers(&parents) {
                let id = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
                let key = self.key(id, &nodes, &mut open);
                self.keys.push(key);
                keys.push((name.into(), id));
            }
            keys.sort();
            let only = self.only_type(&parents);
            if let Some(it) = self.places.get_mut(place as usize) {
                *it = Place { keys, only, of: it.of };
            }
        }
    }

    /// What is selected below `parents`, by response key; at the root without any.
    fn answers(&self, parents: &[NodeId]) -> HashMap<&'a str, Vec<NodeId>> {
        let operation = self.operation;
        let mut answers: HashMap<&str, Vec<NodeId>> = HashMap::default();
        let root = parents.is_empty().then_some(None);
        let parents = parents.iter().copied().map(Some).chain(root);
        for (id, node) in parents.flat_map(|it| operation.children(it)) {
            answers.entry(operation.key(node)).or_default().push(id);
        }
        answers
    }

    fn key(&mut self, id: u32, nodes: &[NodeId], open: &mut Vec<(u32, Vec<NodeId>)>) -> AnswerKey {
        let operation = self.operation;
        let selected = || nodes.iter().filter_map(|it| Some((*it, operation.node(*it)?)));
        let field = selected().next().map_or(FieldId::TYPENAME, |it| it.1.field);
        let fields: Vec<_> = selected().map(|it| it.1.field).collect();
        let (n_lists, non_null, mut kind) = answer_kind::common(operation.schema(), &fields);
        if kind == AnswerKind::Object(0) {
            let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
            self.places.push(Place { of: Some(id), ..Place::default() });
            open.push((place, nodes.to_vec()));
            kind = AnswerKind::Object(place);
        }
        let is_due = selected().any(|it| due::is_never_absent(operation.schema(), it.1));
        // One field that fragments bring here many times counts once.
        let mut known = HashSet::default();
        let is_new = |it: &(NodeId, &Node)| known.insert((it.1.field, it.1.parents, it.1.guard));
        let selections = selected().filter(is_new);
        let selections = selections
            .map(|(node, it)| Selection { node, redacted: self.redacted_on(it) })
            .collect();
        AnswerKey { field, kind, n_lists, non_null, selections, is_due }
    }

    fn redacted_on(&self, node: &Node) -> Option<TypeSet> {
        let (operation, schema) = (self.operation, self.operation.schema());
        let is_redacted = |it: &FieldId| self.redacted.binary_search(it).is_ok();
        if self.redacted.is_empty() || node.field == FieldId::TYPENAME {
            return None;
        }
        let name = &schema.field(node.field).name;
        let parents = operation.sets().get(node.parents)?;
        if is_redacted(&node.field) {
            return Some(parents.clone());
        }
        let mut on = TypeSet::empty(schema.n_objects());
        let own = |it: &u32| schema.field_named(schema.object(*it), name);
        let all = parents.iter().filter(|it| own(it).is_some_and(|it| is_redacted(&it)));
        all.for_each(|it| on.insert(it));
        (!on.is_empty()).then_some(on)
    }

    fn only_type(&self, parents: &[NodeId]) -> Option<u32> {
        let (operation, schema) = (self.operation, self.operation.schema());
        let object = |it: TypeId| match schema.ty(it).kind {
            Kind::Object { object } => Some(object),
            _ => None,
        };
        if parents.is_empty() {
            return schema.root(operation.kind()).and_then(object);
        }
        let mut types = parents.iter().filter_map(|it| {
            let node = operation.node(*it)?;
            Some(object(schema.field(node.field).ty.named))
        });
        let first = types.next()??;
        types.all(|it| it == Some(first)).then_some(first)
    }
}
