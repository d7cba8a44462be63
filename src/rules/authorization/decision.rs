//! What an operation must be asked: for every selection, which permits must allow it, and under
//! which coordinates of the object types that can answer.

use std::rc::Rc;

use ahash::{HashMap, HashSet};

use crate::{
    expression::{Arguments, Expression, Name, When},
    operation::{Node, NodeId, Operation, SetId},
    rules::{
        authorization::{
            Permit,
            table::{Default, PermitIdx, Table, is_of_the_language},
        },
        scope::{Place, Source, take_the_same},
    },
    schema::{FieldId, InputId, Kind},
};

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    /// No permit names the root field.
    Default,
    /// This permit.
    Permit(PermitIdx),
}

/// One question, and the selections that it is asked for.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) by: By,
    /// Where the names of the expression are looked up.
    pub(super) place: Place,
    pub(super) nodes: Vec<NodeId>,
}

/// The questions of an operation.
#[derive(Debug, std::default::Default)]
pub(super) struct Questions {
    pub(super) decisions: Vec<Decision>,
    /// There are more of them than can be asked, and the operation is refused for it.
    pub(super) are_too_many: bool,
}

/// Which questions are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All of them.
    All,
    /// Those that someone could answer with no.
    Open,
}

/// Every question that an operation raises; those with the same answer are one.
// The budget of this loop is that of combinations: see [`COMBINATIONS`].
pub(super) fn decisions(
    table: &Table,
    permits: &[Permit],
    operation: &Operation,
    keep: Keep,
) -> Questions {
    let mut asking = Asking::new(permits, operation, keep);
    for (id, node) in (0..).map(NodeId).zip(operation.nodes()) {
        if node.field == FieldId::TYPENAME || is_introspection(operation, node) {
            continue;
        }
        if asking.questions.are_too_many {
            break;
        }
        asking.enter();
        for field in operation.answering(node) {
            match table.of(field) {
                Some(deciding) => {
                    deciding.iter().for_each(|it| asking.ask(By::Permit(*it), id, field));
                }
                None if table.is_root(field) && table.default == Default::Deny => {
                    asking.ask(By::Default, id, field);
                }
                None => {}
            }
        }
    }
    asking.questions
}

/// True when an expression looks at the field it is asked for, or around it.
pub(super) fn looks_around(expression: &Expression) -> bool {
    expression.asks_for(&[Name::Args, Name::Field, Name::Operation, Name::Parent, Name::Root])
}

/// Who may introspect is another rule's to say.
fn is_introspection(operation: &Operation, node: &Node) -> bool {
    let schema = operation.schema();
    is_of_the_language(schema, node.field) || schema.ty(node.on).name.starts_with("__")
}

/// The fields around a selection; nothing at the root.
type Above = Rc<[Option<FieldId>]>;

/// Questions so far, and where each stands.
struct Asking<'a> {
    permits: &'a [Permit],
    operation: &'a Operation,
    keep: Keep,
    places: HashMap<(By, Key), usize>,
    questions: Questions,
    /// What was asked at the selection so far, and below which field.
    here: HashSet<(By, Option<FieldId>, Option<FieldId>)>,
    /// The fields above a field, wherever the same is selected of the same types.
    above: HashMap<(FieldId, SetId, FieldId), Above>,
    n_combinations: u64,
    /// How often it was looked whether one field leads to another.
    n_looks: u64,
}

/// What the answer to a question depends on, beside the caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, std::default::Default)]
struct Key {
    args: Option<Args>,
    field: Option<FieldId>,
    parent: Option<(Option<NodeId>, Option<FieldId>)>,
    root: Option<Option<NodeId>>,
}

/// What the arguments of a selection depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Args {
    /// Where they stand.
    All(NodeId),
    /// Those that are looked at.
    Named(Box<[(InputId, Source)]>),
}

impl<'a> Asking<'a> {
    fn new(permits: &'a [Permit], operation: &'a Operation, keep: Keep) -> Self {
        Self {
            permits,
            operation,
            keep,
            places: HashMap::default(),
            questions: Questions::default(),
            here: HashSet::default(),
            above: HashMap::default(),
            n_combinations: 0,
            n_looks: 0,
        }
    }

    /// Goes on to the next selection.
    fn enter(&mut self) {
        self.here.clear();
    }

