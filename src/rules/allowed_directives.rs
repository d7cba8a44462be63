//! Which directives a request may carry: `directives`.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostics,
    operation::Operation,
    rules::{Entry, Ground, Meta, Rule, Setting, Specialised},
    verdict::{Code, Violation},
    yaml::{Node, shape},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Bound {
        default: |_| Box::new(AllowedDirectives::Defined),
        read,
        unbound: |node, _, found| drop(shape::names(node, found)),
        schema: SCHEMA,
    },
};

static META: Meta = Meta {
    id: "allowed-directives",
    code: Code::DIRECTIVE_NOT_ALLOWED,
    title: "Directives on the request",
    owasp: "API8",
    setting: "directives",
    page: include_str!("allowed_directives.md"),
};

const SCHEMA: &str = r#"{"type": "array", "uniqueItems": true, "items": {"type": "string"}}"#;

/// Which directives may be written.
///
/// What the schema's author defines for requests is there to be used: 27 of 70 operations of one
/// public API write a directive of its own.
#[derive(Debug)]
enum AllowedDirectives {
    /// Those that the schema defines; validation refuses every other.
    Defined,
    /// These.
    Listed(Vec<String>),
}

fn read(node: &Node, ground: &Ground<'_>, found: &mut Diagnostics) -> Box<dyn Rule> {
    let names = shape::placed_names(node, found);
    let known = || ground.schema.directives().iter().map(|it| &*it.name);
    for (name, node) in names.iter().filter(|(name, _)| known().all(|it| it != *name)) {
        let message = format!("the schema has no directive `{name}`");
        found.push(node.warning("no-effect", message).did_you_mean(name, known()));
    }
    let names = names.into_iter().map(|(name, _)| name.to_owned()).collect();
    Box::new(AllowedDirectives::Listed(names))
}

impl Rule for AllowedDirectives {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn specialise(&self, operation: &Arc<Operation>) -> Specialised {
        let Self::Listed(allowed) = self else { return Specialised::Holds };
        let document = operation.document();
        let written = document.directives().iter().map(|it| document.str(it.name));
        let mut foreign: Vec<_> =
            written.filter(|it| !allowed.iter().any(|allowed| allowed == it)).collect();
        foreign.sort_unstable();
        foreign.dedup();
        if foreign.is_empty() {
            return Specialised::Holds;
        }
        Specialised::Violated(foreign.into_iter().map(objection).collect())
    }
}

fn objection(name: &str) -> Violation {
    Violation {
        rule: META.id,
        code: META.code,
        at: Some(format!("@{name}").into()),
        public: format!("directive `@{name}` is not allowed").into(),
        detail: format!("`directives` does not list `{name}`").into(),
    }
}
