//! The fields that can stand around others: as `parent`, and as `root`.

use crate::schema::{FieldId, OperationKind, Schema, TypeSet};

/// The fields of object types that lead to these fields; to all, where nobody knows them.
pub(super) fn parents(schema: &Schema, fields: Option<&[FieldId]>) -> Vec<FieldId> {
    let objects = objects(schema, fields);
    let all = schema.types().filter(|(_, it)| it.is_object());
    let all = all.flat_map(|(id, _)| schema.fields(id));
    all.filter(|it| leads_to(schema, *it, &objects)).collect()
}

/// The root fields below which these fields can stand.
pub(super) fn roots(schema: &Schema, fields: Option<&[FieldId]>) -> Vec<FieldId> {
    let mut objects = objects(schema, fields);
    // The budget of this loop is the schema: every round but the last adds an object type.
    loop {
        let mut above = objects.clone();
        for parent in schema.types().filter(|(_, it)| it.is_object()) {
            let (id, ty) = parent;
            if schema.fields(id).any(|it| leads_to(schema, it, &objects)) {
                above.extend(&ty.possible);
            }
        }
        if above == objects {
            break;
        }
        objects = above;
    }
    let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
    let fields = kinds.into_iter().filter_map(|it| schema.root(it));
    let fields = fields.flat_map(|it| schema.fields(it));
    fields.filter(|it| leads_to(schema, *it, &objects)).collect()
}

/// The object types that have one of the fields, or implement what has it.
fn objects(schema: &Schema, fields: Option<&[FieldId]>) -> TypeSet {
    let mut objects = TypeSet::empty(schema.n_objects());
    match fields {
        Some(fields) => {
            fields
                .iter()
                .for_each(|it| objects.extend(&schema.ty(schema.field(*it).parent).possible));
        }
        None => schema.types().for_each(|(_, it)| objects.extend(&it.possible)),
    }
    objects
}

fn leads_to(schema: &Schema, field: FieldId, objects: &TypeSet) -> bool {
    schema.ty(schema.field(field).ty.named).possible.intersects(objects)
}
