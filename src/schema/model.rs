//! The flat tables of a schema.
//!
//! Introspection types (`__Schema`, …) are ordinary types here; `__schema` and `__type` are fields
//! of the query root; `__typename` is [`FieldId::TYPENAME`], a field of every composite type.

use std::{ops::Range, sync::Arc};

use ahash::HashMap;

use crate::{
    diagnostic::Source,
    schema::{Applied, Const, Definitions, Scalar, TypeSet, field_names::FieldNames, link::Links},
};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) u32);

        impl $name {
            /// The index as `usize`.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

ids! {
    /// A type of the schema.
    TypeId;
    /// A field of an object or interface type, or `__typename`.
    FieldId;
    /// An argument of a field or directive, or a field of an input object.
    InputId;
}

impl FieldId {
    /// `__typename`, the same field on every composite type.
    pub const TYPENAME: Self = Self(0);
}

/// Query, mutation or subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationKind {
    /// `query`, also written as a bare selection set.
    Query,
    /// `mutation`.
    Mutation,
    /// `subscription`.
    Subscription,
}

impl OperationKind {
    /// The keyword of the language.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// A wrapping of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrapper {
    /// `[ … ]`
    List,
    /// `… !`
    NonNull,
}

/// A type as a field or input has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeRef {
    /// The innermost, named type.
    pub named: TypeId,
    /// The wrappers around it, outermost first.
    pub wrappers: Box<[Wrapper]>,
}

impl TypeRef {
    /// How many lists are wrapped around the named type.
    #[must_use]
    pub fn list_depth(&self) -> u32 {
        let lists = self.wrappers.iter().filter(|it| **it == Wrapper::List).count();
        u32::try_from(lists).unwrap_or(u32::MAX)
    }
}

/// What a type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `enum`
    Enum,
    /// `input`; `one_of` when it carries `@oneOf`
    InputObject {
        /// Exactly one field must be given, and not null.
        one_of: bool,
    },
    /// `interface`
    Interface,
    /// `type`; `object` is its index in type sets
    Object {
        /// Its index in [`TypeSet`]s.
        object: u32,
    },
    /// `scalar`, built in or custom
    Scalar,
    /// `union`
    Union,
}

/// A type of the schema.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its name.
    pub name: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// What it is.
    pub kind: Kind,
    /// Which scalar it is.
    pub scalar: Scalar,
    /// Its fields as `FieldId`s, for objects and interfaces.
    pub(super) fields: Range<u32>,
    /// Its input fields as `InputId`s, for input objects.
    pub(super) inputs: Range<u32>,
    /// Its values, for enums.
    pub values: Box<[EnumValue]>,
    /// The object types it can be at run time: itself, the implementers, the members.
    pub possible: TypeSet,
    /// The interfaces it declares.
    pub interfaces: Box<[TypeId]>,
    /// The directives applied to it.
    pub directives: Box<[Applied]>,
}

impl Type {
    /// True for objects.
    #[must_use]
    pub const fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object { .. })
    }

    /// True for objects, interfaces and unions.
    #[must_use]
    pub const fn is_composite(&self) -> bool {
        matches!(self.kind, Kind::Interface | Kind::Object { .. } | Kind::Union)
    }
}

/// A value of an enum.
#[derive(Clone, Debug)]
pub struct EnumValue {
    /// Its name.
    pub name: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// The reason, when it is deprecated.
    pub deprecated: Option<Box<str>>,
}

/// A field of an object or interface type.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// The type that defines it. Of `__typename`: the query root.
    pub parent: TypeId,
    /// Its type.
    pub ty: TypeRef,
    /// Its arguments as `InputId`s.
    pub(super) arguments: Range<u32>,
    /// The reason, when it is deprecated.
    pub deprecated: Option<Box<str>>,
    /// The directives applied to it.
    pub directives: Box<[Applied]>,
}

/// What an input belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputOwner {
    /// An argument of the directive with this index in [`Schema::directives`].
    Directive(u32),
    /// An argument of this field.
    Field(FieldId),
    /// A field of this input object.
    InputObject(TypeId),
}

/// An argument or input field.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// What it belongs to.
    pub owner: InputOwner,
    /// Its type.
    pub ty: TypeRef,
    /// Its default value.
    pub default: Option<Const>,
    /// The reason, when it is deprecated.
    pub deprecated: Option<Box<str>>,
    /// The directives applied to it.
    pub directives: Box<[Applied]>,
}

/// A definition of a directive.
#[derive(Clone, Debug)]
pub struct DirectiveDefinition {
    /// Its name without `@`.
    pub name: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// Its arguments as `InputId`s.
    pub(super) arguments: Range<u32>,
    /// Where it can stand: `FIELD`.
    pub locations: Box<[Box<str>]>,
    /// It can stand more than once in one place.
    pub is_repeatable: bool,
}

