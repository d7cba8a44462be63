//! What the schema says by itself: `@cost` and `@listSize`, as IBM and as Apollo spell them,
//! connections in the style of Relay, and the entities of a federated subgraph.
//!
//! A directive of that name without the arguments we know belongs to somebody else and is ignored.

use std::sync::Arc;

use crate::{
    cost::{
        facts::{Rank, Says, Setting},
        report::Report,
        settings::{List, Place},
    },
    schema::{
        Applied, Bound, Const, FieldId, Kind, OperationKind, Schema, TypeId, is_whole_number,
    },
};

/// Every weight and list size that is written in the schema.
pub(super) fn written(schema: &Schema, report: &mut Report) -> Vec<Setting> {
    let mut found = Vec::new();
    for (id, ty) in schema.types() {
        let weight = weight((schema, &ty.directives), &ty.name, report);
        found.extend(weight.map(|(it, place)| exact(Bound::Type(id), Says::Weight(it), place)));
        for field in schema.fields(id).filter(|it| *it != FieldId::TYPENAME) {
            fields(schema, field, report, &mut found);
            let arguments = schema.arguments(field);
            inputs(schema, arguments, &schema.coordinate(field), report, &mut found);
        }
        inputs(schema, schema.input_fields(id), &ty.name, report, &mut found);
    }
    found
}

fn exact(on: Bound, says: Says, place: Place) -> Setting {
    Setting { rank: Rank::Exact, on, says, place: Some(place) }
}

/// Where a directive stands in the schema.
fn place(schema: &Schema, applied: &Applied) -> Place {
    (Arc::clone(schema.source()), applied.span.clone())
}

fn fields(schema: &Schema, id: FieldId, report: &mut Report, found: &mut Vec<Setting>) {
    let field = schema.field(id);
    let coordinate = schema.coordinate(id);
    if let Some((weight, place)) = weight((schema, &field.directives), &coordinate, report) {
        if schema.ty(field.parent).kind == Kind::Interface {
            let message = format!("`@cost` on `{coordinate}`, a field of an interface");
            report.error("cost-on-interface", message, Some(&place));
            report.help("weigh the field of each type that implements it");
        } else {
            found.push(exact(Bound::Field(id), Says::Weight(weight), place));
        }
    }
    if let Some(applied) = schema.applied(&field.directives, "listSize").next() {
        let place = place(schema, applied);
        let list = list_size((applied, &place), &coordinate, report);
        found.push(exact(Bound::Field(id), Says::List(list), place));
    }
}

fn inputs(
    schema: &Schema,
    ids: impl Iterator<Item = crate::schema::InputId>,
    owner: &str,
    report: &mut Report,
    found: &mut Vec<Setting>,
) {
    for id in ids {
        let input = schema.input(id);
        if !input.directives.is_empty() {
            let coordinate = format!("{owner}({}:)", input.name);
            let weight = weight((schema, &input.directives), &coordinate, report);
            let says = |(it, place)| exact(Bound::Input(id), Says::Weight(it), place);
            found.extend(weight.map(says));
        }
    }
}

fn weight(
    (schema, directives): (&Schema, &[Applied]),
    coordinate: &str,
    report: &mut Report,
) -> Option<(i64, Place)> {
    let applied = schema.applied(directives, "cost").next()?;
    let weight = applied.argument("weight")?;
    let place = place(schema, applied);
    let text = match weight {
        Const::Float(text) | Const::Int(text) | Const::String(text) => text.trim(),
        _ => "",
    };
    let value = number(text);
    if value.is_none() {
        let message = format!("the weight of `{coordinate}` is not a number that fits 64 bits");
        report.error("bad-weight", message, Some(&place));
    }
    value.map(|it| (it, place))
}

/// A whole number, or a decimal one rounded up: a bound may be too high, never too low.
fn number(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let is_whole = fraction.bytes().all(|it| it == b'0');
    let value: i64 = whole.parse().ok()?;
    // A negative number loses its fraction when it is rounded up.
    if is_whole || text.starts_with('-') { Some(value) } else { value.checked_add(1) }
}

