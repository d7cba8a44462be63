//! Which permits decide a field: the most specific coordinate wins.
//!
//! In this order: `Type.field` of the object type; `Interface.field`; and what binds to many
//! (`Type`, `*.field`, a directive). Among the last, and where several interfaces have their say,
//! all must allow.

use ahash::{HashMap, HashSet};

use crate::{
    rules::authorization::directive::carries,
    schema::{Applied, FieldId, Kind, OperationKind, Schema, TypeId},
};

/// The position of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PermitIdx(pub(super) u32);

impl PermitIdx {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What becomes of root fields that no permit names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Default {
    Allow,
    Deny,
}

/// What a permit is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum On {
    /// `@auth`, or `@tag(name: "internal")`: every field that carries it, or whose type does.
    Directive(Box<str>, Option<(Box<str>, Box<str>)>),
    /// `*.field`
    EveryFieldNamed(Box<str>),
    /// `Type.field` of an object or interface.
    Field(FieldId),
    /// `Type` or `Type.*`: every field of the type.
    Type(TypeId),
}

impl On {
    /// Every field that it could decide, those of heirs as well.
    pub(super) fn fields(&self, schema: &Schema) -> Vec<FieldId> {
        let of_heir = |ty: TypeId, field: FieldId| match self {
            Self::Field(it) => {
                let (it, field) = (schema.field(*it), schema.field(field));
                it.name == field.name && schema.ty(ty).interfaces.contains(&it.parent)
            }
            Self::Directive(..) | Self::EveryFieldNamed(_) | Self::Type(_) => false,
        };
        let all = schema.types().flat_map(|(ty, _)| schema.fields(ty).map(move |it| (ty, it)));
        let all = all.filter(|(_, it)| !is_of_the_language(schema, *it));
        let own = |field: FieldId| *self == Self::Field(field);
        let of = |ty, field| own(field) || of_heir(ty, field) || self.covers(schema, ty, field);
        all.filter(|(ty, field)| of(*ty, *field)).map(|(_, it)| it).collect()
    }

    /// Whether it binds to many, and to this one.
    fn covers(&self, schema: &Schema, ty: TypeId, field: FieldId) -> bool {
        let (definition, named) = (schema.ty(ty), &*schema.field(field).name);
        // What an interface says of its fields holds for those fields of the implementers.
        let same_field = |it: &TypeId| schema.field_named(*it, named);
        match self {
            Self::Directive(name, argument) => {
                let carried = |it: &[Applied]| carries(schema, it, name, argument.as_ref());
                let mut above = definition.interfaces.iter();
                carried(&schema.field(field).directives)
                    || carried(&definition.directives)
                    || above.any(|it| {
                        same_field(it).is_some_and(|field| {
                            carried(&schema.field(field).directives)
                                || carried(&schema.ty(*it).directives)
                        })
                    })
            }
            Self::EveryFieldNamed(name) => **name == *named,
            Self::Field(_) => false,
            Self::Type(it) => {
                *it == ty || (definition.interfaces.contains(it) && same_field(it).is_some())
            }
        }
    }
}

/// Which permits decide the fields of object types, and of interfaces for introspection.
#[derive(Debug)]
pub(super) struct Table {
    fields: HashMap<FieldId, Box<[PermitIdx]>>,
    roots: [Option<TypeId>; 3],
    parents: HashMap<FieldId, TypeId>,
    pub(super) default: Default,
}

