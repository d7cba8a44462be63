//! Fills the flat tables of a schema from a document without errors.

use std::{ops::Range, sync::Arc};

use ahash::HashMap;

use crate::{
    diagnostic::Source,
    schema::{
        Applied, Const, Definitions, DirectiveDefinition, EnumValue, Field, FieldId, Input,
        InputOwner, Kind, OperationKind, Scalar, Schema, Type, TypeId, TypeRef, TypeSet, Wrapper,
        field_names::FieldNames,
        link::Links,
        sdl::{
            AppliedSyntax, Definition, DefinitionKind, Document, EnumValueSyntax, FieldSyntax,
            InputSyntax, TypeSyntax,
        },
    },
};

/// The schema of a document that `check` found no errors in.
pub(super) fn schema(
    source: Arc<Source>,
    document: Document<'_>,
    definitions: Definitions,
) -> Schema {
    let links = Links::of(document.on_schema().iter().map(|it| &*it.arguments));
    let possible = Possible::of(&document);
    let roots = [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription]
        .map(|it| document.root(it).map(|it| it.text));
    let ids = (0..).map(TypeId);
    let mut tables = Tables {
        type_names: document.types.iter().map(|it| it.name.text.into()).zip(ids.clone()).collect(),
        fields: Vec::new(),
        inputs: Vec::new(),
    };
    let [query, mutation, subscription] = roots.map(|it| it.map(|it| tables.id(it)));
    // INVARIANT: `check` refuses a document without a query root.
    let query = query.unwrap_or(TypeId(0));
    tables.add_typename(query);
    let types = document.types.into_iter().zip(possible.sets).zip(ids);
    let types: Vec<_> = types.map(|((it, possible), id)| tables.ty(id, it, possible)).collect();
    let directives = document.directives.into_iter().zip(0..);
    let directives = directives.map(|(it, idx)| tables.directive(idx, it)).collect();
    let named = tables.fields.iter().zip((0..).map(FieldId)).skip(1);
    let field_names = FieldNames::of(named.map(|(it, id)| (it.parent, &*it.name, id)));
    let mut values = types.iter().flat_map(|it| &it.values);
    let has_deprecated_inputs = tables.inputs.iter().any(|it| it.deprecated.is_some())
        || values.any(|it| it.deprecated.is_some());
    Schema {
        source,
        definitions,
        description: document.schema.and_then(|it| it.description),
        links,
        types,
        fields: tables.fields,
        inputs: tables.inputs,
        directives,
        type_names: tables.type_names,
        field_names,
        has_deprecated_inputs,
        objects: possible.objects,
        query,
        mutation,
        subscription,
    }
}

/// The object types that each type can be, by position in the document.
struct Possible {
    sets: Vec<TypeSet>,
    objects: Vec<TypeId>,
}

impl Possible {
    fn of(document: &Document<'_>) -> Self {
        let ids = || document.types.iter().zip((0..).map(TypeId));
        let is_object = |it: &Definition<'_>| it.kind == DefinitionKind::Object;
        let objects: Vec<TypeId> =
            ids().filter(|(it, _)| is_object(it)).map(|(_, id)| id).collect();
        let positions: HashMap<&str, usize> =
            document.types.iter().map(|it| it.name.text).zip(0..).collect();
        let object_indices: HashMap<&str, u32> = document
            .types
            .iter()
            .filter(|it| is_object(it))
            .map(|it| it.name.text)
            .zip(0..)
            .collect();
        let n_objects = u32::try_from(objects.len()).unwrap_or(u32::MAX);
        let mut sets = vec![TypeSet::empty(n_objects); document.types.len()];
        let mut insert = |name: &str, object: &str| {
            let set = positions.get(name).and_then(|it| sets.get_mut(*it));
            if let (Some(set), Some(object)) = (set, object_indices.get(object)) {
                set.insert(*object);
            }
        };
        for it in &document.types {
            let name = it.name.text;
            if is_object(it) {
                insert(name, name);
                document
                    .all_interfaces(it)
                    .into_iter()
                    .for_each(|interface| insert(interface, name));
            }
            it.members.iter().for_each(|member| insert(name, member.text));
        }
        Self { sets, objects }
    }
}

struct Tables {
    type_names: HashMap<Box<str>, TypeId>,
    fields: Vec<Field>,
    inputs: Vec<Input>,
}

