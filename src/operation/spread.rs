//! Spreads the fragments of an operation into its arena.

use std::sync::Arc;

use crate::{
    document::{
        Document, FragmentNames, OperationDefinition, OperationId, Range, Selection, SelectionId,
        SelectionKind, Span, ValueKind, fragment_names,
    },
    operation::{
        AbsentVariables, Argument, Condition, Directives, GuardId, Guards, Node, NodeId, Operation,
        Presence, SetId, TypeSets, Variable, VariableIdx, variables,
    },
    schema::{FieldId, InputId, Schema, TypeId},
};

/// What becomes of selections that @skip or @include leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skipped {
    /// They keep their conditions; rules other than limits pass over them when the conditions fail.
    #[default]
    Ignore,
    /// They are judged as if nothing was ever left out.
    Judge,
}

/// The document names something that the schema does not have; validation has let it through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The name in question.
    pub name: Box<str>,
}

/// Spreads one operation. The document was counted and validated before: it has no cycles, and
/// every name resolves.
///
/// # Errors
/// A name that does not resolve after all: a fault of ours, and the request must be refused.
pub fn spread(
    schema: &Arc<Schema>,
    document: &Arc<Document>,
    id: OperationId,
    skipped: Skipped,
) -> Result<Operation, Mismatch> {
    let definition =
        *document.operation(id).ok_or_else(|| Mismatch { name: "operation".into() })?;
    let root = schema
        .root(definition.kind)
        .ok_or_else(|| Mismatch { name: definition.kind.keyword().into() })?;
    let variables = variables::resolve(schema, document, &definition)?;
    let mut spreading = Spreading::new(schema, document, skipped, &variables);
    spreading.run(&definition, root)?;
    let Spreading { mut nodes, mut arguments, mut directives, guards, sets, .. } = spreading;
    // Rules keep operations as long as documents are known.
    nodes.shrink_to_fit();
    arguments.shrink_to_fit();
    directives.shrink_to_fit();
    Ok(Operation {
        document: Arc::clone(document),
        schema: Arc::clone(schema),
        id,
        kind: definition.kind,
        nodes,
        arguments,
        directives,
        guards,
        sets,
        variables,
        absent: AbsentVariables::default(),
    })
}

/// Where a list of selections is being walked.
#[derive(Clone, Copy)]
struct Frame {
    next: u32,
    end: u32,
    place: Place,
    /// The node whose subtree ends with this frame.
    closes: Option<NodeId>,
}

/// What the selections of one list have in common.
#[derive(Clone, Copy)]
struct Place {
    on: TypeId,
    parents: SetId,
    /// What can be here, before fragments have narrowed it.
    around: SetId,
    /// No directive stands between here and the field around.
    is_plain: bool,
    guard: GuardId,
    parent: Option<NodeId>,
    depth: u32,
}

struct Spreading<'a> {
    schema: &'a Schema,
    document: &'a Document,
    skipped: Skipped,
    variables: &'a [Variable],
    fragments: FragmentNames<'a>,
    /// What each fragment is on, when the schema has that type.
    fragment_types: Vec<Option<TypeId>>,
    nodes: Vec<Node>,
    arguments: Vec<Argument>,
    directives: Vec<Directives>,
    guards: Guards,
    sets: TypeSets,
    stack: Vec<Frame>,
}

impl<'a> Spreading<'a> {
    fn new(
        schema: &'a Schema,
        document: &'a Document,
        skipped: Skipped,
        variables: &'a [Variable],
    ) -> Self {
        let types = document.fragments().iter().map(|it| schema.type_named(document.str(it.on)));
        Self {
            schema,
            document,
            skipped,
            variables,
            fragments: fragment_names(document),
            fragment_types: types.collect(),
            nodes: Vec::new(),
            arguments: Vec::new(),
            directives: Vec::new(),
            guards: Guards::default(),
            sets: TypeSets::default(),
            stack: Vec::new(),
        }
    }

