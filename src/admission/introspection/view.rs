//! The part of the schema that a caller is shown: without the fields that it may never ask for,
//! without what would be no schema then, and without the types that only those lead to.

use ahash::HashSet;

use crate::{
    admission::judge::Bench,
    rules::Hiding,
    schema::{FieldId, Kind, OperationKind, Schema, Type, TypeId},
};

/// What is not shown. Usually nothing, which costs nothing.
#[derive(Debug, Default)]
pub(in crate::admission) struct View {
    fields: HashSet<FieldId>,
    types: HashSet<TypeId>,
}

impl View {
    /// What the rules of a policy hide from a caller; those that only report hide nothing.
    pub(in crate::admission) fn of(bench: &Bench<'_>) -> Self {
        let schema = &bench.policy.schema;
        let fields: HashSet<FieldId> = hidden(bench).collect();
        if fields.is_empty() {
            return Self::default();
        }
        let mut view = Self { fields, types: HashSet::default() };
        view.hide_what_is_broken(schema);
        view.hide_unreachable_types(schema);
        view
    }

    /// Whether there would be anything that is kept from the caller.
    pub(in crate::admission) fn hides_something(bench: &Bench<'_>) -> bool {
        hidden(bench).next().is_some()
    }

    /// Whether anything is kept from the caller.
    pub(in crate::admission) fn withholds(&self) -> bool {
        !self.fields.is_empty()
    }

    pub(super) fn shows_field(&self, schema: &Schema, id: FieldId) -> bool {
        !self.fields.contains(&id) && !self.types.contains(&schema.field(id).ty.named)
    }

    pub(super) fn shows_type(&self, id: TypeId) -> bool {
        !self.types.contains(&id)
    }

    /// What would be no schema is not shown: a type without fields, a union without members, an
    /// interface's field that an implementer does not have. A field of a hidden type is none either.
    // The budget of this loop is the schema: every round but the last hides a type or a field.
    fn hide_what_is_broken(&mut self, schema: &Schema) {
        loop {
            let shown = || schema.types().filter(|(id, _)| self.shows_type(*id));
            let empty = shown().filter(|it| self.is_empty(schema, *it));
            let empty: Vec<_> = empty.map(|(id, _)| id).collect();
            if !empty.is_empty() {
                self.types.extend(empty);
                continue;
            }
            // Of a type that is not shown nothing is lacking.
            let lacking: Vec<_> = shown().flat_map(|it| self.lacking(schema, it)).collect();
            if lacking.is_empty() {
                return;
            }
            self.fields.extend(lacking);
        }
    }

    fn is_empty(&self, schema: &Schema, (id, ty): (TypeId, &Type)) -> bool {
        match ty.kind {
            Kind::Interface | Kind::Object { .. } => {
                !schema.fields(id).any(|it| self.shows_field(schema, it))
            }
            Kind::Union => !ty.possible.iter().any(|it| self.shows_type(schema.object(it))),
            Kind::Enum | Kind::InputObject { .. } | Kind::Scalar => false,
        }
    }

    /// The fields of interfaces that a type does not show. Whoever asks an interface for one asks
    /// every type that can answer, so that nothing is kept from the caller that it may have.
    fn lacking(&self, schema: &Schema, (id, ty): (TypeId, &Type)) -> Vec<FieldId> {
        let of_interfaces = ty.interfaces.iter().flat_map(|it| schema.fields(*it));
        let lacking = of_interfaces.filter(|it| {
            let own = schema.field_named(id, &schema.field(*it).name);
            self.shows_field(schema, *it) && !own.is_some_and(|it| self.shows_field(schema, it))
        });
        lacking.collect()
    }

    // The budget of this loop is the schema: every type is visited once.
    fn hide_unreachable_types(&mut self, schema: &Schema) {
        let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
        let mut open: Vec<TypeId> = kinds.into_iter().filter_map(|it| schema.root(it)).collect();
        for directive in schema.directives() {
            let arguments = schema.directive_arguments(directive);
            open.extend(arguments.map(|it| schema.input(it).ty.named));
        }
        let mut reached: HashSet<TypeId> = HashSet::default();
        while let Some(id) = open.pop() {
            if !self.shows_type(id) || !reached.insert(id) {
                continue;
            }
            let ty = schema.ty(id);
            open.extend(ty.interfaces.iter().copied());
            open.extend(ty.possible.iter().map(|it| schema.object(it)));
            open.extend(schema.input_fields(id).map(|it| schema.input(it).ty.named));
            for field in schema.fields(id).filter(|it| self.shows_field(schema, *it)) {
                open.push(schema.field(field).ty.named);
                open.extend(schema.arguments(field).map(|it| schema.input(it).ty.named));
            }
        }
        let is_lost = |id: TypeId, name: &str| {
            !reached.contains(&id) && !name.starts_with("__") && !BUILT_IN.contains(&name)
        };
        let lost = schema.types().filter(|(id, it)| is_lost(*id, &it.name)).map(|(id, _)| id);
        self.types.extend(lost);
    }
}

/// The fields that are not shown, one after the other as they are found.
fn hidden(bench: &Bench<'_>) -> impl Iterator<Item = FieldId> {
    let schema = &bench.policy.schema;
    let hiding = bench.policy.rules().filter(|(idx, rule)| {
        rule.hiding() != Hiding::Reported && bench.policy.is_enforced(bench.profile, *idx)
    });
    let hiding: Vec<_> = hiding.map(|(_, rule)| rule).collect();
    let all = schema.types().flat_map(|(id, _)| schema.fields(id));
    let is_own = |it: &FieldId| !schema.field(*it).name.starts_with("__");
    all.filter(is_own).filter(move |field| hiding.iter().any(|it| it.hides(*field, bench.asked)))
}

/// GraphQL §3.5: scalars that every schema has.
const BUILT_IN: &[&str] = &["Boolean", "Float", "ID", "Int", "String"];