fn list_size((applied, place): (&Applied, &Place), coordinate: &str, report: &mut Report) -> List {
    let names = |key: &str| match applied.argument(key) {
        Some(Const::List(list)) => Some(list.iter().filter_map(name).collect()),
        Some(one) => name(one).map(|it| vec![it]),
        None => None,
    };
    let assumed = match applied.argument("assumedSize") {
        Some(Const::Int(text)) => text.parse::<u32>().ok().or_else(|| {
            let message = format!("the assumed size of `{coordinate}` is not a size");
            report.error("bad-list-size", message, Some(place));
            None
        }),
        _ => None,
    };
    List {
        slicing: names("slicingArguments").filter(|it: &Vec<_>| !it.is_empty()),
        max: None,
        sized: names("sizedFields").filter(|it: &Vec<_>| !it.is_empty()),
        assumed,
        require_one: match applied.argument("requireOneSlicingArgument") {
            Some(Const::Boolean(value)) => Some(*value),
            _ => None,
        },
    }
}

fn name(value: &Const) -> Option<Box<str>> {
    match value {
        Const::String(name) => Some(name.clone()),
        _ => None,
    }
}

/// Fields that return a connection: `first` and `last` bound its `edges` and `nodes`.
pub(super) fn connections(schema: &Schema) -> Vec<Setting> {
    let types =
        schema.types().filter(|(_, it)| matches!(it.kind, Kind::Object { .. } | Kind::Interface));
    let fields = types.flat_map(|(id, _)| schema.fields(id));
    let settings = fields.filter_map(|id| {
        Some(Setting {
            rank: Rank::Exact,
            on: Bound::Field(id),
            says: Says::List(connection(schema, id)?),
            place: None,
        })
    });
    settings.collect()
}

/// `_entities` of a federated subgraph: an entity for each representation.
pub(super) fn entities(schema: &Schema) -> Vec<Setting> {
    let query = schema.root(OperationKind::Query);
    let field = query.and_then(|it| schema.field_named(it, "_entities")).filter(|id| {
        let argument = schema.argument_named(*id, REPRESENTATIONS);
        argument.is_some_and(|it| schema.input(it).ty.list_depth() > 0)
    });
    let list = List { slicing: Some(vec![REPRESENTATIONS.into()]), ..List::default() };
    let setting = field.map(|id| Setting {
        rank: Rank::Exact,
        on: Bound::Field(id),
        says: Says::List(list),
        place: None,
    });
    setting.into_iter().collect()
}

const REPRESENTATIONS: &str = "representations";

fn connection(schema: &Schema, id: FieldId) -> Option<List> {
    let ty = &schema.field(id).ty;
    let is_slicing = |name: &&str| {
        let argument = schema.argument_named(id, name);
        argument.is_some_and(|it| is_whole_number(schema, &schema.input(it).ty))
    };
    let slicing: Vec<Box<str>> =
        ["first", "last"].iter().filter(|it| is_slicing(it)).map(|it| (*it).into()).collect();
    let sized = sized(schema, ty.named);
    let is_connection = ty.list_depth() == 0 && !slicing.is_empty() && !sized.is_empty();
    is_connection.then(|| List { slicing: Some(slicing), sized: Some(sized), ..List::default() })
}

/// `edges` and `nodes` of a type that looks like a connection.
fn sized(schema: &Schema, ty: TypeId) -> Vec<Box<str>> {
    let is_named = schema.ty(ty).name.ends_with("Connection");
    if !is_named && schema.field_named(ty, "pageInfo").is_none() {
        return Vec::new();
    }
    let is_list = |name: &&&str| {
        let field = schema.field_named(ty, name).map(|it| &schema.field(it).ty);
        field.is_some_and(|it| it.list_depth() > 0 && schema.ty(it.named).is_composite())
    };
    ["edges", "nodes"].iter().filter(is_list).map(|it| (*it).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_in_both_spellings() {
        let cases = [
            ("5", Some(5)),
            ("-12.0", Some(-12)),
            ("2.5", Some(3)),
            ("-2.5", Some(-2)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("9223372036854775807.5", None),
            ("", None),
            ("x", None),
            ("1.", None),
            ("1e3", None),
        ];
        for (text, expect) in cases {
            assert_eq!(number(text), expect, "{text}");
        }
    }
}
