//! Objections of `bluejay-validator` that are mistakes of its own.
//!
//! Its introspection types lack fields that the language has gained since, and it looks at nothing
//! that is written at a field it does not know. And it takes no single value for a list that is an
//! item of a list. The proof knows better, so that such an objection falls where the proof has seen
//! to all that it can be about. No other objection falls, whatever is proven.

use std::cell::OnceCell;

use bluejay_parser::ast::{
    definition::SchemaDefinition,
    executable::{ExecutableDocument, Field as WrittenField},
};
use bluejay_validator::{executable::document::Error, value::input_coercion::Error as ValueError};

use crate::{
    document::{
        Document, SelectionKind,
        validate::proof::{self, selections::Node},
    },
    schema::Schema,
};

/// What is proven of a document, looked at when the first doubtful objection comes.
pub(super) struct Mistakes<'a> {
    schema: &'a Schema,
    document: &'a Document,
    nodes: OnceCell<Option<Vec<Node>>>,
}

impl<'a> Mistakes<'a> {
    pub(super) const fn new(schema: &'a Schema, document: &'a Document) -> Self {
        Self { schema, document, nodes: OnceCell::new() }
    }

    /// Whether an objection is one of the mistakes.
    pub(super) fn include<'t>(
        &self,
        error: &Error<'t, ExecutableDocument<'t>, SchemaDefinition<'t>>,
    ) -> bool {
        match error {
            Error::FieldDoesNotExistOnType { field, r#type } => {
                r#type.name().starts_with("__") && self.merges(field)
            }
            Error::InvalidConstValue(ValueError::NoImplicitConversion {
                input_type_name, ..
            })
            | Error::InvalidVariableValue(ValueError::NoImplicitConversion {
                input_type_name,
                ..
            }) => input_type_name.starts_with('[') && self.nodes().is_some(),
            // It may be used at a field that the validator does not know.
            Error::VariableDefinitionUnused { .. } => self.nodes().is_some(),
            _ => false,
        }
    }

    /// Whether an objection may be one, though nothing is proven: the schema has the field.
    pub(super) fn may_include<'t>(
        &self,
        error: &Error<'t, ExecutableDocument<'t>, SchemaDefinition<'t>>,
    ) -> bool {
        let Error::FieldDoesNotExistOnType { field, r#type } = error else { return false };
        let ty = self.schema.type_named(r#type.name());
        ty.is_some_and(|it| self.schema.field_named(it, field.name().as_str()).is_some())
    }

    /// Whether a field of introspection, which is a leaf, merges with what stands around it; the
    /// validator passes over it. What an introspection type merges with is of the same type, so
    /// that no other field of such a type may have its response name. Only where that is not
    /// enough is all of the merging to be proven.
    fn merges(&self, field: &WrittenField<'_>) -> bool {
        let Some(nodes) = self.nodes() else { return false };
        let mut written = nodes.iter().zip(self.document.all_selections());
        let is_alone = written.all(|(node, it)| match (node, &it.kind) {
            (Node::Field { parent, .. }, SelectionKind::Field { alias, name, .. }) => {
                let key = self.document.str(alias.unwrap_or(*name));
                key != field.response_key()
                    || self.document.str(*name) == field.name().as_str()
                    || !self.schema.ty(*parent).name.starts_with("__")
            }
            _ => true,
        });
        is_alone || proof::of(self.schema, self.document).is_some()
    }

    fn nodes(&self) -> Option<&[Node]> {
        let nodes = self.nodes.get_or_init(|| proof::all_but_merging(self.schema, self.document));
        nodes.as_deref()
    }
}
