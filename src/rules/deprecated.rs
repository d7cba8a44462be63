//! Whether deprecated fields, arguments, input fields and enum values may be used: `deprecated`.

use std::{collections::BTreeSet, sync::Arc};

use ahash::HashSet;

use crate::{
    document::{Document, ValueKind},
    operation::{
        Argument, Directives, Given, InputValue, Met, Node, Operation, Variable, Variables, walk,
    },
    rules::{Entry, Facts, Meta, Residual, Rule, Setting, Specialised, Switch, guarded},
    schema::{InputId, InputOwner, Kind, Schema, TypeId},
    verdict::{Code, Findings, Violation},
    weight,
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Switch { default: Switch::Allow, rule: || Box::new(Deprecated) },
};

static META: Meta = Meta {
    id: "deprecated",
    code: Code::DEPRECATED_USED,
    title: "Deprecated fields, arguments, input fields and enum values",
    owasp: "API9",
    setting: "deprecated",
    page: include_str!("deprecated.md"),
};

#[derive(Debug)]
struct Deprecated;

impl Rule for Deprecated {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let schema = operation.schema();
        let in_inputs = schema.has_deprecated_inputs();
        let may_use = |it: &&Node| {
            schema.field(it.field).deprecated.is_some() || in_inputs && !it.arguments.is_empty()
        };
        let nodes = operation.nodes().iter().filter(may_use);
        let on_nodes = nodes.flat_map(|node| {
            used_by(operation, node).into_iter().map(|it| (node.guard, objection(it)))
        });
        let places = operation.directives().iter().filter(|_| in_inputs);
        let on_places = places.flat_map(|place| {
            used_in(operation, *place).into_iter().map(|it| (place.guard, objection(it)))
        });
        let literals = guarded::object_to(operation, on_nodes.chain(on_places));
        match (literals, InVariables::of(operation)) {
            (Specialised::Depends(first), Some(second)) => {
                Specialised::Depends(Box::new(Both { first, second }))
            }
            (Specialised::Holds, Some(residual)) => Specialised::Depends(Box::new(residual)),
            (literals, _) => literals,
        }
    }
}

/// Something deprecated that an operation uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// Its coordinate.
    pub at: String,
    /// The reason that the schema gives.
    pub reason: Box<str>,
}

/// The deprecated input fields, enum values and arguments of directives that an operation gives: as
/// written, and in the variables that it came with.
#[must_use]
pub fn deprecated_values(
    operation: &Operation,
    variables: Option<&Variables<'_>>,
) -> BTreeSet<Used> {
    let mut used = BTreeSet::new();
    if !operation.schema().has_deprecated_inputs() {
        return used;
    }
    for node in operation.nodes() {
        in_values(operation, operation.arguments(node), |it| used.extend([it]));
    }
    used.extend(operation.directives().iter().flat_map(|it| used_in(operation, *it)));
    if let Some((suspects, variables)) = InVariables::of(operation).zip(variables) {
        suspects.each(variables, |it| used.extend([it]));
    }
    used
}

/// What one selection uses that is deprecated.
fn used_by(operation: &Operation, node: &Node) -> Vec<Used> {
    let schema = operation.schema();
    let mut used = Vec::new();
    if let Some(reason) = &schema.field(node.field).deprecated {
        used.push(Used { at: operation.coordinate(node), reason: reason.clone() });
    }
    for argument in operation.arguments(node) {
        let input = schema.input(argument.input);
        if let Some(reason) = &input.deprecated {
            let at = format!("{}({}:)", operation.coordinate(node), input.name);
            used.push(Used { at, reason: reason.clone() });
        }
    }
    in_values(operation, operation.arguments(node), |it| used.push(it));
    used
}

/// The same of the directives at one place.
fn used_in(operation: &Operation, place: Directives) -> Vec<Used> {
    let (schema, document) = (operation.schema(), operation.document());
    let mut used = Vec::new();
    for directive in document.directives_in(place.written) {
        let name = document.str(directive.name);
        let Some(definition) = schema.directives().iter().find(|it| *it.name == *name) else {
            continue;
        };
        for argument in document.arguments(directive.arguments) {
            let is_named = |it: &InputId| *schema.input(*it).name == *document.str(argument.name);
            let input = schema.directive_arguments(definition).find(is_named);
            let Some(input) = input else { continue };
            if let Some(reason) = &schema.input(input).deprecated {
                let at = format!("@{name}({}:)", schema.input(input).name);
                used.push(Used { at, reason: reason.clone() });
            }
            let given = Argument { input, value: argument.value };
            in_values(operation, &[given], |it| used.push(it));
        }
    }
    used
}