    // The budget of this loop is the number of selections after spreading, which `document::count`
    // has compared with its ceiling.
    fn run(&mut self, definition: &OperationDefinition, root: TypeId) -> Result<(), Mismatch> {
        let parents = self.sets.possible(self.schema, root);
        let (guard, around) = (GuardId::ALWAYS, parents);
        let place =
            Place { on: root, parents, around, is_plain: true, guard, parent: None, depth: 1 };
        // At least about so many; fragments that are spread again come on top.
        let n_own = definition.selections.len() as usize;
        self.nodes.reserve(n_own.saturating_add(self.document.all_selections().len()));
        self.arguments.reserve(self.document.values().len());
        self.stack.reserve(FEW);
        self.push(definition.selections, place, None);
        self.directives(definition.directives, guard);
        for variable in self.document.variables(definition.variables) {
            self.directives(variable.directives, guard);
        }
        while let Some(frame) = self.stack.last_mut() {
            if frame.next >= frame.end {
                let closed = frame.closes;
                self.stack.pop();
                self.close(closed);
                continue;
            }
            let id = SelectionId(frame.next);
            let place = frame.place;
            let document = self.document;
            let selection = document.selection(id).ok_or_else(|| mismatch("selection"))?;
            frame.next = selection.end.0;
            self.selection(id, selection, place)?;
        }
        Ok(())
    }

    fn push(&mut self, selections: Range, place: Place, closes: Option<NodeId>) {
        self.stack.push(Frame { next: selections.start, end: selections.end, place, closes });
    }

    fn close(&mut self, closed: Option<NodeId>) {
        let end = self.next_node();
        if let Some(node) = closed.and_then(|it| self.nodes.get_mut(it.index())) {
            node.end = end;
        }
    }

    fn next_node(&self) -> NodeId {
        NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
    }

    fn selection(
        &mut self,
        id: SelectionId,
        selection: &Selection,
        place: Place,
    ) -> Result<(), Mismatch> {
        let guard = self.guard(selection.directives, place.guard);
        self.directives(selection.directives, guard);
        let is_plain = place.is_plain && selection.directives.is_empty();
        let place = Place { guard, is_plain, ..place };
        let inner = Range { start: id.0.saturating_add(1), end: selection.end.0 };
        match selection.kind {
            SelectionKind::Field { alias, name, arguments } => {
                let written = Written { id, alias, name, arguments, inner };
                self.field(written, place)
            }
            SelectionKind::Inline { on } => {
                let place = self.narrowed(on, place)?;
                self.push(inner, place, None);
                Ok(())
            }
            SelectionKind::Spread { name } => {
                let name = self.document.str(name);
                let index = self.fragments.get(name).ok_or_else(|| mismatch(name))?;
                let fragment = self.document.fragments().get(index);
                let fragment = fragment.ok_or_else(|| mismatch(name))?;
                let on = self.fragment_types.get(index).copied().flatten();
                let on = on.ok_or_else(|| mismatch(self.document.str(fragment.on)))?;
                let guard = self.guard(fragment.directives, guard);
                self.directives(fragment.directives, guard);
                let is_plain = is_plain && fragment.directives.is_empty();
                let place = Place { guard, is_plain, ..place };
                let parents = self.sets.narrow(self.schema, place.parents, on);
                let place = Place { on, parents, ..place };
                self.push(fragment.selections, place, None);
                Ok(())
            }
        }
    }

    fn field(&mut self, written: Written, place: Place) -> Result<(), Mismatch> {
        let name = self.document.str(written.name);
        let field = self.schema.field_named(place.on, name).ok_or_else(|| mismatch(name))?;
        let arguments = self.field_arguments(field, written.arguments)?;
        let node = self.next_node();
        let end = NodeId(node.0.saturating_add(1));
        self.nodes.push(Node {
            field,
            on: place.on,
            alias: written.alias,
            key: written.alias.unwrap_or(written.name),
            parents: place.parents,
            guard: place.guard,
            presence: self.presence(place),
            arguments,
            parent: place.parent,
            depth: place.depth,
            source: written.id,
            end,
        });
        if !written.inner.is_empty() {
            let on = self.schema.field(field).ty.named;
            let parents = self.sets.below(self.schema, place.parents, field);
            let depth = place.depth.saturating_add(1);
            let (guard, parent, around) = (place.guard, Some(node), parents);
            let below = Place { on, parents, around, is_plain: true, guard, parent, depth };
            self.push(written.inner, below, Some(node));
        }
        Ok(())
    }

