//! Which kinds of operation are allowed: `operations.kinds`.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    operation::Operation,
    rules::{Entry, Meta, Rule, Setting, Specialised},
    schema::OperationKind,
    verdict::{Code, Violation},
    yaml::{Node, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Shape { default: || Box::new(OperationKinds::all()), read, schema: SCHEMA },
};

static META: Meta = Meta {
    id: "operation-kinds",
    code: Code::OPERATION_NOT_ALLOWED,
    title: "Kinds of operation",
    owasp: "API5",
    setting: "operations.kinds",
    page: include_str!("operation_kinds.md"),
};

const KINDS: [OperationKind; 3] =
    [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];

const SCHEMA: &str = r#"{"type": "array", "minItems": 1, "uniqueItems": true,
    "items": {"enum": ["query", "mutation", "subscription"]}}"#;

#[derive(Debug)]
struct OperationKinds {
    allowed: Vec<OperationKind>,
}

impl OperationKinds {
    fn all() -> Self {
        Self { allowed: KINDS.to_vec() }
    }
}

fn read(node: &Node, found: &mut Diagnostics) -> Box<dyn Rule> {
    let words = KINDS.map(OperationKind::keyword);
    let named = shape::words(node, &words, found);
    let allowed = KINDS.into_iter().filter(|it| named.contains(&it.keyword())).collect();
    Box::new(OperationKinds { allowed })
}

impl Rule for OperationKinds {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let kind = operation.kind();
        if self.allowed.contains(&kind) {
            return Specialised::Holds;
        }
        let keyword = kind.keyword();
        Specialised::Violated(vec![Violation {
            rule: META.id,
            code: META.code,
            at: Some(keyword.into()),
            public: format!("operations of kind `{keyword}` are not allowed").into(),
            detail: format!("`operations.kinds` does not list `{keyword}`").into(),
        }])
    }
}
