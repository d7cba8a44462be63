//! Coordinates: names of places in a schema, as policies write them, with `*` for any name.
//!
//! Says what a coordinate binds to; what a setting may be bound to is for its reader to decide.

use std::{fmt, iter};

use crate::schema::{Field, FieldId, FieldSet, InputId, Kind, Schema, TypeId, TypeRef};

/// `Type`, `Type.field`, `Type.field(argument:)`, `*.field`, `*(argument:)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Coordinate {
    /// An argument of a field.
    Argument {
        /// The type.
        parent: Pattern,
        /// The field.
        field: Pattern,
        /// The argument.
        name: Box<str>,
    },
    /// A field of an object, interface or input object.
    Field {
        /// The type.
        parent: Pattern,
        /// The field.
        name: Box<str>,
    },
    /// A type.
    Type(Box<str>),
}

/// A name, or any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// `*`
    Any,
    /// This name.
    Name(Box<str>),
}

/// What a coordinate stands for in one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A field of an object or interface type.
    Field(FieldId),
    /// An argument, or a field of an input object.
    Input(InputId),
    /// A type.
    Type(TypeId),
}

impl Coordinate {
    /// Reads a coordinate; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (path, argument) = match text.strip_suffix(":)") {
            Some(rest) => {
                let (path, argument) = rest.split_once('(')?;
                (path, Some(name(argument)?))
            }
            None => (text, None),
        };
        let (parent, field) = match path.split_once('.') {
            Some((parent, field)) => (pattern(parent)?, Some(pattern(field)?)),
            None => (pattern(path)?, None),
        };
        match (parent, field, argument) {
            (parent, Some(field), Some(name)) => Some(Self::Argument { parent, field, name }),
            (Pattern::Any, None, Some(name)) => {
                Some(Self::Argument { parent: Pattern::Any, field: Pattern::Any, name })
            }
            (parent, Some(Pattern::Name(name)), None) => Some(Self::Field { parent, name }),
            (Pattern::Name(name), None, None) => Some(Self::Type(name)),
            (Pattern::Any, None, None)
            | (Pattern::Name(_), None, Some(_))
            | (_, Some(Pattern::Any), None) => None,
        }
    }

    /// True when a name is left open, so that it can bind to many places.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        match self {
            Self::Argument { parent, field, .. } => {
                *parent == Pattern::Any || *field == Pattern::Any
            }
            Self::Field { parent, .. } => *parent == Pattern::Any,
            Self::Type(_) => false,
        }
    }

    /// Everything in the schema that it stands for. `*.name` means fields that can be selected,
    /// never fields of input objects.
    #[must_use]
    pub fn bind(&self, schema: &Schema) -> Vec<Bound> {
        match self {
            Self::Argument { parent, field, name } => {
                let fields = fields(schema, parent, field).into_iter();
                fields.filter_map(|it| schema.argument_named(it, name)).map(Bound::Input).collect()
            }
            Self::Field { parent: Pattern::Name(parent), name } => {
                let Some(ty) = schema.type_named(parent) else { return Vec::new() };
                let field = selectable(schema, ty, name).map(Bound::Field);
                let input = schema.input_field_named(ty, name).map(Bound::Input);
                field.or(input).into_iter().collect()
            }
            Self::Field { parent, name } => {
                let name = Pattern::Name(name.clone());
                fields(schema, parent, &name).into_iter().map(Bound::Field).collect()
            }
            Self::Type(name) => schema.type_named(name).map(Bound::Type).into_iter().collect(),
        }
    }

    /// The fields whose calls are calls of it: a field of an interface stands for the same field of
    /// every type that implements it.
    #[must_use]
    pub fn called(&self, schema: &Schema) -> FieldSet {
        let bound = self.bind(schema).into_iter().filter_map(|it| match it {
            Bound::Field(field) => Some(field),
            Bound::Input(_) | Bound::Type(_) => None,
        });
        bound.flat_map(|it| iter::once(it).chain(heirs(schema, it))).collect()
    }
}

/// A type declares the interfaces of its interfaces as well (GraphQL §3.7), so that one look at
/// every type finds all.
fn heirs(schema: &Schema, field: FieldId) -> Vec<FieldId> {
    let Field { name, parent, .. } = schema.field(field);
    if schema.ty(*parent).kind != Kind::Interface {
        return Vec::new();
    }
    let heirs = schema.types().filter(|(_, it)| it.interfaces.contains(parent));
    heirs.filter_map(|(heir, _)| schema.field_named(heir, name)).collect()
}