    fn presence(&self, place: Place) -> Presence {
        let is_everywhere = || match (self.sets.get(place.around), self.sets.get(place.parents)) {
            (Some(around), Some(parents)) => around.is_subset(parents),
            _ => false,
        };
        match place.is_plain {
            false => Presence::Conditional,
            true if place.around == place.parents || is_everywhere() => Presence::Always,
            true => Presence::ByType,
        }
    }

    fn field_arguments(&mut self, field: FieldId, written: Range) -> Result<Range, Mismatch> {
        let start = u32::try_from(self.arguments.len()).unwrap_or(u32::MAX);
        for argument in self.document.arguments(written) {
            let name = self.document.str(argument.name);
            let input = self.argument_named(field, name).ok_or_else(|| mismatch(name))?;
            self.arguments.push(Argument { input, value: argument.value });
        }
        let end = u32::try_from(self.arguments.len()).unwrap_or(u32::MAX);
        Ok(Range { start, end })
    }

    fn argument_named(&self, field: FieldId, name: &str) -> Option<InputId> {
        self.schema.argument_named(field, name)
    }

    fn narrowed(&mut self, on: Option<Span>, place: Place) -> Result<Place, Mismatch> {
        let Some(on) = on else { return Ok(place) };
        let name = self.document.str(on);
        let on = self.schema.type_named(name).ok_or_else(|| mismatch(name))?;
        let parents = self.sets.narrow(self.schema, place.parents, on);
        Ok(Place { on, parents, ..place })
    }

    fn directives(&mut self, written: Range, guard: GuardId) {
        if !written.is_empty() {
            self.directives.push(Directives { written, guard });
        }
    }

    /// Adds the @skip and @include among `directives` to a guard.
    fn guard(&mut self, directives: Range, guard: GuardId) -> GuardId {
        if directives.is_empty() || self.skipped == Skipped::Judge {
            return guard;
        }
        let document = self.document;
        let conditions = document.directives_in(directives).iter().filter_map(|directive| {
            let must_be = match document.str(directive.name) {
                "include" => true,
                "skip" => false,
                _ => return None,
            };
            let mut arguments = document.arguments(directive.arguments).iter();
            let argument = arguments.find(|it| document.str(it.name) == "if")?;
            Some((document.value(argument.value)?.kind, must_be))
        });
        conditions.fold(guard, |guard, (value, must_be)| match value {
            ValueKind::Boolean(value) if value == must_be => guard,
            ValueKind::Boolean(_) => GuardId::NEVER,
            ValueKind::Variable(name) => match self.variable(name) {
                Some(variable) => self.guards.and(guard, Condition { variable, must_be }),
                None => guard,
            },
            // Not a Boolean: validation refuses it; judged as if it took part.
            ValueKind::Enum(_)
            | ValueKind::Float(_)
            | ValueKind::Int(_)
            | ValueKind::List
            | ValueKind::Null
            | ValueKind::Object
            | ValueKind::String(_) => guard,
        })
    }

    fn variable(&self, name: Span) -> Option<VariableIdx> {
        let name = self.document.str(name);
        VariableIdx::position(self.variables, name)
    }
}

/// A field as it is written.
#[derive(Clone, Copy)]
struct Written {
    id: SelectionId,
    alias: Option<Span>,
    name: Span,
    arguments: Range,
    inner: Range,
}

/// Selections inside each other, in most operations.
const FEW: usize = 16;

fn mismatch(name: &str) -> Mismatch {
    Mismatch { name: name.into() }
}
