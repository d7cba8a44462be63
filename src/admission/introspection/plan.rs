//! The selections of an introspection, merged by response key, with their arguments resolved.

use std::borrow::Cow;

use crate::{
    document::{ValueId, ValueKind},
    json::Kind as Json,
    operation::{Given, GuardId, Node, NodeId, Operation, Variables},
};

/// A field of the plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanIdx(usize);

/// What is asked for.
#[derive(Debug)]
pub(super) struct Plan<'o> {
    /// INVARIANT: the first stands for the operation and is no field.
    fields: Vec<(Option<Selection<'o>>, Vec<PlanIdx>)>,
}

/// A field that is asked for.
#[derive(Debug)]
pub(super) struct Selection<'o> {
    /// Its response key.
    pub(super) key: &'o str,
    /// Its name in the schema.
    pub(super) field: &'o str,
    /// `includeDeprecated`
    pub(super) with_deprecated: bool,
    /// `name`
    pub(super) name: Option<Cow<'o, str>>,
}

impl<'o> Plan<'o> {
    pub(super) const ROOT: PlanIdx = PlanIdx(0);

    pub(super) fn new(operation: &'o Operation, variables: &Variables<'o>) -> Self {
        let mut plan = Self { fields: vec![(None, Vec::new())] };
        let mut open = vec![(Self::ROOT, vec![None])];
        // The budget of this loop is the operation: every node is in one group.
        while let Some((parent, group)) = open.pop() {
            for nodes in merged(operation, variables, &group) {
                let Some((_, first)) = nodes.first() else { continue };
                let idx = PlanIdx(plan.fields.len());
                let selection = Selection::new(operation, variables, first);
                plan.fields.push((Some(selection), Vec::new()));
                if let Some((_, children)) = plan.fields.get_mut(parent.0) {
                    children.push(idx);
                }
                open.push((idx, nodes.iter().map(|(id, _)| Some(*id)).collect()));
            }
        }
        plan
    }

    pub(super) fn children(&self, at: PlanIdx) -> &[PlanIdx] {
        self.fields.get(at.0).map_or(&[], |(_, children)| children)
    }

    pub(super) fn selection(&self, at: PlanIdx) -> Option<&Selection<'o>> {
        self.fields.get(at.0)?.0.as_ref()
    }
}

type Nodes<'o> = Vec<(NodeId, &'o Node)>;

/// The selections below some nodes that take part, one group per response key. GraphQL §6.3.2.
fn merged<'o>(
    operation: &'o Operation,
    variables: &Variables<'_>,
    parents: &[Option<NodeId>],
) -> Vec<Nodes<'o>> {
    let mut groups: Vec<Nodes<'o>> = Vec::new();
    let mut places = ahash::HashMap::default();
    for (id, node) in parents.iter().flat_map(|it| operation.children(*it)) {
        if !takes_part(operation, variables, node) {
            continue;
        }
        let place = *places.entry(operation.key(node)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len().saturating_sub(1)
        });
        if let Some(group) = groups.get_mut(place) {
            group.push((id, node));
        }
    }
    groups
}

fn takes_part(operation: &Operation, variables: &Variables<'_>, node: &Node) -> bool {
    let mut conditions = operation.guards().conditions(node.guard);
    node.guard != GuardId::NEVER
        && conditions.all(|it| variables.boolean(it.variable) == Some(it.must_be))
}

impl<'o> Selection<'o> {
    fn new(operation: &'o Operation, variables: &Variables<'o>, node: &Node) -> Self {
        let schema = operation.schema();
        let mut selection = Self {
            key: operation.key(node),
            field: &schema.field(node.field).name,
            with_deprecated: false,
            name: None,
        };
        for argument in operation.arguments(node) {
            let value = value(operation, variables, argument.value);
            match (&*schema.input(argument.input).name, value) {
                ("includeDeprecated", Value::Boolean(it)) => selection.with_deprecated = it,
                ("name", Value::Text(it)) => selection.name = Some(it),
                _ => {}
            }
        }
        selection
    }
}

enum Value<'o> {
    Boolean(bool),
    Other,
    Text(Cow<'o, str>),
}

/// The value of an argument, variables and their defaults looked up.
fn value<'o>(operation: &'o Operation, variables: &Variables<'o>, id: ValueId) -> Value<'o> {
    let document = operation.document();
    let literal = |id: ValueId| match document.value(id).map(|it| it.kind) {
        Some(ValueKind::Boolean(it)) => Value::Boolean(it),
        Some(ValueKind::String(it)) => Value::Text(document.string(it).into()),
        _ => Value::Other,
    };
    let Some(ValueKind::Variable(name)) = document.value(id).map(|it| it.kind) else {
        return literal(id);
    };
    let name = document.str(name);
    let all = operation.variables().iter().zip(variables.all());
    match all.into_iter().find(|(it, _)| *it.name == *name) {
        Some((_, Given::Value(given))) => match (given.kind(), given.string()) {
            (Json::Boolean(it), _) => Value::Boolean(it),
            (_, Some(it)) => Value::Text(it),
            _ => Value::Other,
        },
        Some((variable, Given::Default)) => variable.default.map_or(Value::Other, literal),
        Some((_, Given::Absent)) | None => Value::Other,
    }
}