/// The upstream's types.
#[derive(Debug)]
pub struct Schema {
    pub(super) source: Arc<Source>,
    pub(super) definitions: Definitions,
    pub(super) description: Option<Box<str>>,
    pub(super) links: Links,
    pub(super) types: Vec<Type>,
    pub(super) fields: Vec<Field>,
    pub(super) inputs: Vec<Input>,
    pub(super) directives: Vec<DirectiveDefinition>,
    pub(super) type_names: HashMap<Box<str>, TypeId>,
    pub(super) field_names: FieldNames,
    /// An argument, an input field or a value of an enum is deprecated.
    pub(super) has_deprecated_inputs: bool,
    /// The object type of each object index.
    pub(super) objects: Vec<TypeId>,
    pub(super) query: TypeId,
    pub(super) mutation: Option<TypeId>,
    pub(super) subscription: Option<TypeId>,
}

// INVARIANT: an id is only made by the loader of the same schema, so the look-ups by id below find
// their entry; `Policy` holds exactly one schema and every operation is built with it.
#[expect(clippy::indexing_slicing, reason = "ids come from the loader of this schema")]
impl Schema {
    /// A type by its id.
    #[must_use]
    pub fn ty(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }

    /// A field by its id.
    #[must_use]
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.index()]
    }

    /// An argument or input field by its id.
    #[must_use]
    pub fn input(&self, id: InputId) -> &Input {
        &self.inputs[id.index()]
    }

    /// The object type of an object index of a [`TypeSet`].
    #[must_use]
    pub fn object(&self, object: u32) -> TypeId {
        self.objects[object as usize]
    }
}

impl Schema {
    /// The text it was read from.
    #[must_use]
    pub const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Its description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The root type of a kind of operation.
    #[must_use]
    pub const fn root(&self, kind: OperationKind) -> Option<TypeId> {
        match kind {
            OperationKind::Query => Some(self.query),
            OperationKind::Mutation => self.mutation,
            OperationKind::Subscription => self.subscription,
        }
    }

    /// Every type.
    pub fn types(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0..).map(TypeId).zip(&self.types)
    }

    /// A type by its name.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<TypeId> {
        self.type_names.get(name).copied()
    }

    /// A field of a composite type by its name; unions have only `__typename`.
    #[must_use]
    pub fn field_named(&self, parent: TypeId, name: &str) -> Option<FieldId> {
        if name == "__typename" && self.ty(parent).is_composite() {
            return Some(FieldId::TYPENAME);
        }
        self.field_names.find((parent, name), |it| {
            let field = self.field(it);
            field.parent == parent && *field.name == *name
        })
    }

    /// The fields of an object or interface type, in the order written.
    pub fn fields(&self, id: TypeId) -> impl Iterator<Item = FieldId> + use<> {
        self.ty(id).fields.clone().map(FieldId)
    }

    /// The fields of an input object, in the order written.
    pub fn input_fields(&self, id: TypeId) -> impl Iterator<Item = InputId> + use<> {
        self.ty(id).inputs.clone().map(InputId)
    }

    /// The arguments of a field, in the order written.
    pub fn arguments(&self, id: FieldId) -> impl Iterator<Item = InputId> + use<> {
        self.field(id).arguments.clone().map(InputId)
    }

    /// A field of an input object by its name.
    #[must_use]
    pub fn input_field_named(&self, id: TypeId, name: &str) -> Option<InputId> {
        self.input_fields(id).find(|it| &*self.input(*it).name == name)
    }

    /// An argument of a field by its name.
    #[must_use]
    pub fn argument_named(&self, id: FieldId, name: &str) -> Option<InputId> {
        self.arguments(id).find(|it| &*self.input(*it).name == name)
    }

    /// Whether any argument, input field or value of an enum is deprecated.
    #[must_use]
    pub const fn has_deprecated_inputs(&self) -> bool {
        self.has_deprecated_inputs
    }

    /// Every definition of a directive.
    #[must_use]
    pub fn directives(&self) -> &[DirectiveDefinition] {
        &self.directives
    }

    /// The arguments of a directive, in the order written.
    pub fn directive_arguments(
        &self,
        directive: &DirectiveDefinition,
    ) -> impl Iterator<Item = InputId> + use<> {
        directive.arguments.clone().map(InputId)
    }

    /// Number of object types: the width of a [`TypeSet`].
    #[must_use]
    pub fn n_objects(&self) -> u32 {
        u32::try_from(self.objects.len()).unwrap_or(u32::MAX)
    }

    /// `Type.field`, the coordinate of a field.
    #[must_use]
    pub fn coordinate(&self, id: FieldId) -> String {
        let field = self.field(id);
        [&*self.ty(field.parent).name, ".", &*field.name].concat()
    }

    /// The definitions as validation reads them.
    pub(crate) const fn definitions(&self) -> &Definitions {
        &self.definitions
    }
}
