//! Fields that may be called once in an HTTP request: `once_per_request`.
//!
//! A rate limit counts requests; aliases, fragments and batches try a hundred passwords in one.
//! Counted are response paths: the same field under the same key is merged, and so is one call.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    operation::{Calls, Operation},
    rules::{Entry, Facts, Ground, Meta, Residual, Rule, Setting, Specialised},
    schema::{Coordinate, FieldSet},
    verdict::{Code, Findings, Violation},
    yaml::{Node, Value, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Bound {
        default: |_| Box::new(OncePerRequest { groups: Vec::new() }),
        read,
        unbound: |node, _, found| {
            let _names: Vec<_> =
                shape::list(node, found).iter().map(|it| names(it, found)).collect();
        },
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "once-per-request",
    code: Code::ONCE_PER_REQUEST,
    title: "Fields called more than once in a request",
    owasp: "API6",
    setting: "once_per_request",
    page: include_str!("once_per_request.md"),
};

const SCHEMA: &str = r#"{
    "description": "Fields, or groups of fields, that are called at most once in an HTTP request.",
    "type": "array",
    "items": {
        "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 }
        ]
    }
}"#;

#[derive(Debug)]
struct OncePerRequest {
    groups: Vec<Group>,
}

/// Fields of which one call is allowed, together.
#[derive(Debug)]
struct Group {
    name: Box<str>,
    fields: FieldSet,
}

fn read(node: &Node, ground: &Ground<'_>, found: &mut Diagnostics) -> Box<dyn Rule> {
    let mut groups = Vec::new();
    for item in shape::list(node, found) {
        let texts = names(item, found);
        let called: Vec<_> = texts.iter().map(|(it, _)| *it).collect();
        let fields = texts.iter().map(|(text, node)| field(ground, text, node, found));
        let fields = fields.flat_map(FieldSet::into_iter);
        groups.push(Group { fields: fields.collect(), name: called.join(", ").into() });
    }
    Box::new(OncePerRequest { groups })
}

/// One field, or a group of them.
fn names<'n>(item: &'n Node, found: &mut Diagnostics) -> Vec<(&'n str, &'n Node)> {
    match &item.value {
        Value::Sequence(items) => {
            if items.is_empty() {
                found.push(item.error("empty-list", "the list is empty"));
            }
            shape::placed_names(item, found)
        }
        Value::Mapping(_) | Value::Scalar { .. } => {
            item.as_text().map(|it| (it, item)).into_iter().collect()
        }
    }
}

fn field(ground: &Ground<'_>, text: &str, node: &Node, found: &mut Diagnostics) -> FieldSet {
    let fields = Coordinate::parse(text).map(|it| it.called(ground.schema)).unwrap_or_default();
    if fields.as_slice().is_empty() {
        let error = node.error("unknown-coordinate", format!("`{text}` is no field of the schema"));
        let schema = ground.schema;
        let all = schema.types().flat_map(|(id, _)| schema.fields(id));
        let known: Vec<_> = all.map(|it| schema.coordinate(it)).collect();
        found.push(error.did_you_mean(text, known.iter().map(|it| &**it)));
    }
    fields
}

impl Rule for OncePerRequest {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let groups: Vec<_> = self.groups.iter().map(|it| &it.fields).collect();
        match Calls::of(operation, &groups) {
            None => Specialised::Holds,
            Some(calls) => Specialised::Depends(Box::new(Called(calls))),
        }
    }

    fn judges_what_goes_on(&self) -> bool {
        true
    }

    fn object_to_tally(&self, number: u32, times: u64) -> Option<Violation> {
        let group = self.groups.get(usize::try_from(number).ok()?).filter(|_| times > 1)?;
        Some(Violation {
            rule: META.id,
            code: META.code,
            at: Some(group.name.clone()),
            public: "something is called more than once that a request may call once".into(),
            detail: format!("`{}` is called {times} times", group.name).into(),
        })
    }
}

/// The calls of one operation.
#[derive(Debug)]
struct Called(Calls);

impl Residual for Called {
    fn check(&self, facts: &Facts<'_>, found: &mut Findings) {
        self.0.each(facts.variables, |group, _| found.tally(group, 1));
    }
}
