//! Conditions that compare with what the schema does not have: a coordinate that is no field, a
//! value that is none of the enum, an argument of no field.
//!
//! Objects only to what is never equal wherever the condition is asked; what a custom scalar holds
//! nobody knows.

use crate::{
    diagnostic::Diagnostics,
    expression::{Arguments, Compared, Expression, Literal, Name, When, likely},
    schema::{FieldId, Kind, OperationKind, Scalar, Schema, TypeRef},
    yaml::Node,
};

/// Adds the mistakes of a condition on these fields; `None` where nobody knows them.
pub(super) fn object(
    schema: &Schema,
    (node, when): (&Node, &When),
    fields: Option<&[FieldId]>,
    found: &mut Diagnostics,
) {
    let Some(expression) = when.expression() else { return };
    let mut told = Vec::new();
    if let Some(fields) = fields.filter(|it| !it.is_empty()) {
        told.extend(unknown_arguments(schema, expression, fields));
        let all = expression.compared().iter().filter(|it| it.name == Name::Args);
        told.extend(all.filter_map(|it| of_argument(schema, it, fields)));
    }
    told.extend(expression.compared().iter().filter_map(|it| of_coordinate(schema, it)));
    told.sort();
    told.dedup();
    for (message, help) in told {
        let error = node.error("wrong-expression", message);
        found.push(if help.is_empty() { error } else { error.help(help) });
    }
}

/// What is wrong, and what to do about it.
type Objection = (String, String);

fn of_coordinate(schema: &Schema, it: &Compared) -> Option<Objection> {
    let member = it.path.first().map(|it| &**it);
    let of = match (it.name, member, it.path.len()) {
        (Name::Field, None, 0) => "field".to_owned(),
        (Name::Parent | Name::Root, Some("field"), 1) => format!("{}.field", it.name.text()),
        _ => return None,
    };
    let text = match &it.literal {
        Literal::Text(text) => text,
        Literal::Boolean | Literal::Number => {
            return Some((format!("`{of}` is a text"), String::new()));
        }
    };
    let known = Coordinates { schema, of_roots: it.name == Name::Root };
    if it.is_among || known.has(text) {
        return None;
    }
    let what = if known.of_roots { "root field" } else { "field of an object type" };
    let message = format!("`{of}` is never `{text}`: the schema has no such {what}");
    Some((message, known.help(text)))
}

/// The coordinates that a name can stand for.
struct Coordinates<'s> {
    schema: &'s Schema,
    of_roots: bool,
}

impl Coordinates<'_> {
    fn has(&self, coordinate: &str) -> bool {
        let Some((ty, field)) = coordinate.split_once('.') else { return false };
        let Some(id) = self.schema.type_named(ty) else { return false };
        let is_of_roots = || ROOTS.iter().any(|it| self.schema.root(*it) == Some(id));
        self.schema.ty(id).is_object()
            && (!self.of_roots || is_of_roots())
            && self.schema.field_named(id, field).is_some()
    }

    fn help(&self, text: &str) -> String {
        let all = self.all();
        let known = || all.iter().map(|it| &**it);
        let field = text.rsplit('.').next().unwrap_or_default();
        let named = || known().find(|it| it.rsplit('.').next() == Some(field));
        match likely(text, known()).or_else(named) {
            Some(it) => format!("did you mean `{it}`?"),
            None => "write the type and the field, as in `Query.me`".to_owned(),
        }
    }

    fn all(&self) -> Vec<String> {
        let types = self.schema.types().filter(|(id, ty)| {
            ty.is_object()
                && (!self.of_roots || ROOTS.iter().any(|it| self.schema.root(*it) == Some(*id)))
        });
        let fields = types.flat_map(|(id, _)| self.schema.fields(id));
        fields.map(|it| self.schema.coordinate(it)).collect()
    }
}

const ROOTS: [OperationKind; 3] =
    [OperationKind::Query, OperationKind::Mutation, OperationKind::Subscription];

fn unknown_arguments(
    schema: &Schema,
    expression: &Expression,
    fields: &[FieldId],
) -> Vec<Objection> {
    let Arguments::Named(names) = expression.arguments(Name::Args) else { return Vec::new() };
    let has = |name: &str| fields.iter().any(|it| schema.argument_named(*it, name).is_some());
    let unknown = names.iter().filter(|it| !has(it));
    let known = fields.iter().flat_map(|it| schema.arguments(*it));
    let known: Vec<_> = known.map(|it| &*schema.input(it).name).collect();
    unknown
        .map(|name| {
            let message = match fields {
                [field] => format!("`{}` has no argument `{name}`", schema.coordinate(*field)),
                _ => format!("no field that the rule is on has an argument `{name}`"),
            };
            let meant = likely(name, known.iter().copied());
            (message, meant.map_or_else(String::new, |it| format!("did you mean `{it}`?")))
        })
        .collect()
}

/// What is wrong with a comparison of an argument, when it is wrong for every field that has it.
fn of_argument(schema: &Schema, it: &Compared, fields: &[FieldId]) -> Option<Objection> {
    let (argument, path) = it.path.split_first()?;
    let inputs = fields.iter().filter_map(|field| schema.argument_named(*field, argument));
    let mut objection = None;
    for input in inputs {
        let ty = inside(schema, &schema.input(input).ty, path)?;
        let of = format!("args.{}", it.path.join("."));
        objection = Some(of_type(schema, ty, it, &of)?);
    }
    objection
}

/// The type of what is inside of an input; `None` where nobody knows.
fn inside<'s>(schema: &'s Schema, ty: &'s TypeRef, path: &[Box<str>]) -> Option<&'s TypeRef> {
    path.iter().try_fold(ty, |ty, name| {
        let input = schema.input_field_named(ty.named, name).filter(|_| ty.list_depth() == 0)?;
        Some(&schema.input(input).ty)
    })
}

/// Says why a value of the type is never the literal.
fn of_type(schema: &Schema, ty: &TypeRef, it: &Compared, of: &str) -> Option<Objection> {
    if ty.list_depth() != u32::from(it.is_among) {
        return None;
    }
    let named = schema.ty(ty.named);
    let is = |what: &str, help: &str| {
        Some((format!("`{of}` is of type `{}` and never {what}", named.name), help.to_owned()))
    };
    match (named.kind, named.scalar, &it.literal) {
        (Kind::Enum, _, Literal::Text(text)) => {
            if named.values.iter().any(|it| *it.name == **text) {
                return None;
            }
            let meant = likely(text, named.values.iter().map(|it| &*it.name));
            let help = meant.map_or_else(String::new, |it| format!("did you mean `{it}`?"));
            is(&format!("`{text}`"), &help)
        }
        (Kind::Enum, _, Literal::Boolean | Literal::Number)
        | (Kind::Scalar, Scalar::Id | Scalar::String, Literal::Boolean | Literal::Number) => {
            is("equal to a literal without quotes", "write it between quotes: it is a text")
        }
        (Kind::Scalar, Scalar::Int | Scalar::Float, Literal::Boolean | Literal::Text(_)) => {
            is("equal to what is no number", "compare it with a number")
        }
        (Kind::Scalar, Scalar::Boolean, Literal::Number | Literal::Text(_)) => {
            is("equal to a number or a text", "compare it with `true` or `false`")
        }
        _ => None,
    }
}
