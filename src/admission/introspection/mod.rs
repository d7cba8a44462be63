//! Answers introspection from the schema that the policy holds; the upstream is not asked.
//!
//! Only operations that ask for nothing else: one that also asks for data is forwarded as a whole,
//! since the answer of an upstream is relayed as it comes; or refused, see `introspected`.

mod plan;
mod tell;
mod view;

pub(super) use view::View;

use std::sync::Arc;

use crate::{
    admission::introspection::{
        plan::{Plan, PlanIdx},
        tell::{Thing, Told},
    },
    json::push_escaped,
    operation::{Operation, Variables},
    schema::{FieldId, OperationKind, Schema},
    verdict::{Code, Violation},
};

/// 16 MiB: twice what the largest public schema tells of itself. Fields of types of fields of types
/// grow without end, and no number of the document says how far.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// An operation that asks for the schema. `{ __typename }` alone asks whether the upstream is there.
#[derive(Debug)]
pub(super) struct Introspection {
    pub(super) operation: Arc<Operation>,
    /// Whether the schema that we hold is all that it asks for.
    pub(super) is_answerable: bool,
}

impl Introspection {
    /// `None` for an operation that asks for data alone.
    pub(super) fn of(operation: &Arc<Operation>) -> Option<Self> {
        let meta = meta(operation.schema());
        // Where the type of queries is reached again, upstreams tell of themselves there as well.
        if !operation.nodes().iter().any(|it| meta.contains(&Some(it.field))) {
            return None;
        }
        let mut roots = operation.children(None).map(|(_, it)| it.field);
        let is_answerable = operation.kind() == OperationKind::Query
            && roots.all(|it| it == FieldId::TYPENAME || meta.contains(&Some(it)));
        Some(Self { operation: Arc::clone(operation), is_answerable })
    }

    /// Whether a request really asks for it: nothing leaves it out.
    pub(super) fn is_asked(&self, variables: &Variables<'_>) -> bool {
        let guards = self.operation.guards();
        let meta = meta(self.operation.schema());
        let mut asking = self.operation.nodes().iter();
        asking.any(|it| meta.contains(&Some(it.field)) && guards.admits(it.guard, variables))
    }
}

/// The fields that tell of the schema.
fn meta(schema: &Schema) -> [Option<FieldId>; 2] {
    let query = schema.root(OperationKind::Query);
    ["__schema", "__type"].map(|name| schema.field_named(query?, name))
}

/// The answer, as JSON.
pub(super) fn answer(
    operation: &Operation,
    variables: &Variables<'_>,
    view: &View,
) -> Result<String, Violation> {
    let plan = Plan::new(operation, variables);
    let schema = operation.schema();
    let mut out = String::from("{\"data\":");
    let mut open = vec![Step::Object(Thing::Query, Plan::ROOT)];
    // The budget of this loop is `MAX_BYTES`: every step but those of closing writes something, or
    // is one of a list that is at most as long as the schema.
    while let Some(step) = open.pop() {
        if out.len() > MAX_BYTES {
            return Err(too_large());
        }
        match step {
            Step::Text(text) => out.push_str(text),
            Step::Object(thing, at) => object(&plan, (thing, at), &mut out, &mut open),
            Step::Field(thing, at, separator) => {
                field((schema, view, &plan), (thing, at, separator), &mut out, &mut open);
            }
        }
    }
    out.push('}');
    Ok(out)
}

/// What is still to be written.
enum Step<'o> {
    Field(Thing<'o>, PlanIdx, &'static str),
    Object(Thing<'o>, PlanIdx),
    Text(&'static str),
}

fn object<'o>(
    plan: &Plan<'o>,
    (thing, at): (Thing<'o>, PlanIdx),
    out: &mut String,
    open: &mut Vec<Step<'o>>,
) {
    out.push('{');
    open.push(Step::Text("}"));
    for (idx, child) in plan.children(at).iter().enumerate().rev() {
        open.push(Step::Field(thing, *child, separator(idx)));
    }
}

fn field<'o>(
    (schema, view, plan): (&'o Schema, &View, &Plan<'o>),
    (thing, at, separator): (Thing<'o>, PlanIdx, &'static str),
    out: &mut String,
    open: &mut Vec<Step<'o>>,
) {
    let Some(selection) = plan.selection(at) else { return };
    out.push_str(separator);
    push_escaped(out, selection.key);
    out.push(':');
    match tell::tell((schema, view), thing, selection) {
        Told::Boolean(true) => out.push_str("true"),
        Told::Boolean(false) => out.push_str("false"),
        Told::Nothing => out.push_str("null"),
        Told::Text(text) => push_escaped(out, &text),
        Told::Texts(texts) => {
            out.push('[');
            for (idx, text) in texts.iter().enumerate() {
                out.push_str(self::separator(idx));
                push_escaped(out, text);
            }
            out.push(']');
        }
        Told::Thing(thing) => open.push(Step::Object(thing, at)),
        Told::Things(things) => {
            out.push('[');
            open.push(Step::Text("]"));
            for (idx, thing) in things.into_iter().enumerate().rev() {
                open.push(Step::Object(thing, at));
                open.push(Step::Text(self::separator(idx)));
            }
        }
    }
}

const fn separator(idx: usize) -> &'static str {
    if idx == 0 { "" } else { "," }
}

fn too_large() -> Violation {
    Violation {
        rule: "introspection",
        code: Code::MAX_FIELDS_LIMIT,
        at: None,
        public: "the answer to this introspection is too large".into(),
        detail: format!("more than {MAX_BYTES} bytes").into(),
    }
}
