//! Ways around a rule: a root field is for some callers, and what it leads to can be reached by
//! everyone on another path that no rule is on.
//!
//! A hint for whoever writes the policy; nothing is decided by it.

use ahash::HashMap;

use crate::{
    expression::When,
    rules::authorization::{
        Permit,
        table::{Default, PermitIdx, Table},
    },
    schema::{FieldId, Kind, OperationKind, Schema, TypeId},
};

/// A way around a rule.
#[derive(Debug)]
pub(super) struct Detour {
    /// The rule on the root field.
    pub(super) around: PermitIdx,
    /// The type that both lead to.
    pub(super) to: TypeId,
    /// The fields on the way.
    pub(super) fields: Vec<FieldId>,
}

/// The first detour around every root field that is not for everyone. Not of mutations, which are
/// about what they do, and not to connections, which hold nothing themselves.
pub(super) fn detours(schema: &Schema, table: &Table, permits: &[Permit]) -> Vec<Detour> {
    let open = Open { schema, table, permits };
    let reached = open.reached();
    let mut detours = Vec::new();
    for field in open.root_fields().into_iter().filter(|it| is_read(schema, *it)) {
        let Some(around) = open.restricting(field) else { continue };
        let to = schema.field(field).ty.named;
        let is_guarded = schema.fields(to).any(|it| table.of(it).is_some());
        let is_connection = schema.field_named(to, "pageInfo").is_some();
        if is_guarded || is_connection || !schema.ty(to).is_object() || !reached.contains_key(&to) {
            continue;
        }
        detours.push(Detour { around, to, fields: path(&reached, to) });
    }
    detours
}

fn is_read(schema: &Schema, root_field: FieldId) -> bool {
    schema.root(OperationKind::Mutation) != Some(schema.field(root_field).parent)
}

struct Open<'a> {
    schema: &'a Schema,
    table: &'a Table,
    permits: &'a [Permit],
}

/// How a type was reached first: by which field, of which type; `None` for a root type.
type Reached = HashMap<TypeId, Option<(FieldId, TypeId)>>;

impl Open<'_> {
    fn root_fields(&self) -> Vec<FieldId> {
        let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
        let roots = kinds.into_iter().filter_map(|it| self.schema.root(it));
        let fields = roots.flat_map(|it| self.schema.fields(it));
        fields.filter(|it| !self.schema.field(*it).name.starts_with("__")).collect()
    }

    /// The permit that keeps some callers off a field, and not all.
    fn restricting(&self, field: FieldId) -> Option<PermitIdx> {
        let mut deciding = self.table.of(field)?.iter().copied();
        deciding.find(|it| {
            let permit = self.permits.get(it.index());
            permit.is_some_and(|it| it.allow.expression().is_some())
        })
    }

    /// True when nobody is kept off a field.
    fn is_open(&self, field: FieldId) -> bool {
        match self.table.of(field) {
            None => !self.table.is_root(field) || self.table.default == Default::Allow,
            Some(deciding) => deciding.iter().all(|it| {
                let permit = self.permits.get(it.index());
                permit.is_some_and(|it| matches!(it.allow, When::Always))
            }),
        }
    }

    // The budget of this loop is the schema: every type is opened once.
    fn reached(&self) -> Reached {
        let mut reached = Reached::default();
        let mut open = Vec::new();
        for field in self.root_fields() {
            let root = self.schema.field(field).parent;
            reached.insert(root, None);
            self.follow(field, root, (&mut reached, &mut open));
        }
        while let Some(ty) = open.pop() {
            for field in self.schema.fields(ty) {
                self.follow(field, ty, (&mut reached, &mut open));
            }
        }
        reached
    }

    /// Goes to the object types that a field can answer with.
    fn follow(
        &self,
        field: FieldId,
        from: TypeId,
        (reached, open): (&mut Reached, &mut Vec<TypeId>),
    ) {
        let to = self.schema.ty(self.schema.field(field).ty.named);
        let is_composite = matches!(to.kind, Kind::Interface | Kind::Object { .. } | Kind::Union);
        if !is_composite || !self.is_open(field) {
            return;
        }
        for object in to.possible.iter().map(|it| self.schema.object(it)) {
            reached.entry(object).or_insert_with(|| {
                open.push(object);
                Some((field, from))
            });
        }
    }
}

// The budget of this loop is the schema: no type leads to itself on the way it was reached first.
fn path(reached: &Reached, to: TypeId) -> Vec<FieldId> {
    let mut fields = Vec::new();
    let mut at = to;
    while let Some(Some((field, from))) = reached.get(&at) {
        fields.push(*field);
        at = *from;
    }
    fields.reverse();
    fields
}
