//! One operation as the server will run it: every fragment spread, every name resolved.
//!
//! A preorder arena walked by index. Selections are **not** merged: only cost merges by response
//! key. Takes documents that were counted and validated; bounds and names are proven by then.

mod answer;
mod answer_kind;
mod argument;
mod asked_alike;
mod calls;
mod coerce;
mod due;
mod guard;
mod inherited;
mod inputs;
mod scalars;
mod spread;
mod type_sets;
mod variables;

pub use answer::{AnswerKey, AnswerShape, Expected};
pub use answer_kind::AnswerKind;
pub use argument::{Resolved, default};
pub use calls::Calls;
pub use coerce::coerce;
pub use guard::{Condition, Guard, GuardId, Guards};
pub(crate) use inherited::PROTOTYPE;
pub use inputs::{InputValue, Met, walk};
pub(crate) use scalars::is_scalar;
pub use spread::{Mismatch, Skipped, spread};
pub use type_sets::{SetId, TypeSets};
pub use variables::{Given, Shape, Variable, VariableIdx, Variables};

use std::sync::Arc;

use crate::{
    document::{Document, OperationId, Range, SelectionId, Span, ValueId},
    schema::{FieldId, InputId, Kind, OperationKind, Schema, TypeId},
    weight,
};

/// The position of a node in preorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The index as `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One field selection, at the place where spreading put it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The field of the type that the selection is written on.
    pub field: FieldId,
    /// The type that the selection is written on: an object, interface or union.
    pub on: TypeId,
    /// The alias, when one is written.
    pub alias: Option<Span>,
    /// The response key: the alias or the name.
    pub key: Span,
    /// The object types in which this selection can run.
    pub parents: SetId,
    /// The @include and @skip conditions on the way here from the root.
    pub guard: GuardId,
    /// Whether it is there wherever the enclosing field is.
    pub presence: Presence,
    /// The arguments; see [`Operation::arguments`].
    pub arguments: Range,
    /// The enclosing field.
    pub parent: Option<NodeId>,
    /// 1 for a root field.
    pub depth: u32,
    /// The selection it comes from.
    pub source: SelectionId,
    /// First node behind this subtree.
    pub end: NodeId,
}

/// Whether a selection is answered wherever the field around it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// On every object that can be there, and no directive stands between.
    Always,
    /// On the object types in which it can run, and no directive stands between.
    ByType,
    /// A directive on it, or on a fragment around it, decides: @skip, @include, @defer, any other.
    Conditional,
}

/// An argument with its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its definition.
    pub input: InputId,
    /// Its value in the document.
    pub value: ValueId,
}

/// Directives at one place of what an operation is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directives {
    /// Those in the document.
    pub written: Range,
    /// The conditions under which the place takes part.
    pub guard: GuardId,
}

/// One operation of a document, spread.
#[derive(Debug)]
pub struct Operation {
    document: Arc<Document>,
    schema: Arc<Schema>,
    id: OperationId,
    kind: OperationKind,
    nodes: Vec<Node>,
    arguments: Vec<Argument>,
    directives: Vec<Directives>,
    guards: Guards,
    sets: TypeSets,
    variables: Vec<Variable>,
    absent: AbsentVariables,
}

/// What a variable without a value is inside an input object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AbsentVariables {
    /// As if the field was not written (GraphQL §3.10).
    #[default]
    Omit,
    /// Null, as some servers have it: a field that is named.
    AsNull,
}

impl Operation {
    /// The same for a server that reads absent variables so.
    #[must_use]
    pub const fn with_absent(mut self, absent: AbsentVariables) -> Self {
        self.absent = absent;
        self
    }

    /// What a variable without a value is inside an input object.
    #[must_use]
    pub const fn absent(&self) -> AbsentVariables {
        self.absent
    }

    /// The document it stands in.
    #[must_use]
    pub const fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The schema it was spread with.
    #[must_use]
    pub const fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Its definition in the document.
    #[must_use]
    pub const fn id(&self) -> OperationId {
        self.id
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        self.kind
    }

    /// Its name, when one is written.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let name = self.document.operation(self.id)?.name?;
        Some(self.document.str(name))
    }

    /// Every field selection, in preorder.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// The selections directly below a node, or the root fields.
    pub fn children(&self, parent: Option<NodeId>) -> impl Iterator<Item = (NodeId, &Node)> {
        let (mut next, end) = match parent {
            None => (0, u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)),
            Some(id) => (id.0.saturating_add(1), self.node(id).map_or(0, |it| it.end.0)),
        };
        std::iter::from_fn(move || {
            let id = NodeId(next);
            let node = (next < end).then(|| self.node(id)).flatten()?;
            next = node.end.0.max(next.saturating_add(1));
            Some((id, node))
        })
    }

    /// The arguments of a node, in the order written.
    #[must_use]
    pub fn arguments(&self, node: &Node) -> &[Argument] {
        self.arguments.get(node.arguments.to_usize()).unwrap_or_default()
    }

    /// The directives on it, its variables and its selections, and on the fragments where they are
    /// spread.
    #[must_use]
    pub fn directives(&self) -> &[Directives] {
        &self.directives
    }

    /// The response key of a node.
    #[must_use]
    pub fn key(&self, node: &Node) -> &str {
        self.document.str(node.key)
    }

    /// `Type.field` of a node.
    #[must_use]
    pub fn coordinate(&self, node: &Node) -> String {
        if node.field == FieldId::TYPENAME {
            return format!("{}.__typename", self.schema.ty(node.on).name);
        }
        self.schema.coordinate(node.field)
    }

    /// The field as every object type has it in which a selection can run.
    #[must_use]
    pub fn answering(&self, node: &Node) -> Vec<FieldId> {
        let Some(set) = self.sets.get(node.parents) else { return Vec::new() };
        match self.schema.ty(node.on).kind {
            _ if node.field == FieldId::TYPENAME => return vec![node.field],
            // Fragments inside each other can leave a type that nothing here can be.
            Kind::Object { object } if set.contains(object) => return vec![node.field],
            Kind::Object { .. } => return Vec::new(),
            Kind::Enum
            | Kind::InputObject { .. }
            | Kind::Interface
            | Kind::Scalar
            | Kind::Union => {}
        }
        let name = &self.schema.field(node.field).name;
        let of = |object: u32| self.schema.field_named(self.schema.object(object), name);
        set.iter().filter_map(of).collect()
    }

    /// The conditions that nodes refer to.
    #[must_use]
    pub const fn guards(&self) -> &Guards {
        &self.guards
    }

    /// The sets of object types that nodes refer to.
    #[must_use]
    pub const fn sets(&self) -> &TypeSets {
        &self.sets
    }

    /// Its variable definitions, resolved.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Roughly how many bytes it holds on to, beside its document and the schema.
    pub(crate) fn weight(&self) -> usize {
        weight::sum(self.variables.iter().map(Variable::weight).chain([
            size_of::<Self>(),
            weight::of_vec(&self.nodes),
            weight::of_vec(&self.arguments),
            weight::of_vec(&self.directives),
            weight::of_vec(&self.variables),
            self.guards.weight(),
            self.sets.weight(),
        ]))
    }
}
