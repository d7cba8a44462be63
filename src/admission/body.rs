//! Writes the request anew: what was judged, and nothing else.
//!
//! One JSON object; numbers and strings of variables are the client's own text, put together again.

use crate::{
    admission::{Request, known::Judgeable},
    json,
    operation::{Given, Variables},
};

/// The canonical JSON of an admitted request.
pub(super) fn write(
    document: &Judgeable,
    variables: &Variables<'_>,
    request: &Request<'_>,
) -> String {
    let uses = |name: &str| !document.unused.iter().any(|it| **it == *name);
    write_query(&document.query, document, (variables, request), &uses)
}

/// The same with another query, a JSON literal, that uses only some of the variables.
pub(super) fn write_query(
    query: &str,
    document: &Judgeable,
    (variables, request): (&Variables<'_>, &Request<'_>),
    uses: &dyn Fn(&str) -> bool,
) -> String {
    let bytes = usize::try_from(variables.shape().bytes).unwrap_or_default();
    let capacity = query.len().saturating_add(bytes).saturating_add(128);
    let mut out = String::with_capacity(capacity);
    out.push_str("{\"query\":");
    out.push_str(query);
    if let Some(name) = &document.name {
        out.push_str(",\"operationName\":");
        out.push_str(name);
    }
    if request.variables.is_some() {
        out.push_str(",\"variables\":");
        push_variables(&mut out, document, variables, uses);
    }
    if !request.extensions.is_empty() {
        out.push_str(",\"extensions\":");
        push_extensions(&mut out, request);
    }
    out.push('}');
    out
}

/// Only declared variables go on.
fn push_variables(
    out: &mut String,
    document: &Judgeable,
    variables: &Variables<'_>,
    uses: &dyn Fn(&str) -> bool,
) {
    let mut separator = "{";
    let all = document.variables.iter().zip(variables.all());
    for (variable, given) in all.filter(|(it, _)| uses(&it.name)) {
        let Given::Value(value) = given else { continue };
        out.push_str(separator);
        // A name of the language has nothing to escape.
        out.push('"');
        out.push_str(&variable.name);
        out.push_str("\":");
        out.push_str(value.text());
        separator = ",";
    }
    out.push_str(if separator == "{" { "{}" } else { "}" });
}

fn push_extensions(out: &mut String, request: &Request<'_>) {
    let mut separator = "{";
    for (name, value) in &request.extensions {
        out.push_str(separator);
        json::push_escaped(out, name);
        out.push(':');
        out.push_str(value.text());
        separator = ",";
    }
    out.push('}');
}
