//! Whether `__schema` and `__type` may be asked for.
//!
//! Decided on fields that the operation reaches, never on names or text: a fragment called
//! `__schema` is no offence, `__type` behind three fragments is one. `__typename` is always fine.

use std::sync::Arc;

use crate::{
    operation::{Node, Operation},
    rules::{Entry, Meta, Rule, Setting, Specialised, Switch, guarded},
    schema::OperationKind,
    verdict::{Code, Violation},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Switch { default: Switch::Deny, rule: || Box::new(Introspection) },
};

static META: Meta = Meta {
    id: "introspection",
    code: Code::INTROSPECTION_DISABLED,
    title: "Introspection of the schema",
    owasp: "API8",
    setting: "introspection",
    page: include_str!("introspection.md"),
};

#[derive(Debug)]
struct Introspection;

impl Rule for Introspection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let schema = operation.schema();
        let fields = ["__schema", "__type"].map(|name| {
            let query = schema.root(OperationKind::Query)?;
            schema.field_named(query, name)
        });
        let reached = operation.nodes().iter().filter(|node| fields.contains(&Some(node.field)));
        guarded::object_to(operation, reached.map(|it| (it.guard, objection(operation, it))))
    }
}

fn objection(operation: &Operation, node: &Node) -> Violation {
    let coordinate = operation.coordinate(node);
    Violation {
        rule: META.id,
        code: META.code,
        detail: format!("`{coordinate}` is reached").into(),
        at: Some(coordinate.into()),
        public: "introspection is not allowed".into(),
    }
}
