//! Ways through the schema that the caller may go.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    attack::{
        World,
        access::{Around, ROOTS},
    },
    schema::{FieldId, Kind, OperationKind, TypeId},
};

/// One step: a field, selected on an object type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) on: TypeId,
    pub(super) field: FieldId,
}

/// A way from a root to an object type.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) kind: OperationKind,
    pub(super) root: TypeId,
    pub(super) hops: Vec<Hop>,
}

impl Route {
    pub(super) fn then(&self, hop: Hop) -> Self {
        let mut longer = self.clone();
        longer.hops.push(hop);
        longer
    }

    /// What a field at the end of it sees around itself.
    pub(super) fn around(&self, world: &World<'_>) -> Around {
        let coordinate = |it: &Hop| {
            let schema = world.schema();
            format!("{}.{}", schema.ty(it.on).name, schema.field(it.field).name)
        };
        Around { parent: self.hops.last().map(coordinate), root: self.hops.first().map(coordinate) }
    }

    /// The static type at its end.
    pub(super) fn end(&self, world: &World<'_>) -> TypeId {
        self.hops.last().map_or(self.root, |it| world.schema().field(it.field).ty.named)
    }

    /// The operation, with `core` selected at the end; `prefix` is put in front of every field.
    pub(super) fn write(&self, world: &World<'_>, core: &str, prefix: &str) -> Option<String> {
        Some(format!("{} {{ {} }}", self.kind.keyword(), self.nested(world, core, prefix)?))
    }

    /// What stands between the braces of the operation, with `core` selected at the end.
    pub(super) fn selection(&self, world: &World<'_>, core: &str) -> Option<String> {
        self.nested(world, core, "")
    }

    fn nested(&self, world: &World<'_>, core: &str, prefix: &str) -> Option<String> {
        self.with_calls(world, core, &|n, hop| {
            let alias = if prefix.is_empty() { String::new() } else { format!("{prefix}{n}: ") };
            Some(format!("{alias}{}", world.call(hop.field)?))
        })
    }

    /// The same with each field as it is given, by its place on the way.
    pub(super) fn with_calls(
        &self,
        world: &World<'_>,
        core: &str,
        call: &dyn Fn(usize, Hop) -> Option<String>,
    ) -> Option<String> {
        let schema = world.schema();
        let mut text = String::new();
        let (mut at, mut open) = (self.root, 0_usize);
        for (n, hop) in self.hops.iter().enumerate() {
            if at != hop.on {
                text.push_str(&format!(" ... on {} {{", schema.ty(hop.on).name));
                open = open.saturating_add(1);
            }
            text.push_str(&format!(" {} {{", call(n, *hop)?));
            open = open.saturating_add(1);
            at = schema.field(hop.field).ty.named;
        }
        text.push_str(&format!(" {core}"));
        text.push_str(&" }".repeat(open));
        Some(text)
    }
}

/// The steps that lead on from a static type: fields with an object, interface or union.
pub(super) fn steps(world: &World<'_>, from: &Route) -> Vec<Hop> {
    let schema = world.schema();
    let around = from.around(world);
    let mut steps = Vec::new();
    for on in objects(world, from.end(world)) {
        for field in schema.fields(on) {
            let is_composite = schema.ty(schema.field(field).ty.named).is_composite();
            if is_composite
                && !is_of_language(world, field)
                && world.may(world.sight(on, field, &around))
                && world.required_arguments(field).is_some()
            {
                steps.push(Hop { on, field });
            }
        }
    }
    steps
}

/// Whether a field is the language's own: `__schema`, `__type`.
pub(super) fn is_of_language(world: &World<'_>, field: FieldId) -> bool {
    world.schema().field(field).name.starts_with("__")
}

/// The object types that a type can be.
pub(super) fn objects(world: &World<'_>, ty: TypeId) -> Vec<TypeId> {
    let schema = world.schema();
    match schema.ty(ty).kind {
        Kind::Object { .. } => vec![ty],
        Kind::Interface | Kind::Union => {
            schema.ty(ty).possible.iter().map(|it| schema.object(it)).collect()
        }
        Kind::Enum | Kind::InputObject { .. } | Kind::Scalar => Vec::new(),
    }
}

/// The shortest way to every object type, queries first.
pub(super) fn all(world: &World<'_>) -> BTreeMap<TypeId, Route> {
    let mut found = BTreeMap::new();
    for kind in ROOTS {
        let is_admitted = world.intent.kinds.iter().any(|it| it == kind.keyword());
        let Some(root) = world.schema().root(kind).filter(|_| is_admitted) else { continue };
        let start = Route { kind, root, hops: Vec::new() };
        found.entry(root).or_insert_with(|| start.clone());
        let mut waiting = VecDeque::from([start]);
        // Budget: every type is entered once for each kind of operation.
        while let Some(route) = waiting.pop_front() {
            for hop in steps(world, &route) {
                let longer = route.then(hop);
                let ends = objects(world, longer.end(world));
                let is_new = ends.iter().any(|it| !found.contains_key(it));
                if is_new {
                    for end in ends {
                        found.entry(end).or_insert_with(|| longer.clone());
                    }
                    waiting.push_back(longer);
                }
            }
        }
    }
    found
}
