//! What a policy enforces, and an attack must try: what stays untried is told, for nothing is known
//! of it.

use std::fmt;

use crate::{
    attack::{Attempt, Side, World, access::ROOTS},
    schema::OperationKind,
};

/// Something that a policy enforces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    rule: &'static str,
    /// The first coordinate of an item of `inputs`.
    at: Option<String>,
}

impl Due {
    /// Whether an attempt is about it, and shows whether it holds: what is admitted shows nothing.
    #[must_use]
    pub fn is_met_by(&self, attempt: &Attempt) -> bool {
        let is_there = |at: &String| {
            attempt.at.strip_prefix(at.as_str()).is_some_and(|it| it.starts_with(" ("))
        };
        attempt.side == Side::Beyond
            && attempt.rule == self.rule
            && self.at.as_ref().is_none_or(is_there)
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{} at {at}", self.rule),
            None => f.write_str(self.rule),
        }
    }
}

/// What is enforced for anyone: rules that forbid something, and items of `inputs` one by one.
pub(super) fn of(worlds: &[World<'_>]) -> Vec<Due> {
    let mut all = Vec::new();
    for world in worlds {
        for (idx, _) in world.policy.rules() {
            let rule = world.policy.meta(idx).id;
            if world.enforces(rule).is_some() && forbids_something(world, rule) {
                all.push(Due { rule, at: None });
            }
        }
        for item in world.intent.inputs.iter().filter(|it| world.enforces(it.rule).is_some()) {
            all.push(Due { rule: item.rule, at: item.at.first().cloned() });
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Whether a rule, as it is set and for this schema, can object to anything.
fn forbids_something(world: &World<'_>, rule: &str) -> bool {
    let (schema, intent) = (world.schema(), world.intent);
    match rule {
        "authorization" => {
            let access = intent.access.as_ref();
            access.is_some_and(|it| it.is_denied_by_default || !it.rules.is_empty())
        }
        "deprecated" => {
            let objects = schema.types().filter(|(_, it)| it.is_object());
            let mut fields = objects.flat_map(|(id, _)| schema.fields(id));
            fields.any(|it| schema.field(it).deprecated.is_some())
        }
        "federation" => schema.root(OperationKind::Query).is_some_and(|root| {
            ["_entities", "_service"].iter().any(|it| schema.field_named(root, it).is_some())
        }),
        "once-per-request" => !intent.once.is_empty(),
        "operation-kinds" => {
            let mut roots = ROOTS.iter().filter(|it| schema.root(**it).is_some());
            roots.any(|it| intent.kinds.iter().all(|kind| kind != it.keyword()))
        }
        // Each item by itself.
        _ => !rule.starts_with("input-"),
    }
}
