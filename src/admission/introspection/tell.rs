//! One field of one thing of the schema. GraphQL §4.2.

use std::borrow::Cow;

use crate::{
    admission::introspection::{plan::Selection, view::View},
    schema::{
        Const, DirectiveDefinition, EnumValue, Field, FieldId, Input, InputId, Kind, OperationKind,
        Schema, TypeId, TypeRef, Wrapper, literal,
    },
};

/// What can be asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing<'s> {
    Directive(&'s DirectiveDefinition),
    Field(FieldId),
    Input(InputId),
    Query,
    Schema,
    /// A type in its wrappers, outermost first.
    Type(TypeId, &'s [Wrapper]),
    Value(&'s EnumValue),
}

/// What is told.
#[derive(Debug)]
pub(super) enum Told<'s> {
    Boolean(bool),
    Nothing,
    Text(Cow<'s, str>),
    Texts(&'s [Box<str>]),
    Thing(Thing<'s>),
    Things(Vec<Thing<'s>>),
}

/// The value of a field; validation has seen that the thing has it.
pub(super) fn tell<'s>(
    (schema, view): (&'s Schema, &View),
    thing: Thing<'s>,
    asked: &Selection<'_>,
) -> Told<'s> {
    match thing {
        Thing::Directive(it) => directive(schema, it, asked),
        Thing::Field(it) => field(schema, it, asked),
        Thing::Input(it) => input(schema.input(it), asked),
        Thing::Query => query((schema, view), asked),
        Thing::Schema => of_schema((schema, view), asked),
        Thing::Type(id, []) => ty((schema, view), id, asked),
        Thing::Type(id, [outer, inner @ ..]) => wrapped(*outer, Thing::Type(id, inner), asked),
        Thing::Value(it) => value(it, asked),
    }
}

fn query<'s>((schema, view): (&'s Schema, &View), asked: &Selection<'_>) -> Told<'s> {
    match asked.field {
        "__schema" => Told::Thing(Thing::Schema),
        "__type" => {
            let named = asked.name.as_ref().and_then(|it| schema.type_named(it));
            let named = named.filter(|it| view.shows_type(*it));
            named.map_or(Told::Nothing, |it| Told::Thing(Thing::Type(it, &[])))
        }
        "__typename" => {
            let root = schema.root(OperationKind::Query);
            root.map_or(Told::Nothing, |it| text(&schema.ty(it).name))
        }
        _ => Told::Nothing,
    }
}

fn of_schema<'s>((schema, view): (&'s Schema, &View), asked: &Selection<'_>) -> Told<'s> {
    let root = |kind| {
        let root = schema.root(kind).filter(|it| view.shows_type(*it));
        root.map_or(Told::Nothing, |it| Told::Thing(Thing::Type(it, &[])))
    };
    match asked.field {
        "description" => described(schema.description()),
        "types" => {
            let shown = schema.types().map(|(id, _)| id).filter(|it| view.shows_type(*it));
            Told::Things(shown.map(|it| Thing::Type(it, &[])).collect())
        }
        "directives" => Told::Things(schema.directives().iter().map(Thing::Directive).collect()),
        "queryType" => root(OperationKind::Query),
        "mutationType" => root(OperationKind::Mutation),
        "subscriptionType" => root(OperationKind::Subscription),
        "__typename" => text("__Schema"),
        _ => Told::Nothing,
    }
}

fn wrapped<'s>(wrapper: Wrapper, inner: Thing<'s>, asked: &Selection<'_>) -> Told<'s> {
    match (asked.field, wrapper) {
        ("kind", Wrapper::List) => text("LIST"),
        ("kind", Wrapper::NonNull) => text("NON_NULL"),
        ("ofType", _) => Told::Thing(inner),
        ("__typename", _) => text("__Type"),
        _ => Told::Nothing,
    }
}

fn ty<'s>((schema, view): (&'s Schema, &View), id: TypeId, asked: &Selection<'_>) -> Told<'s> {
    let ty = schema.ty(id);
    let types = |ids: &mut dyn Iterator<Item = TypeId>| {
        let shown = ids.filter(|it| view.shows_type(*it));
        Told::Things(shown.map(|it| Thing::Type(it, &[])).collect())
    };
    let is_shown = |deprecated: &Option<Box<str>>| asked.with_deprecated || deprecated.is_none();
    match (asked.field, ty.kind) {
        ("kind", kind) => text(word(kind)),
        ("name", _) => text(&ty.name),
        ("description", _) => described(ty.description.as_deref()),
        ("specifiedByURL", Kind::Scalar) => {
            let applied = ty.directives.iter().find(|it| &*it.name == "specifiedBy");
            match applied.and_then(|it| it.argument("url")) {
                Some(Const::String(url)) => text(url),
                _ => Told::Nothing,
            }
        }
        ("fields", Kind::Interface | Kind::Object { .. }) => {
            let is_listed = |it: &Field| !it.name.starts_with("__") && is_shown(&it.deprecated);
            let fields = schema.fields(id).filter(|it| is_listed(schema.field(*it)));
            let fields = fields.filter(|it| view.shows_field(schema, *it));
            Told::Things(fields.map(Thing::Field).collect())
        }
        ("interfaces", Kind::Interface | Kind::Object { .. }) => {
            types(&mut ty.interfaces.iter().copied())
        }
        ("possibleTypes", Kind::Interface | Kind::Union) => {
            types(&mut ty.possible.iter().map(|it| schema.object(it)))
        }
        ("enumValues", Kind::Enum) => {
            let values = ty.values.iter().filter(|it| is_shown(&it.deprecated));
            Told::Things(values.map(Thing::Value).collect())
        }
        ("inputFields", Kind::InputObject { .. }) => inputs(schema, schema.input_fields(id), asked),
        ("isOneOf", Kind::InputObject { one_of }) => Told::Boolean(one_of),
        ("__typename", _) => text("__Type"),
        _ => Told::Nothing,
    }
}

fn field<'s>(schema: &'s Schema, id: FieldId, asked: &Selection<'_>) -> Told<'s> {
    let field = schema.field(id);
    match asked.field {
        "name" => text(&field.name),
        "description" => described(field.description.as_deref()),
        "args" => inputs(schema, schema.arguments(id), asked),
        "type" => reference(&field.ty),
        "isDeprecated" => Told::Boolean(field.deprecated.is_some()),
        "deprecationReason" => described(field.deprecated.as_deref()),
        "__typename" => text("__Field"),
        _ => Told::Nothing,
    }
}

fn input<'s>(input: &'s Input, asked: &Selection<'_>) -> Told<'s> {
    match asked.field {
        "name" => text(&input.name),
        "description" => described(input.description.as_deref()),
        "type" => reference(&input.ty),
        "defaultValue" => match &input.default {
            Some(value) => Told::Text(literal(value).into()),
            None => Told::Nothing,
        },
        "isDeprecated" => Told::Boolean(input.deprecated.is_some()),
        "deprecationReason" => described(input.deprecated.as_deref()),
        "__typename" => text("__InputValue"),
        _ => Told::Nothing,
    }
}

fn value<'s>(value: &'s EnumValue, asked: &Selection<'_>) -> Told<'s> {
    match asked.field {
        "name" => text(&value.name),
        "description" => described(value.description.as_deref()),
        "isDeprecated" => Told::Boolean(value.deprecated.is_some()),
        "deprecationReason" => described(value.deprecated.as_deref()),
        "__typename" => text("__EnumValue"),
        _ => Told::Nothing,
    }
}

fn directive<'s>(
    schema: &'s Schema,
    directive: &'s DirectiveDefinition,
    asked: &Selection<'_>,
) -> Told<'s> {
    match asked.field {
        "name" => text(&directive.name),
        "description" => described(directive.description.as_deref()),
        "isRepeatable" => Told::Boolean(directive.is_repeatable),
        "locations" => Told::Texts(&directive.locations),
        "args" => inputs(schema, schema.directive_arguments(directive), asked),
        // A schema that is read here has no word for one that is.
        "isDeprecated" => Told::Boolean(false),
        "__typename" => text("__Directive"),
        _ => Told::Nothing,
    }
}

fn inputs<'s>(
    schema: &'s Schema,
    ids: impl Iterator<Item = InputId>,
    asked: &Selection<'_>,
) -> Told<'s> {
    let is_shown = |it: &InputId| asked.with_deprecated || schema.input(*it).deprecated.is_none();
    Told::Things(ids.filter(is_shown).map(Thing::Input).collect())
}

fn reference(ty: &TypeRef) -> Told<'_> {
    Told::Thing(Thing::Type(ty.named, &ty.wrappers))
}

fn text(text: &str) -> Told<'_> {
    Told::Text(text.into())
}

fn described(text: Option<&str>) -> Told<'_> {
    text.map_or(Told::Nothing, |it| Told::Text(it.into()))
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Enum => "ENUM",
        Kind::InputObject { .. } => "INPUT_OBJECT",
        Kind::Interface => "INTERFACE",
        Kind::Object { .. } => "OBJECT",
        Kind::Scalar => "SCALAR",
        Kind::Union => "UNION",
    }
}
