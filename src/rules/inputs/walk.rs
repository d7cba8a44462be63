//! From a site to every value that a demand is about: at the argument, at input fields however
//! deep, at values of a scalar.

use crate::{
    operation::{self, Resolved},
    rules::{
        InputPlace,
        inputs::{
            places::{DemandIdx, Places},
            sites::Site,
            value::{Look, Reading, Standing, Value},
        },
    },
    schema::{InputId, Kind, Schema, Wrapper},
};

/// A value that demands are about.
pub(super) struct Met<'m, 'r, 'a> {
    pub(super) place: InputPlace,
    pub(super) demands: &'m [DemandIdx],
    pub(super) value: Value<'r, 'a>,
}

/// Goes through the values of a site.
// The budget of this loop is that of the reading: every value spends one.
pub(super) fn walk<'r, 'a>(
    places: &Places,
    reading: &'r Reading<'a>,
    site: &Site,
    meet: &mut dyn FnMut(Met<'_, 'r, 'a>),
) {
    let schema = reading.schema();
    let n_wrappers = schema.input(site.input).ty.wrappers.len();
    let resolved = match site.written {
        Some(literal) => reading.resolve(literal, (site.input, n_wrappers, 0), Standing::Argument),
        None => Some(operation::default(schema, site.input)),
    };
    let Some(resolved) = resolved else { return };
    let mut next = enter(places, reading, (site.input, resolved), meet);
    let mut open = Vec::new();
    while let Some(value) = next.take().or_else(|| open.pop()) {
        if !reading.spend() {
            return;
        }
        match value.wrappers.split_first() {
            Some((Wrapper::NonNull, inner)) => next = Some(Value { wrappers: inner, ..value }),
            Some((Wrapper::List, inner)) => match value.look() {
                Look::List => open.extend(value.items_as(inner)),
                Look::Nothing | Look::Null => {}
                // GraphQL §3.11: a single value counts as a list of one.
                _ => next = Some(Value { wrappers: inner, ..value }),
            },
            None => inside(places, value, &mut open, meet),
        }
    }
}

/// Judges what is given for an input, and says where to go on.
fn enter<'r, 'a>(
    places: &Places,
    reading: &'r Reading<'a>,
    (input, resolved): (InputId, Resolved<'a>),
    meet: &mut dyn FnMut(Met<'_, 'r, 'a>),
) -> Option<Value<'r, 'a>> {
    if matches!(resolved, Resolved::Unknown) {
        reading.meet_unknown();
        return None;
    }
    let ty = &reading.schema().input(input).ty;
    let value =
        Value { reading, resolved, wrappers: &ty.wrappers, named: ty.named, input, reader: 0 };
    let demands = places.of_input(input);
    if !demands.is_empty() {
        meet(Met { place: InputPlace::Input(input), demands, value });
    }
    places.leads_on(ty.named).then_some(value)
}

/// Goes on in an object, or judges a value of a scalar.
fn inside<'r, 'a>(
    places: &Places,
    value: Value<'r, 'a>,
    open: &mut Vec<Value<'r, 'a>>,
    meet: &mut dyn FnMut(Met<'_, 'r, 'a>),
) {
    let schema: &Schema = value.reading.schema();
    let look = value.look();
    let Kind::InputObject { one_of } = schema.ty(value.named).kind else {
        let demands = places.of_scalar(value.named);
        if !demands.is_empty() && !matches!(look, Look::Nothing) {
            meet(Met { place: InputPlace::Scalar(value.named), demands, value });
        }
        return;
    };
    if !matches!(look, Look::Object) {
        return;
    }
    for field in places.of_object(value.named) {
        let Some(resolved) = value.member(*field) else { continue };
        // Of the fields of a `@oneOf` object only the one that is given counts.
        if one_of && matches!(resolved, Resolved::Absent) {
            continue;
        }
        open.extend(enter(places, value.reading, (*field, resolved), meet));
    }
}
