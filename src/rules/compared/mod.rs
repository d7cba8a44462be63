//! Conditions that compare with what the schema does not have: a coordinate that is no field, a
//! value that is none of the enum, an argument of no field.
//!
//! Objects only to what is never equal wherever the condition is asked; what a custom scalar holds
//! nobody knows.

mod around;
mod coordinates;
mod types;

use crate::{
    diagnostic::Diagnostics,
    expression::{Compared, Expression, Name, Path, When, likely},
    rules::compared::{coordinates::of_coordinate, types::of_type},
    schema::{FieldId, Kind, Schema, TypeId, TypeRef},
    yaml::Node,
};

/// Where a condition is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The fields; `None` where nobody knows them.
    pub(super) fields: Option<&'a [FieldId]>,
    /// The types that `value` has.
    pub(super) values: &'a [TypeRef],
}

/// Adds the mistakes of a condition.
pub(super) fn object(
    schema: &Schema,
    (node, when): (&Node, &When),
    asked: Asked<'_>,
    found: &mut Diagnostics,
) {
    let Some(expression) = when.expression() else { return };
    let known = Known::new(schema, expression, asked);
    let mut told: Vec<Objection> = Vec::new();
    told.extend(expression.paths().iter().filter_map(|it| known.unknown_member(it)));
    told.extend(expression.compared().iter().filter_map(|it| known.never_equal(it)));
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

/// What the names of a condition can stand for.
struct Known<'a> {
    schema: &'a Schema,
    asked: Asked<'a>,
    parents: Vec<FieldId>,
    roots: Vec<FieldId>,
}

/// An argument by its name, and the fields that it can be of.
struct Argument<'a> {
    fields: &'a [FieldId],
    name: &'a str,
    /// What is asked for of it.
    path: &'a [Box<str>],
}

/// What one of them is there.
enum Stands<'a> {
    /// The field has no such argument.
    NoArgument,
    /// This input object has no such field.
    NoField(TypeId, &'a str),
    Type(&'a TypeRef),
    /// Nobody knows.
    Unknown,
}

impl<'a> Known<'a> {
    fn new(schema: &'a Schema, expression: &Expression, asked: Asked<'a>) -> Self {
        let around = |name, fields: fn(&Schema, Option<&[FieldId]>) -> Vec<FieldId>| {
            if expression.asks_for(&[name]) { fields(schema, asked.fields) } else { Vec::new() }
        };
        let parents = around(Name::Parent, around::parents);
        Self { schema, asked, parents, roots: around(Name::Root, around::roots) }
    }

    /// The argument that a path starts with.
    fn argument<'p>(&'p self, name: Name, path: &'p [Box<str>]) -> Option<Argument<'p>> {
        let (fields, path) = match (name, path) {
            (Name::Args, _) => (self.asked.fields?, path),
            (Name::Parent, [args, path @ ..]) if **args == *"args" => (&*self.parents, path),
            (Name::Root, [args, path @ ..]) if **args == *"args" => (&*self.roots, path),
            _ => return None,
        };
        let (name, path) = path.split_first()?;
        Some(Argument { fields, name, path })
    }

    /// What a path leads to, one for each field or value that it can start from.
    fn stands<'p>(&'p self, name: Name, path: &'p [Box<str>]) -> Vec<Stands<'p>> {
        if name == Name::Value {
            return self.asked.values.iter().map(|it| inside(self.schema, it, path)).collect();
        }
        let Some(argument) = self.argument(name, path) else { return Vec::new() };
        let of = |field: &FieldId| match self.schema.argument_named(*field, argument.name) {
            Some(input) => inside(self.schema, &self.schema.input(input).ty, argument.path),
            None => Stands::NoArgument,
        };
        argument.fields.iter().map(of).collect()
    }

    /// What is wrong with a path that leads to nothing from wherever it starts.
    fn unknown_member(&self, it: &Path) -> Option<Objection> {
        let mut nowhere = None;
        for stands in self.stands(it.name, &it.members) {
            match stands {
                Stands::NoArgument => {}
                Stands::NoField(ty, name) => nowhere = Some((ty, name)),
                Stands::Type(_) | Stands::Unknown => return None,
            }
        }
        if let Some((ty, name)) = nowhere {
            let fields = self.schema.input_fields(ty).map(|it| &*self.schema.input(it).name);
            let message = format!("`{}` has no field `{name}`", self.schema.ty(ty).name);
            return Some((message, meant(name, &fields.collect::<Vec<_>>())));
        }
        let Argument { fields, name: argument, .. } = self.argument(it.name, &it.members)?;
        let message = match (fields, it.name) {
            ([], _) => return None,
            ([field], _) => {
                format!("`{}` has no argument `{argument}`", self.schema.coordinate(*field))
            }
            (_, Name::Parent) => format!("no field around has an argument `{argument}`"),
            (_, Name::Root) => format!("no root field above has an argument `{argument}`"),
            _ => format!("no field that the rule is on has an argument `{argument}`"),
        };
        let known = fields.iter().flat_map(|it| self.schema.arguments(*it));
        let known: Vec<_> = known.map(|it| &*self.schema.input(it).name).collect();
        Some((message, meant(argument, &known)))
    }

    /// What is wrong with a comparison, when it is wrong wherever there is something to compare.
    fn never_equal(&self, it: &Compared) -> Option<Objection> {
        let path = it.path.iter().map(|it| &**it);
        let of = [it.name.text()].into_iter().chain(path).collect::<Vec<_>>().join(".");
        let mut objection = None;
        for stands in self.stands(it.name, &it.path) {
            match stands {
                Stands::NoArgument | Stands::NoField(..) => {}
                Stands::Type(ty) => objection = Some(of_type(self.schema, ty, it, &of)?),
                Stands::Unknown => return None,
            }
        }
        objection
    }
}

/// What is inside of a value of a type.
fn inside<'s>(schema: &'s Schema, ty: &'s TypeRef, path: &'s [Box<str>]) -> Stands<'s> {
    let mut ty = ty;
    for name in path {
        if ty.list_depth() > 0 || !matches!(schema.ty(ty.named).kind, Kind::InputObject { .. }) {
            return Stands::Unknown;
        }
        match schema.input_field_named(ty.named, name) {
            Some(field) => ty = &schema.input(field).ty,
            None => return Stands::NoField(ty.named, name),
        }
    }
    Stands::Type(ty)
}

fn meant(name: &str, known: &[&str]) -> String {
    let meant = likely(name, known.iter().copied());
    meant.map_or_else(String::new, |it| format!("did you mean `{it}`?"))
}
