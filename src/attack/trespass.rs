//! Fields that the caller may not see: through every way that leads to them.

use crate::{
    attack::{
        Attempt, Request, Side, World,
        access::Sight,
        fields::everywhere,
        limits::ways_in,
        route::{Hop, Route, is_of_language},
    },
    schema::{FieldId, Kind, TypeId},
};

/// Attempts against every rule of `authorization`.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("authorization") else { return Vec::new() };
    let mut all = Vec::new();
    for (ty, named) in world.schema().types().filter(|(_, it)| it.is_object()) {
        let fields = world.schema().fields(ty);
        for field in fields.filter(|it| !is_of_language(world, *it)) {
            let Some(sight) = is_ruled(world, ty, field) else { continue };
            let mut found = through(world, (ty, field), (limit.rule, limit.code));
            if sight == Sight::Denied && found.is_empty() {
                // Nothing leads there; a way that is shut as well still must not open.
                let name = &named.name;
                let at = format!("{name}.{}", world.schema().field(field).name);
                found.extend(
                    direct(world, ty, field, (limit.rule, limit.code))
                        .map(|it| it.about(at, "plain")),
                );
            }
            all.extend(found);
        }
    }
    all
}

/// Whether a rule or the default has a say about a field, somewhere.
fn is_ruled(world: &World<'_>, ty: TypeId, field: FieldId) -> Option<Sight> {
    let sight = world.sight(ty, field, &super::access::Around::default());
    match sight {
        Sight::Allowed | Sight::Denied => Some(sight),
        Sight::Open | Sight::Unknown => None,
    }
}

fn direct(
    world: &World<'_>,
    ty: TypeId,
    field: FieldId,
    (rule, code): (&'static str, &'static str),
) -> Option<Attempt> {
    let route = world.routes.get(&ty)?;
    let text = route.write(world, &world.selected(field)?, "")?;
    Some(Attempt::beyond(rule, code, Request::new(text)))
}

/// A field of an object type through every field that leads to the type, in every form.
pub(super) fn through(
    world: &World<'_>,
    (ty, field): (TypeId, FieldId),
    (rule, code): (&'static str, &'static str),
) -> Vec<Attempt> {
    let at = world.schema();
    let coordinate = format!("{}.{}", at.ty(ty).name, at.field(field).name);
    let mut all = Vec::new();
    for route in doors(world, ty) {
        let sight = world.sight(ty, field, &route.around(world));
        let side = match (rule, sight) {
            ("authorization", Sight::Allowed | Sight::Open) => Side::Within,
            (_, Sight::Unknown) => continue,
            _ => Side::Beyond,
        };
        for (way, request) in forms(world, &route, ty, field).unwrap_or_default() {
            let attempt = Attempt::beyond(rule, code, request).about(&*coordinate, way).on(side);
            if side == Side::Within {
                all.extend(ways_in(world, &attempt));
            } else {
                all.extend(everywhere(&attempt));
            }
        }
    }
    all
}

/// The ways that end at a type: one for every field that leads there.
pub(super) fn doors(world: &World<'_>, ty: TypeId) -> Vec<Route> {
    let schema = world.schema();
    let mut doors = Vec::new();
    let roots = super::access::ROOTS.into_iter();
    doors.extend(roots.filter_map(|kind| {
        let root = schema.root(kind).filter(|it| *it == ty)?;
        Some(Route { kind, root, hops: Vec::new() })
    }));
    for (on, route) in &world.routes {
        for field in schema.fields(*on).filter(|it| !is_of_language(world, *it)) {
            let leads = super::route::objects(world, schema.field(field).ty.named).contains(&ty);
            let is_open = leads && world.may(world.sight(*on, field, &route.around(world)));
            if is_open && world.required_arguments(field).is_some() {
                doors.push(route.then(Hop { on: *on, field }));
            }
        }
    }
    doors.truncate(MAX_DOORS);
    doors
}

/// The forms in which a field can be asked for at the end of a way.
fn forms(
    world: &World<'_>,
    route: &Route,
    ty: TypeId,
    field: FieldId,
) -> Option<Vec<(&'static str, Request)>> {
    let schema = world.schema();
    let (on, end) = (&*schema.ty(ty).name, route.end(world));
    let call = world.selected(field)?;
    let inside = |core: &str| {
        if end == ty { core.to_owned() } else { format!("... on {on} {{ {core} }}") }
    };
    let write = |core: &str| route.write(world, core, "");
    let guarded = |rest: &str| inside(&format!("... {rest} {{ {call} }}"));
    let mut forms = vec![
        ("plain", Request::new(write(&inside(&call))?)),
        ("aliases", Request::new(route.write(world, &inside(&format!("id: {call}")), "a")?)),
        ("beside", Request::new(write(&format!("__typename {}", inside(&call)))?)),
        ("fragment", Request::new(format!("{} fragment F on {on} {{ {call} }}", write("...F")?))),
        (
            "fragments",
            Request::new(format!(
                "{} fragment A on {on} {{ ...F }} fragment F on {on} {{ x: {call} }}",
                write("...A")?
            )),
        ),
    ];
    if world.intent.directives.iter().any(|it| it == "include") {
        let text = write(&guarded("@include(if: $i)"))?;
        let word = route.kind.keyword();
        let text = text.replacen(word, &format!("{word} ($i: Boolean!)"), 1);
        forms.push(("variable", Request::new(text).with("i", true.into())));
    }
    if world.intent.directives.iter().any(|it| it == "skip") {
        forms.push(("skip", Request::new(write(&guarded("@skip(if: false)"))?)));
    }
    let name = &*schema.field(field).name;
    for interface in schema.ty(ty).interfaces.iter() {
        let interface_name = &schema.ty(*interface).name;
        let is_denied = !world.may(world.sight(ty, field, &route.around(world)));
        if is_denied && schema.field_named(*interface, name).is_some() && end != *interface {
            let core = format!("... on {interface_name} {{ {call} }}");
            forms.push(("interface", Request::new(write(&core)?)));
        }
    }
    let is_abstract = matches!(schema.ty(end).kind, Kind::Interface);
    if is_abstract && schema.field_named(end, name).is_some() {
        let only = super::route::objects(world, end);
        let around = route.around(world);
        // On the interface itself every implementer is meant.
        let is_denied = only.iter().any(|it| {
            let own = schema.field_named(*it, name);
            own.is_some_and(|own| !world.may(world.sight(*it, own, &around)))
        });
        if is_denied != world.may(world.sight(ty, field, &around)) {
            forms.push(("on the interface", Request::new(write(&call)?)));
        }
    }
    Some(forms)
}

/// Ways that are tried to one type.
const MAX_DOORS: usize = 12;
