//! Whether the fields of a federated subgraph may be asked for: `federation`.
//!
//! `_service` prints the schema whatever `introspection` says, and `_entities` reaches every entity
//! past the root fields: both are for a gateway alone. For a gateway, representations are checked
//! like an input of the entity that their `__typename` names.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    document::ValueKind,
    json,
    operation::{Given, Node, Operation},
    rules::{
        Entry, Facts, Meta, Residual, Rule, Setting, Specialised, guarded,
        representation::{self, Problem},
        representation_field::Fields,
    },
    schema::{OperationKind, Schema},
    verdict::{Code, Findings, Violation},
    weight,
    yaml::{self, scalar},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Shape { default: || Box::new(Federation::Off), read, schema: SCHEMA },
};

static META: Meta = Meta {
    id: "federation",
    code: Code::FEDERATION_DISABLED,
    title: "Fields of a federated subgraph",
    owasp: "API5",
    setting: "federation",
    page: include_str!("federation.md"),
};

const SCHEMA: &str = r#"{"enum": ["off", "subgraph"], "default": "off"}"#;

#[derive(Clone, Copy, Debug)]
enum Federation {
    /// `_service` and `_entities` are refused.
    Off,
    /// The client is a gateway.
    Subgraph,
}

fn read(node: &yaml::Node, found: &mut Diagnostics) -> Box<dyn Rule> {
    let words = [("off", Federation::Off), ("subgraph", Federation::Subgraph)];
    Box::new(scalar::word(node, &words, found).unwrap_or(Federation::Off))
}

impl Rule for Federation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        match self {
            Self::Off => {
                let nodes = fields(operation, &["_service", "_entities"]);
                let objections = nodes.into_iter().map(|it| (it.guard, not_allowed(operation, it)));
                guarded::object_to(operation, objections)
            }
            Self::Subgraph => entities(operation),
        }
    }
}

/// The selections of these fields of the query root.
fn fields<'o>(operation: &'o Operation, names: &[&str]) -> Vec<&'o Node> {
    let schema = operation.schema();
    let Some(query) = schema.root(OperationKind::Query) else { return Vec::new() };
    let fields: Vec<_> = names.iter().filter_map(|it| schema.field_named(query, it)).collect();
    operation.nodes().iter().filter(|it| fields.contains(&it.field)).collect()
}

/// A gateway gives representations in variables; a document is made once for all of them.
fn entities(operation: &Operation) -> Specialised {
    let (schema, document) = (operation.schema(), operation.document());
    let mut variables = Vec::new();
    let mut literal = Vec::new();
    for node in fields(operation, &["_entities"]) {
        for argument in operation.arguments(node) {
            let named = match document.value(argument.value).map(|it| it.kind) {
                Some(ValueKind::Variable(name)) => {
                    let name = document.str(name);
                    operation.variables().iter().position(|it| *it.name == *name)
                }
                _ => None,
            };
            match named {
                Some(variable) => variables.push(variable),
                None => literal.push(objection("representations must be given by a variable")),
            }
        }
    }
    if !literal.is_empty() {
        Specialised::Violated(literal)
    } else if variables.is_empty() {
        Specialised::Holds
    } else {
        Specialised::Depends(Box::new(Representations { schema: Arc::clone(schema), variables }))
    }
}

/// The variables that hold representations.
#[derive(Debug)]
struct Representations {
    schema: Arc<Schema>,
    variables: Vec<usize>,
}

impl Residual for Representations {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        let mut fields = Fields::of(&self.schema);
        for variable in &self.variables {
            match facts.variables.all().get(*variable) {
                Some(Given::Value(value)) => list(&mut fields, *value, found),
                Some(Given::Default) => {
                    found.object(objection("representations must be given by the request"));
                }
                // Without a value the upstream has nothing to look up; of an operation that is not
                // selected no variables are known.
                Some(Given::Absent) | None => {}
            }
        }
    }

    fn weight(&self) -> Option<usize> {
        Some(size_of::<Self>().saturating_add(weight::of_vec(&self.variables)))
    }
}

/// A single value counts as a list of one.
fn list(fields: &mut Fields<'_>, value: json::Value<'_>, found: &mut Findings) {
    let mut check = |it| {
        if let Err(Problem { at, what }) = representation::check(fields, it) {
            let at = at.map(Into::into);
            found.object(Violation { at, ..objection(what) });
        }
    };
    match value.kind() {
        json::Kind::Array => value.children().for_each(check),
        _ => check(value),
    }
}

fn not_allowed(operation: &Operation, node: &Node) -> Violation {
    let coordinate = operation.coordinate(node);
    Violation {
        rule: META.id,
        code: META.code,
        detail: format!("`{coordinate}` is reached").into(),
        at: Some(coordinate.into()),
        public: "fields of a federated subgraph are not allowed".into(),
    }
}

fn objection(detail: &str) -> Violation {
    Violation::new(META.id, Code::BAD_USER_INPUT, "a representation is not one of an entity")
        .detailed(detail)
}
