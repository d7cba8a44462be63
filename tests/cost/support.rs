//! From texts to prices: schema, document, variables.

use std::sync::Arc;

use portcullis::{
    cost::{Actual, Counter, Entry, Model, Price, Program, Settings, Shape, compile},
    diagnostic::Source,
    document::{OperationId, ReadLimits, read, validate},
    json,
    operation::{Operation, Skipped, Variables, coerce, spread},
    schema::{Coordinate, Schema},
    verdict::Violation,
};
use serde_json::Value;

pub(crate) fn schema(text: &str) -> Arc<Schema> {
    let source = Arc::new(Source { name: "schema".into(), text: text.into() });
    match Schema::load(source) {
        Ok((schema, _)) => Arc::new(schema),
        Err(diagnostics) => panic!("{diagnostics:?}\n{text}"),
    }
}

pub(crate) fn model(schema: &Arc<Schema>, settings: &Settings) -> Arc<Model> {
    match Model::new(schema, settings) {
        Ok((model, _)) => Arc::new(model),
        Err(diagnostics) => panic!("{diagnostics:?}"),
    }
}

/// An entry of a layer.
pub(crate) fn entry<T>(on: &str, value: T) -> Entry<T> {
    let on = Coordinate::parse(on).unwrap_or_else(|| panic!("`{on}`"));
    Entry { on, value, place: None }
}

/// Reads, validates and spreads the first operation of a document.
pub(crate) fn operation(schema: &Arc<Schema>, text: &str) -> Operation {
    let read = read(text, &ReadLimits::CEILINGS).unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    validate(schema, &read).unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    unvalidated(schema, text)
}

/// For documents that are known to be valid: validation costs more than everything else here.
pub(crate) fn unvalidated(schema: &Arc<Schema>, text: &str) -> Operation {
    let read = read(text, &ReadLimits::CEILINGS).unwrap_or_else(|why| panic!("{why:?}\n{text}"));
    spread(schema, &read.document, OperationId(0), Skipped::Ignore)
        .unwrap_or_else(|why| panic!("{why:?}\n{text}"))
}

/// Prices one request.
pub(crate) fn price(
    program: &Program,
    operation: &Operation,
    variables: &Value,
) -> Result<Price, Violation> {
    price_text(program, operation, &variables.to_string())
}

fn price_text(
    program: &Program,
    operation: &Operation,
    variables: &str,
) -> Result<Price, Violation> {
    let limits = json::Limits { depth: 200, values: 1_000_000, lists: None };
    let tree = json::read(variables.as_bytes(), limits).unwrap();
    let schema = operation.schema();
    program.price(&coerce(schema, operation.variables(), Some(tree.root()))?)
}

/// All of it at once.
pub(crate) fn price_of(
    model: &Arc<Model>,
    text: &str,
    variables: &Value,
) -> Result<Price, Violation> {
    let operation = operation(model.schema(), text);
    price(&compile(model, &operation), &operation, variables)
}

/// The same with the variables as they are written.
pub(crate) fn price_of_text(
    model: &Arc<Model>,
    text: &str,
    variables: &str,
) -> Result<Price, Violation> {
    let operation = operation(model.schema(), text);
    price_text(&compile(model, &operation), &operation, variables)
}

/// Counts the content of `data`, for a request without variables.
pub(crate) fn actual_of(model: &Arc<Model>, text: &str, data: &Value) -> Actual {
    let operation = operation(model.schema(), text);
    let shape = Arc::new(Shape::new(model, &operation));
    let mut counter = Counter::new(&shape, &Variables::default());
    counter.push(format!("{{\"data\":{data}}}").as_bytes());
    counter.finish()
}