    fn ask(&mut self, by: By, id: NodeId, field: FieldId) {
        let expression = match by {
            By::Default => None,
            By::Permit(it) => {
                let permit = self.permits.get(it.index());
                match permit.map(|it| &it.allow) {
                    Some(When::Always) if self.keep == Keep::Open => return,
                    Some(it) => it.expression(),
                    None => None,
                }
            }
        };
        let asks = |name| expression.is_some_and(|it| it.asks_for(&[name]));
        let tells = asks(Name::Field) || (asks(Name::Args) && self.has_own_args(id, field));
        let field_key = tells.then_some(field);
        if !asks(Name::Parent) && !self.here.insert((by, field_key, None)) {
            return;
        }
        let key = Key {
            args: expression.filter(|_| asks(Name::Args)).map(|it| self.args(it, id)),
            field: field_key,
            parent: None,
            root: asks(Name::Root).then(|| self.root(id)),
        };
        let parent = self.operation.node(id).and_then(|it| it.parent);
        let around = parent.and_then(|it| self.operation.node(it));
        if !asks(Name::Parent) {
            let place = Place { node: id, field, parent: around.map(|it| it.field) };
            self.add(by, key, place);
            return;
        }
        // The same selection set can run in the fields of several object types.
        for parent_field in &*self.above(around, field) {
            if self.here.insert((by, field_key, *parent_field)) {
                let key = Key { parent: Some((parent, *parent_field)), ..key.clone() };
                self.add(by, key, Place { node: id, field, parent: *parent_field });
            }
        }
    }

    /// The fields around which lead to a field: none at the root.
    fn above(&mut self, around: Option<&Node>, field: FieldId) -> Above {
        let Some(around) = around else { return [None].into() };
        let key = (around.field, around.parents, field);
        if let Some(known) = self.above.get(&key) {
            return Rc::clone(known);
        }
        let all = self.operation.answering(around).into_iter();
        let above: Above = all.filter(|it| self.leads_to(*it, field)).map(Some).collect();
        self.above.insert(key, Rc::clone(&above));
        above
    }

    /// Whether the one field can return what has the other; true after too many questions.
    fn leads_to(&mut self, above: FieldId, field: FieldId) -> bool {
        let schema = self.operation.schema();
        self.n_looks = self.n_looks.saturating_add(1);
        match schema.ty(schema.field(field).parent).kind {
            Kind::Object { object } if self.n_looks <= LOOKS => {
                schema.ty(schema.field(above).ty.named).possible.contains(object)
            }
            _ => true,
        }
    }

    /// Whether the field that answers takes other arguments than the one as written.
    fn has_own_args(&self, id: NodeId, field: FieldId) -> bool {
        let written = self.operation.node(id).map_or(field, |it| it.field);
        !take_the_same(self.operation.schema(), field, written)
    }

    fn add(&mut self, by: By, key: Key, place: Place) {
        self.n_combinations = self.n_combinations.saturating_add(1);
        if self.n_combinations > COMBINATIONS {
            self.questions.are_too_many = true;
            return;
        }
        let decisions = &mut self.questions.decisions;
        let n = decisions.len();
        let at = *self.places.entry((by, key)).or_insert(n);
        match decisions.get_mut(at) {
            Some(decision) if decision.nodes.last() == Some(&place.node) => {}
            Some(decision) => decision.nodes.push(place.node),
            None => decisions.push(Decision { by, place, nodes: vec![place.node] }),
        }
    }

    fn args(&self, expression: &Expression, id: NodeId) -> Args {
        let (Arguments::Named(names), Some(node)) =
            (expression.arguments(Name::Args), self.operation.node(id))
        else {
            return Args::All(id);
        };
        let source = |name: &str| {
            let input = self.operation.schema().argument_named(node.field, name)?;
            let mut arguments = self.operation.arguments(node).iter();
            let written = arguments.find(|it| it.input == input).map(|it| it.value);
            Some((input, Source::of(self.operation, written)))
        };
        Args::Named(names.iter().filter_map(|it| source(it)).collect())
    }

    // The budget of this loop is the depth of the operation.
    fn root(&self, id: NodeId) -> Option<NodeId> {
        let mut above = self.operation.node(id)?.parent?;
        while let Some(parent) = self.operation.node(above)?.parent {
            above = parent;
        }
        Some(above)
    }
}

/// Selections with the fields that can answer them and those around: a thousand selections under
/// an interface of a hundred object types.
const COMBINATIONS: u64 = 100_000;
/// Pairs of a field around and a field below it: forty kinds of places at which two interfaces of
/// three hundred object types meet. After more, every pair counts as possible.
const LOOKS: u64 = 4_000_000;
