//! The fields that an object in a representation can have.
//!
//! Whether a value fits one of them is seen elsewhere.

use ahash::HashMap;

use crate::schema::{FieldId, Schema, TypeId};

/// Fields by name. What had to be gathered is kept: a list of objects asks for the same again.
#[derive(Debug)]
pub(super) struct Fields<'s> {
    pub(super) schema: &'s Schema,
    gathered: HashMap<TypeId, HashMap<Box<str>, Vec<FieldId>>>,
}

impl<'s> Fields<'s> {
    pub(super) fn of(schema: &'s Schema) -> Self {
        Self { schema, gathered: HashMap::default() }
    }

    /// The type's own field; of an interface or union without one, those of the types that can
    /// stand there, each type of field once.
    pub(super) fn named(&mut self, ty: TypeId, name: &str) -> Vec<FieldId> {
        let schema = self.schema;
        if let Some(own) = schema.field_named(ty, name) {
            return vec![own];
        }
        if schema.ty(ty).is_object() {
            return Vec::new();
        }
        let gathered = self.gathered.entry(ty).or_default();
        if let Some(fields) = gathered.get(name) {
            return fields.clone();
        }
        let objects = schema.ty(ty).possible.iter().map(|it| schema.object(it));
        let mut fields: HashMap<_, FieldId> = HashMap::default();
        for field in objects.filter_map(|it| schema.field_named(it, name)) {
            fields.entry(&schema.field(field).ty).or_insert(field);
        }
        let mut fields: Vec<_> = fields.into_values().collect();
        fields.sort_unstable();
        gathered.insert(name.into(), fields.clone());
        fields
    }
}
