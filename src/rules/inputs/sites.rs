//! The sites of an operation: arguments of its fields and directives that lead to demanded values,
//! written or not.

use ahash::{HashMap, HashSet};

use crate::{
    document::{Directive, Document, Range, SelectionKind, ValueId},
    operation::{GuardId, Node, NodeId, Operation, VariableIdx},
    rules::inputs::places::{Concern, Places},
    schema::InputId,
};

/// An argument where a field or directive stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The argument of the type that answers.
    pub(super) input: InputId,
    /// What is written for it.
    pub(super) written: Option<ValueId>,
    /// Under which conditions it counts.
    pub(super) guard: GuardId,
    /// The field, if it is one's.
    pub(super) node: Option<NodeId>,
    /// The object type on which the demand stands, when it is not the one as written.
    pub(super) object: Option<u32>,
}

/// Every site of an operation.
pub(super) fn sites(places: &Places, operation: &Operation) -> Vec<Site> {
    let mut sites = Vec::new();
    let all = if places.has_fields() { operation.nodes() } else { &[] };
    let nodes = (0_u32..).map(NodeId).zip(all);
    for (id, node) in nodes.filter(|(_, it)| it.guard != GuardId::NEVER) {
        for concern in
            places.of_field(node.field).iter().filter(|it| can_answer(operation, node, it))
        {
            let arguments = operation.arguments(node).iter();
            let mut written = arguments.filter(|it| concern.written == Some(it.input));
            sites.push(Site {
                input: concern.input,
                written: written.next().map(|it| it.value),
                guard: node.guard,
                node: Some(id),
                object: concern.object,
            });
        }
    }
    if places.has_directives() {
        add_directives(places, operation, &mut sites);
    }
    sites
}

fn can_answer(operation: &Operation, node: &Node, concern: &Concern) -> bool {
    let parents = operation.sets().get(node.parents);
    concern.object.is_none_or(|it| parents.is_none_or(|parents| parents.contains(it)))
}

/// Sites without those at which the same value is given for the same input.
pub(super) fn distinct(operation: &Operation, sites: Vec<Site>) -> Vec<Site> {
    let mut seen: HashSet<(InputId, GuardId, Option<ValueId>)> = HashSet::default();
    let mut variables: HashMap<VariableIdx, ValueId> = HashMap::default();
    let mut is_new = |site: &Site| {
        let written = site.written.map(|it| match operation.variable_at(it) {
            Some(variable) => *variables.entry(variable).or_insert(it),
            None => it,
        });
        seen.insert((site.input, site.guard, written))
    };
    sites.into_iter().filter(|it| is_new(it)).collect()
}

fn add_directives(places: &Places, operation: &Operation, sites: &mut Vec<Site>) {
    let document = operation.document();
    let nodes = (0_u32..).map(NodeId).zip(operation.nodes());
    for (id, node) in nodes.filter(|(_, it)| it.guard != GuardId::NEVER) {
        let directives = document.selection(node.source).map(|it| it.directives);
        let at = (node.guard, Some(id));
        add(places, operation, directives.unwrap_or_default(), at, sites);
    }
    for directives in elsewhere(operation) {
        add(places, operation, directives, (GuardId::ALWAYS, None), sites);
    }
}

fn add(
    places: &Places,
    operation: &Operation,
    directives: Range,
    (guard, node): (GuardId, Option<NodeId>),
    sites: &mut Vec<Site>,
) {
    let document = operation.document();
    let written = |directive: &Directive, input: InputId| {
        let name = &operation.schema().input(input).name;
        let mut arguments = document.arguments(directive.arguments).iter();
        arguments.find(|it| document.str(it.name) == &**name).map(|it| it.value)
    };
    for directive in document.directives_in(directives) {
        for input in places.of_directive(document.str(directive.name)) {
            let written = written(directive, *input);
            sites.push(Site { input: *input, written, guard, node, object: None });
        }
    }
}

/// Directives that stand at no field: on the operation, its variables, its fragments and where
/// those are spread.
fn elsewhere(operation: &Operation) -> Vec<Range> {
    let document = operation.document();
    let Some(definition) = document.operation(operation.id()) else { return Vec::new() };
    let mut found = vec![definition.directives];
    found.extend(document.variables(definition.variables).iter().map(|it| it.directives));
    let mut seen = HashSet::default();
    let mut open = vec![definition.selections];
    // The budget of this loop is the document: every fragment is opened once.
    while let Some(selections) = open.pop() {
        for selection in document.selections(selections) {
            match &selection.kind {
                SelectionKind::Field { .. } => {}
                SelectionKind::Inline { .. } => found.push(selection.directives),
                SelectionKind::Spread { name } => {
                    found.push(selection.directives);
                    open.extend(fragment(document, document.str(*name), &mut seen, &mut found));
                }
            }
        }
    }
    found
}

fn fragment<'d>(
    document: &'d Document,
    name: &'d str,
    seen: &mut HashSet<&'d str>,
    found: &mut Vec<Range>,
) -> Option<Range> {
    let fragment = document.fragment_named(name).filter(|_| seen.insert(name))?;
    found.push(fragment.directives);
    Some(fragment.selections)
}
