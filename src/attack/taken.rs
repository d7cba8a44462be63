//! What a policy takes out of a request (`on_deny: remove`): whether what arrived still asks for it.
//!
//! What arrived is read as any document is; who may see what plays no part in that.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    document::{OperationId, ReadLimits, read, validate},
    operation::{Skipped, spread},
    schema::{FieldId, Schema},
};

/// A field of an object type that a caller may not see, and that is taken out.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    schema: Arc<Schema>,
    limits: ReadLimits,
    field: FieldId,
}

impl Taken {
    pub(super) fn new(schema: &Arc<Schema>, limits: ReadLimits, field: FieldId) -> Self {
        Self { schema: Arc::clone(schema), limits, field }
    }

    /// Whether a body asks for the field on its type; also one that cannot be read, of which nobody
    /// knows.
    pub(super) fn is_in(&self, body: &[u8]) -> bool {
        let items = match serde_json::from_slice(body) {
            Ok(Value::Array(items)) => items,
            Ok(one) => vec![one],
            Err(_) => return true,
        };
        items.iter().any(|it| it["query"].as_str().and_then(|it| self.is_asked(it)).unwrap_or(true))
    }

    /// `None` when the document cannot be read.
    fn is_asked(&self, text: &str) -> Option<bool> {
        let read = read(text, &self.limits).ok()?;
        validate(&self.schema, &read).ok()?;
        // Only the selected operation goes on.
        let operation =
            spread(&self.schema, &read.document, OperationId(0), Skipped::Ignore).ok()?;
        let mut nodes = operation.nodes().iter();
        Some(nodes.any(|it| operation.answering(it).contains(&self.field)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::Source;

    const SCHEMA: &str = "
        type Query { node: Node user: User }
        interface Node { owner: String }
        type User implements Node { owner: String boss: User }
        type Order implements Node { owner: String }
    ";

    #[track_caller]
    fn check(body: &str, expect: bool) {
        let source = Source { name: "schema.graphql".into(), text: SCHEMA.into() };
        let schema = Arc::new(Schema::load(Arc::new(source)).unwrap().0);
        let user = schema.type_named("User").unwrap();
        let owner = schema.field_named(user, "owner").unwrap();
        let limits = ReadLimits { bytes: 1_000, tokens: 100, depth: 10 };
        let taken = Taken::new(&schema, limits, owner);
        assert_eq!(taken.is_in(body.as_bytes()), expect, "{body}");
    }

    #[track_caller]
    fn check_query(text: &str, expect: bool) {
        check(&json!({ "query": text }).to_string(), expect);
    }

    #[test]
    fn it_is_found_wherever_its_type_is_meant() {
        check_query("{ user { owner } }", true);
        check_query("{ user { a: owner } }", true);
        check_query("{ node { owner } }", true);
        check_query("{ node { ...F } } fragment F on User { owner }", true);
        check_query("{ user { __typename } }", false);
        check_query("{ node { ... on Order { owner } } }", false);
        check_query("{ user { owner: __typename } }", false);
    }

    #[test]
    fn every_item_of_a_batch_counts_and_what_cannot_be_read_does() {
        let [with, without] =
            ["{ user { owner } }", "{ __typename }"].map(|it| json!({ "query": it }));
        check(&json!([without, with]).to_string(), true);
        check(&json!([without, without]).to_string(), false);
        check("{", true);
        check("{}", true);
        check_query("{ user", true);
        check_query("{ nobody }", true);
    }
}