impl Table {
    /// Lays out who decides what; gives the permits that decide nothing as well.
    pub(super) fn new(
        schema: &Schema,
        permits: &[(On, PermitIdx)],
        default: Default,
    ) -> (Self, Vec<On>) {
        let mut fields: HashMap<FieldId, Box<[PermitIdx]>> = HashMap::default();
        let mut parents = HashMap::default();
        let mut used = vec![false; permits.len()];
        let layout = Layout { schema, permits };
        let implemented = implemented(schema);
        for (ty, definition) in schema.types() {
            if !matches!(definition.kind, Kind::Object { .. } | Kind::Interface) {
                continue;
            }
            for field in schema.fields(ty).filter(|it| !is_of_the_language(schema, *it)) {
                parents.insert(field, ty);
                let deciding = layout.deciding(ty, field);
                // What runs are objects: a field of an interface is decided by theirs.
                if !implemented.contains(&ty) {
                    mark(&mut used, &deciding);
                }
                let mut idxs: Vec<_> = deciding
                    .iter()
                    .filter_map(|it| permits.get(*it))
                    .map(|(_, idx)| *idx)
                    .collect();
                idxs.sort_unstable();
                idxs.dedup();
                if !idxs.is_empty() {
                    fields.insert(field, idxs.into());
                }
            }
        }
        let idle =
            permits.iter().zip(used).filter(|(_, used)| !used).map(|((on, _), _)| on.clone());
        let kinds = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];
        let roots = kinds.map(|it| schema.root(it));
        (Self { fields, roots, parents, default }, idle.collect())
    }

    /// The permits that decide a field; `None` when none does.
    pub(super) fn of(&self, field: FieldId) -> Option<&[PermitIdx]> {
        self.fields.get(&field).map(|it| &**it)
    }

    /// True for the fields of root types.
    pub(super) fn is_root(&self, field: FieldId) -> bool {
        self.parents.get(&field).is_some_and(|it| self.roots.contains(&Some(*it)))
    }
}

/// Interfaces that an object has.
fn implemented(schema: &Schema) -> HashSet<TypeId> {
    let objects = schema.types().filter(|(_, it)| it.is_object());
    objects.flat_map(|(_, it)| it.interfaces.iter().copied()).collect()
}

fn mark(used: &mut [bool], deciding: &[usize]) {
    for it in deciding {
        if let Some(used) = used.get_mut(*it) {
            *used = true;
        }
    }
}

/// Whether a field is one of introspection, on which no rule decides: `Query.__schema`,
/// `__Type.name`.
pub(super) fn is_of_the_language(schema: &Schema, field: FieldId) -> bool {
    let field = schema.field(field);
    field.name.starts_with("__") || schema.ty(field.parent).name.starts_with("__")
}

struct Layout<'a> {
    schema: &'a Schema,
    permits: &'a [(On, PermitIdx)],
}

impl Layout<'_> {
    /// The places in the list of the permits that decide a field.
    fn deciding(&self, ty: TypeId, field: FieldId) -> Vec<usize> {
        let own = self.on(&On::Field(field));
        if !own.is_empty() {
            return own;
        }
        let inherited = self.of_interfaces(ty, field);
        if !inherited.is_empty() {
            return inherited;
        }
        self.broad(ty, field)
    }

    fn on(&self, on: &On) -> Vec<usize> {
        let all = self.permits.iter().enumerate();
        all.filter(|(_, (it, _))| it == on).map(|(n, _)| n).collect()
    }

    /// Permits on the same field of interfaces, but of those that another such interface refines.
    fn of_interfaces(&self, ty: TypeId, field: FieldId) -> Vec<usize> {
        let name = &*self.schema.field(field).name;
        let declared = &*self.schema.ty(ty).interfaces;
        let with_permits: Vec<_> = declared
            .iter()
            .filter_map(|it| {
                let field = self.schema.field_named(*it, name)?;
                let permits = self.on(&On::Field(field));
                (!permits.is_empty()).then_some((*it, permits))
            })
            .collect();
        let is_refined = |it: TypeId| {
            with_permits.iter().any(|(other, _)| self.schema.ty(*other).interfaces.contains(&it))
        };
        let most_specific = with_permits.iter().filter(|(it, _)| !is_refined(*it));
        most_specific.flat_map(|(_, permits)| permits.clone()).collect()
    }

    fn broad(&self, ty: TypeId, field: FieldId) -> Vec<usize> {
        let all = self.permits.iter().enumerate();
        all.filter(|(_, (on, _))| on.covers(self.schema, ty, field)).map(|(n, _)| n).collect()
    }
}
