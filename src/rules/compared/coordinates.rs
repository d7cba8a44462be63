//! Coordinates that a condition compares `field`, `parent.field` or `root.field` with.

use crate::{
    expression::{Compared, Literal, Name, likely},
    rules::compared::Objection,
    schema::{OperationKind, Schema},
};

/// What is wrong with a comparison of a coordinate.
pub(super) fn of_coordinate(schema: &Schema, it: &Compared) -> Option<Objection> {
    let member = it.path.first().map(|it| &**it);
    let of = match (it.name, member, it.path.len()) {
        (Name::Field, None, 0) => "field".to_owned(),
        (Name::Parent | Name::Root, Some("field"), 1) => format!("{}.field", it.name.text()),
        _ => return None,
    };
    let text = match &it.literal {
        Literal::Text(text) => text,
        // That `in` looks into a text is told already.
        Literal::Anything => return None,
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