impl Tables {
    /// The field that every composite type has, as [`FieldId::TYPENAME`].
    fn add_typename(&mut self, query: TypeId) {
        let ty = TypeRef { named: self.id("String"), wrappers: [Wrapper::NonNull].into() };
        self.fields.push(Field {
            name: "__typename".into(),
            description: None,
            parent: query,
            ty,
            arguments: 0..0,
            deprecated: None,
            directives: Box::default(),
        });
    }

    fn ty(&mut self, id: TypeId, ty: Definition<'_>, possible: TypeSet) -> Type {
        let kind = match ty.kind {
            DefinitionKind::Enum => Kind::Enum,
            DefinitionKind::Input => Kind::InputObject { one_of: ty.has_directive("oneOf") },
            DefinitionKind::Interface => Kind::Interface,
            // An object type is the only one that it can be.
            DefinitionKind::Object => Kind::Object { object: possible.iter().next().unwrap_or(0) },
            DefinitionKind::Union => Kind::Union,
            DefinitionKind::Directive | DefinitionKind::Scalar | DefinitionKind::Schema => {
                Kind::Scalar
            }
        };
        let mut interfaces: Vec<TypeId> = ty.interfaces.iter().map(|it| self.id(it.text)).collect();
        interfaces.sort_unstable();
        interfaces.dedup();
        Type {
            name: ty.name.text.into(),
            description: ty.description,
            kind,
            scalar: Scalar::named(ty.name.text),
            fields: self.fields(id, ty.fields),
            inputs: self.inputs(InputOwner::InputObject(id), ty.inputs),
            values: ty.values.into_iter().map(enum_value).collect(),
            possible,
            interfaces: interfaces.into(),
            directives: applied(ty.directives),
        }
    }

    fn directive(&mut self, idx: u32, directive: Definition<'_>) -> DirectiveDefinition {
        DirectiveDefinition {
            name: directive.name.text.into(),
            description: directive.description,
            arguments: self.inputs(InputOwner::Directive(idx), directive.inputs),
            locations: directive.locations.iter().map(|it| it.text.into()).collect(),
            is_repeatable: directive.is_repeatable,
        }
    }

    fn fields(&mut self, parent: TypeId, fields: Vec<FieldSyntax<'_>>) -> Range<u32> {
        let start = next(&self.fields);
        if fields.is_empty() {
            return start..start;
        }
        for it in fields {
            let id = FieldId(next(&self.fields));
            let arguments = self.inputs(InputOwner::Field(id), it.arguments);
            let ty = self.type_ref(it.ty);
            self.fields.push(Field {
                name: it.name.text.into(),
                description: it.description,
                parent,
                ty,
                arguments,
                deprecated: deprecated(&it.directives),
                directives: applied(it.directives),
            });
        }
        start..next(&self.fields)
    }

    fn inputs(&mut self, owner: InputOwner, inputs: Vec<InputSyntax<'_>>) -> Range<u32> {
        let start = next(&self.inputs);
        for it in inputs {
            let ty = self.type_ref(it.ty);
            self.inputs.push(Input {
                name: it.name.text.into(),
                description: it.description,
                owner,
                ty,
                default: it.default.map(|(value, _)| value),
                deprecated: deprecated(&it.directives),
                directives: applied(it.directives),
            });
        }
        start..next(&self.inputs)
    }

    fn type_ref(&self, ty: TypeSyntax<'_>) -> TypeRef {
        TypeRef { named: self.id(ty.name.text), wrappers: ty.wrappers }
    }

    fn id(&self, name: &str) -> TypeId {
        // INVARIANT: `check` refuses a document that names a type which it does not define.
        self.type_names.get(name).copied().unwrap_or(TypeId(0))
    }
}

fn enum_value(value: EnumValueSyntax<'_>) -> EnumValue {
    EnumValue {
        name: value.name.text.into(),
        description: value.description,
        deprecated: deprecated(&value.directives),
    }
}

fn applied(directives: Vec<AppliedSyntax<'_>>) -> Box<[Applied]> {
    let each = directives.into_iter();
    each.map(|it| Applied {
        name: it.name.text.into(),
        span: it.name.span.range(),
        arguments: it.arguments,
    })
    .collect()
}

fn deprecated(directives: &[AppliedSyntax<'_>]) -> Option<Box<str>> {
    let deprecated = directives.iter().find(|it| it.name.text == "deprecated")?;
    let reason = deprecated.arguments.iter().find(|(name, _)| &**name == "reason");
    Some(match reason {
        Some((_, Const::String(reason))) => reason.clone(),
        _ => "No longer supported".into(),
    })
}

fn next<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).unwrap_or(u32::MAX)
}
