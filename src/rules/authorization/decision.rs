//! What an operation must be asked: for every selection, which permits must allow it, and under
//! which coordinates of the object types that can answer.

use ahash::HashMap;

use crate::{
    expression::{Expression, Name, When},
    operation::{Node, NodeId, Operation},
    rules::{
        authorization::{
            Permit,
            table::{Default, PermitIdx, Table},
        },
        scope::Place,
    },
    schema::FieldId,
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

/// Which questions are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All of them.
    All,
    /// Those that someone could answer with no.
    Open,
}

/// Every question that an operation raises; those with the same answer are one.
pub(super) fn decisions(
    table: &Table,
    permits: &[Permit],
    operation: &Operation,
    keep: Keep,
) -> Vec<Decision> {
    let mut asking =
        Asking { permits, operation, keep, places: HashMap::default(), decisions: Vec::new() };
    for (id, node) in (0..).map(NodeId).zip(operation.nodes()) {
        if node.field == FieldId::TYPENAME || is_introspection(operation, node) {
            continue;
        }
        for field in operation.answering(node) {
            match table.of(field) {
                Some(deciding) => {
                    deciding.iter().for_each(|it| asking.ask(By::Permit(*it), id, field));
                }
                None if node.parent.is_none() && table.default == Default::Deny => {
                    asking.ask(By::Default, id, field);
                }
                None => {}
            }
        }
    }
    asking.decisions
}

/// True when an expression looks at the field it is asked for, or around it.
pub(super) fn looks_around(expression: &Expression) -> bool {
    expression.asks_for(&[Name::Args, Name::Field, Name::Operation, Name::Parent, Name::Root])
}

/// Who may introspect is another rule's to say.
fn is_introspection(operation: &Operation, node: &Node) -> bool {
    let schema = operation.schema();
    let starts = |name: &str| name.starts_with("__");
    starts(&schema.field(node.field).name) || starts(&schema.ty(node.on).name)
}

/// Questions so far, and where each stands.
struct Asking<'a> {
    permits: &'a [Permit],
    operation: &'a Operation,
    keep: Keep,
    places: HashMap<(By, Key), usize>,
    decisions: Vec<Decision>,
}

/// What the answer to a question depends on, beside the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, std::default::Default)]
struct Key {
    node: Option<NodeId>,
    field: Option<FieldId>,
    parent: Option<(Option<NodeId>, Option<FieldId>)>,
    root: Option<Option<NodeId>>,
}

impl Asking<'_> {
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
        let parent = self.operation.node(id).and_then(|it| it.parent);
        let around = parent.and_then(|it| self.operation.node(it));
        let asks = |name| expression.is_some_and(|it| it.asks_for(&[name]));
        // The same selection set can run in the fields of several object types.
        let parents: Vec<Option<FieldId>> = match around {
            Some(node) if asks(Name::Parent) => {
                self.operation.answering(node).into_iter().map(Some).collect()
            }
            Some(node) => vec![Some(node.field)],
            None => vec![None],
        };
        for parent_field in parents {
            let key = Key {
                node: asks(Name::Args).then_some(id),
                field: asks(Name::Field).then_some(field),
                parent: asks(Name::Parent).then_some((parent, parent_field)),
                root: asks(Name::Root).then(|| self.root(id)),
            };
            let place = Place { node: id, field, parent: parent_field };
            self.add(by, key, place);
        }
    }

    fn add(&mut self, by: By, key: Key, place: Place) {
        let n = self.decisions.len();
        let at = *self.places.entry((by, key)).or_insert(n);
        match self.decisions.get_mut(at) {
            Some(decision) if decision.nodes.last() == Some(&place.node) => {}
            Some(decision) => decision.nodes.push(place.node),
            None => self.decisions.push(Decision { by, place, nodes: vec![place.node] }),
        }
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
