//! Warns when clients are gateways and the schema does not have what a gateway asks for.

use crate::{
    diagnostic::Diagnostics,
    schema::{OperationKind, Schema},
    yaml::{Node, Value},
};

/// Without `_service` and `_entities` every request of a gateway is one for unknown fields.
pub(super) fn warn(root: &Node, schema: &Schema, found: &mut Diagnostics) {
    let Value::Mapping(entries) = &root.value else { return };
    let word = entries.iter().find(|(key, _)| key.as_text() == Some("federation"));
    let Some((_, word)) = word.filter(|(_, it)| it.as_text() == Some("subgraph")) else { return };
    let query = schema.root(OperationKind::Query);
    let has = |name: &&str| query.is_some_and(|it| schema.field_named(it, name).is_some());
    if ["_service", "_entities"].iter().any(has) {
        return;
    }
    let message = "the schema has neither `_service` nor `_entities`: whatever a gateway asks of \
                   them is refused as unknown";
    let help = "add them to `Query`, or take the schema as the subgraph tells it, by \
                `portcullis schema fetch`";
    found.push(word.warning("no-effect", message).help(help));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{diagnostic::Source, policy};

    #[track_caller]
    fn check(federation: &str, schema: &str, expect: &[&str]) {
        let text =
            format!("version: 1\nname: t\nschema: {{ file: s }}\nfederation: {federation}\n");
        let source = |text: &str| Arc::new(Source { name: "x".into(), text: text.into() });
        let (policy, found) = policy::load(source(&text), &mut |_| Ok(source(schema)));
        assert_eq!(found.iter().map(|it| it.code).collect::<Vec<_>>(), expect, "{federation}");
        assert!(policy.is_some(), "{federation}");
    }

    #[test]
    fn a_schema_without_the_fields_of_a_gateway_is_told_of() {
        let plain = "type Query { me: ID }";
        check("subgraph", plain, &["no-effect"]);
        check("off", plain, &[]);
        let printed = "type Query { me: ID _service: _Service! } type _Service { sdl: String }";
        check("subgraph", printed, &[]);
    }
}