/// The same of what arguments are given.
fn in_values(operation: &Operation, arguments: &[Argument], mut found: impl FnMut(Used)) {
    let (schema, document) = (operation.schema(), operation.document());
    for argument in arguments {
        let ty = &schema.input(argument.input).ty;
        walk((schema, document), ty, InputValue::Literal(argument.value), |met| {
            deprecated_in(schema, document, met).into_iter().for_each(&mut found);
        });
    }
}

/// An input field or enum value that is deprecated.
fn deprecated_in(schema: &Schema, document: &Document, met: Met<'_>) -> Option<Used> {
    match met {
        Met::Field(id) => {
            let input = schema.input(id);
            let reason = input.deprecated.clone()?;
            let InputOwner::InputObject(owner) = input.owner else { return None };
            Some(Used { at: format!("{}.{}", schema.ty(owner).name, input.name), reason })
        }
        Met::Leaf { named, value } => {
            let ty = schema.ty(named);
            let name = match value {
                InputValue::Json(value) => value.string()?.into_owned(),
                InputValue::Literal(id) => match document.value(id)?.kind {
                    ValueKind::Enum(name) => document.str(name).to_owned(),
                    _ => return None,
                },
            };
            let reason = ty.values.iter().find(|it| *it.name == *name)?.deprecated.clone()?;
            Some(Used { at: format!("{}.{name}", ty.name), reason })
        }
    }
}

fn objection(used: Used) -> Violation {
    Violation {
        rule: META.id,
        code: META.code,
        detail: format!("`{}` is deprecated", used.at).into(),
        at: Some(used.at.into()),
        public: "the operation uses something deprecated".into(),
    }
}

/// The variables in which something deprecated could be given.
#[derive(Debug)]
struct InVariables {
    schema: Arc<Schema>,
    document: Arc<Document>,
    /// By definition; `None` where the type holds nothing deprecated.
    suspects: Vec<Option<Variable>>,
}

impl InVariables {
    fn of(operation: &Operation) -> Option<Self> {
        let schema = operation.schema();
        if !schema.has_deprecated_inputs() {
            return None;
        }
        let suspect = |it: &Variable| holds_deprecated(schema, it.ty.named).then(|| it.clone());
        let suspects: Vec<_> = operation.variables().iter().map(suspect).collect();
        suspects.iter().any(Option::is_some).then(|| Self {
            schema: Arc::clone(schema),
            document: Arc::clone(operation.document()),
            suspects,
        })
    }
}

impl InVariables {
    fn each(&self, variables: &Variables<'_>, mut found: impl FnMut(Used)) {
        for (suspect, given) in self.suspects.iter().zip(variables.all()) {
            let Some(variable) = suspect else { continue };
            let value = match (given, variable.default) {
                (Given::Value(value), _) => InputValue::Json(*value),
                (Given::Default, Some(default)) => InputValue::Literal(default),
                (Given::Default | Given::Absent, _) => continue,
            };
            walk((&self.schema, &self.document), &variable.ty, value, |met| {
                deprecated_in(&self.schema, &self.document, met).into_iter().for_each(&mut found);
            });
        }
    }
}

impl Residual for InVariables {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        self.each(facts.variables, |it| found.object(objection(it)));
    }

    fn weight(&self) -> Option<usize> {
        let suspects = self.suspects.iter().flatten().map(Variable::weight);
        Some(weight::sum(suspects.chain([size_of::<Self>(), weight::of_vec(&self.suspects)])))
    }
}

/// Whether a value of this input type can name something deprecated.
fn holds_deprecated(schema: &Schema, named: TypeId) -> bool {
    let mut seen = HashSet::default();
    let mut open = vec![named];
    while let Some(named) = open.pop() {
        let ty = schema.ty(named);
        let mut fields = schema.input_fields(named);
        let is_deprecated = |id: InputId| schema.input(id).deprecated.is_some();
        if ty.values.iter().any(|it| it.deprecated.is_some()) || fields.any(is_deprecated) {
            return true;
        }
        if matches!(ty.kind, Kind::InputObject { .. }) && seen.insert(named) {
            open.extend(schema.input_fields(named).map(|it| schema.input(it).ty.named));
        }
    }
    false
}

#[derive(Debug)]
struct Both {
    first: Box<dyn Residual>,
    second: InVariables,
}

impl Residual for Both {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        self.first.check(facts, found);
        self.second.check(facts, found);
    }

    fn weight(&self) -> Option<usize> {
        let (first, second) = (self.first.weight()?, self.second.weight()?);
        Some(first.saturating_add(second))
    }
}