fn fields(schema: &Schema, parent: &Pattern, field: &Pattern) -> Vec<FieldId> {
    let of = |ty: TypeId| match field {
        Pattern::Any => schema.fields(ty).collect(),
        Pattern::Name(name) => selectable(schema, ty, name).into_iter().collect::<Vec<_>>(),
    };
    match parent {
        Pattern::Any => schema.types().flat_map(|(id, _)| of(id)).collect(),
        Pattern::Name(name) => schema.type_named(name).map(of).unwrap_or_default(),
    }
}

fn selectable(schema: &Schema, ty: TypeId, name: &str) -> Option<FieldId> {
    schema.field_named(ty, name).filter(|it| *it != FieldId::TYPENAME)
}

/// True for arguments and input fields that hold a whole number: `Int`, and custom scalars that
/// say so in their name (`PositiveInt`, `Int64`, `UnsignedInteger`, `Long`).
#[must_use]
pub fn is_whole_number(schema: &Schema, ty: &TypeRef) -> bool {
    let named = schema.ty(ty.named);
    named.kind == Kind::Scalar && ty.list_depth() == 0 && names_an_integer(&named.name)
}

fn names_an_integer(name: &str) -> bool {
    let word = |word: &str| {
        name.match_indices(word).any(|(at, _)| {
            let behind = name.get(at.saturating_add(word.len())..).unwrap_or_default();
            !behind.starts_with(|it: char| it.is_ascii_lowercase())
        })
    };
    ["Int", "Integer", "Long", "Short"].into_iter().any(word)
}

fn pattern(text: &str) -> Option<Pattern> {
    if text == "*" { Some(Pattern::Any) } else { name(text).map(Pattern::Name) }
}

fn name(text: &str) -> Option<Box<str>> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let starts_well = text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    (starts_well && text.chars().all(is_name)).then(|| text.into())
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Name(name) => name,
        })
    }
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument { parent: Pattern::Any, field: Pattern::Any, name } => {
                write!(f, "*({name}:)")
            }
            Self::Argument { parent, field, name } => write!(f, "{parent}.{field}({name}:)"),
            Self::Field { parent, name } => write!(f, "{parent}.{name}"),
            Self::Type(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::Source;

    const SCHEMA: &str = "type Query { a(first: Int, by: In): T b(first: PositiveInt): Int }
        type T { a(first: Point): T } input In { a: Int } scalar PositiveInt scalar Point
        interface I { c: Int } type U implements I { c: Int }";

    fn check(text: &str, expect: &[&str]) {
        let source = Source { name: "test".into(), text: SCHEMA.into() };
        let (schema, _) = Schema::load(Arc::new(source)).unwrap();
        let coordinate = Coordinate::parse(text).unwrap();
        assert_eq!(coordinate.to_string(), text);
        let name = |it: &Bound| match it {
            Bound::Field(id) => schema.coordinate(*id),
            Bound::Input(id) => {
                let input = schema.input(*id);
                let is = if is_whole_number(&schema, &input.ty) { " whole" } else { "" };
                format!("{}{is}", input.name)
            }
            Bound::Type(id) => schema.ty(*id).name.to_string(),
        };
        let bound: Vec<_> = coordinate.bind(&schema).iter().map(name).collect();
        assert_eq!(bound, expect, "{text}");
    }

    #[test]
    fn coordinates_bind() {
        check("T", &["T"]);
        check("Query.a", &["Query.a"]);
        check("Query.a(first:)", &["first whole"]);
        check("In.a", &["a whole"]);
        check("I.c", &["I.c"]);
    }

    #[test]
    fn wildcards_bind_to_all_that_fits() {
        check("*.a", &["Query.a", "T.a"]);
        check("*(first:)", &["first whole", "first whole", "first"]);
        check("*.a(first:)", &["first whole", "first"]);
        check("Query.*(first:)", &["first whole", "first whole"]);
    }

    #[test]
    fn what_is_not_there_binds_to_nothing() {
        for text in ["X", "X.a", "Query.x", "Query.a(x:)", "*.x", "*(x:)", "T.__typename"] {
            check(text, &[]);
        }
    }

    #[test]
    fn what_is_no_coordinate_is_refused() {
        for text in ["", "*", "a.*", "a(b:)", "a.b(c)", "a.b(:)", "a.b.c", "1a", "a .b", "*.*"] {
            assert_eq!(Coordinate::parse(text), None, "{text}");
        }
    }
}
