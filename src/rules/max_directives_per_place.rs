//! Limit `limits.directives_per_place`: directives on one field, fragment, operation or variable.

use crate::{
    document::{Document, Range},
    operation::Operation,
    rules::{Batch, Entry, Meta, Setting, Unit, limit::Limit},
    verdict::{Code, Mode},
};

/// The rule.
pub(super) const ENTRY: Entry = Entry {
    meta: &META,
    setting: Setting::Limit {
        default: 5,
        ceiling: 20_000,
        unit: Unit::Count,
        batch: Batch::Largest,
        mode: Mode::Enforce,
        rule: |_| Box::new(Limit { meta: &META, of_operation: measure, of_request: None }),
    },
};

static META: Meta = Meta {
    id: "max-directives-per-place",
    code: Code::MAX_DIRECTIVES_LIMIT,
    title: "Directives at one place",
    owasp: "API4",
    setting: "limits.directives_per_place",
    page: include_str!("max_directives_per_place.md"),
};

fn measure(operation: &Operation) -> u64 {
    let document = operation.document();
    if document.directives().len() <= 1 {
        return document.directives().len() as u64;
    }
    places(document).map(|it| u64::from(it.len())).max().unwrap_or(0)
}

/// Every place that can carry directives.
fn places(document: &Document) -> impl Iterator<Item = Range> {
    let in_selections = |range| document.selections(range).iter().map(|it| it.directives);
    let operations = document.operations().iter().flat_map(move |it| {
        let variables = document.variables(it.variables).iter().map(|it| it.directives);
        std::iter::once(it.directives).chain(variables).chain(in_selections(it.selections))
    });
    let fragments = document
        .fragments()
        .iter()
        .flat_map(move |it| std::iter::once(it.directives).chain(in_selections(it.selections)));
    operations.chain(fragments)
}
