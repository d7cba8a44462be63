//! Rules of the specification that `bluejay-validator` leaves out or checks in part.
//!
//! Only those that need no schema. Every walk is linear in the document.

use ahash::HashSet;

use crate::{
    document::{
        Document, Invalid, OperationDefinition, SelectionKind, ValueId, ValueKind,
        order::{Names, names},
        validate::invalid::SUBSCRIPTION_ROOT,
    },
    schema::OperationKind,
};

/// What is wrong with a document whatever the schema.
pub(super) fn beyond_validator(document: &Document) -> Vec<Invalid> {
    let mut found = Vec::new();
    repeated_keys(document, &mut found);
    subscription_roots(document, &mut found);
    found
}

/// GraphQL §5.6.3: keys of an input object are unique, under scalars of the schema's own too.
fn repeated_keys(document: &Document, found: &mut Vec<Invalid>) {
    let mut few = Vec::new();
    for (index, value) in (0..).zip(document.values()) {
        if value.kind != ValueKind::Object {
            continue;
        }
        let mut many = HashSet::default();
        few.clear();
        for key in document.children(ValueId(index)).filter_map(|(_, it)| it.key) {
            let name = document.str(key);
            let is_repeated = if few.len() < FEW {
                let is_repeated = few.contains(&name);
                few.push(name);
                is_repeated
            } else {
                few.contains(&name) || !many.insert(name)
            };
            if is_repeated {
                found.push(Invalid {
                    public: format!("key `{name}` is given several times").into(),
                    detail: format!("an input object has the key `{name}` several times"),
                    at: Some(key.start),
                });
                return;
            }
        }
    }
}

/// So many keys are compared faster than they are hashed.
const FEW: usize = 12;

/// GraphQL §5.2.4.1: a subscription has one root field, and it is not introspection.
fn subscription_roots(document: &Document, found: &mut Vec<Invalid>) {
    let is_subscription = |it: &&OperationDefinition| it.kind == OperationKind::Subscription;
    let subscriptions = || document.operations().iter().filter(is_subscription);
    if subscriptions().next().is_none() {
        return;
    }
    let fragments = names(document);
    for operation in subscriptions() {
        if !is_single(document, &fragments, operation) {
            found.push(Invalid {
                public: SUBSCRIPTION_ROOT.into(),
                detail: SUBSCRIPTION_ROOT.to_owned(),
                at: Some(operation.start),
            });
            return;
        }
    }
}

fn is_single(document: &Document, fragments: &Names<'_>, operation: &OperationDefinition) -> bool {
    let mut visited = HashSet::default();
    let mut key = None;
    let mut ranges = vec![(operation.selections.start, operation.selections.end)];
    while let Some((start, end)) = ranges.pop() {
        let Some(selection) = document.selections.get(start as usize) else { continue };
        if start >= end {
            continue;
        }
        match &selection.kind {
            SelectionKind::Field { alias, name, .. } => {
                let response_key = document.str(alias.unwrap_or(*name));
                if document.str(*name).starts_with("__") || key.is_some_and(|it| it != response_key)
                {
                    return false;
                }
                key = Some(response_key);
            }
            SelectionKind::Inline { .. } => {
                ranges.push((start.saturating_add(1), selection.end.0));
            }
            SelectionKind::Spread { name } => {
                let index = fragments.get(document.str(*name));
                let fragment = index.and_then(|it| document.fragments().get(it));
                if let Some(it) = fragment.filter(|it| visited.insert(it.start)) {
                    ranges.push((it.selections.start, it.selections.end));
                }
            }
        }
        ranges.push((selection.end.0, end));
    }
    true
}
