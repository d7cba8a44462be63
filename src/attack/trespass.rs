//! Fields that the caller may not see: through every way that leads to them.

use crate::{
    attack::{
        Attempt, Request, Side, Transport, World,
        access::Sight,
        fields::everywhere,
        limits::ways_in,
        route::{Hop, Route, is_of_language},
        taken::Taken,
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
            all.extend(found.into_iter().filter_map(|it| as_denied(world, field, it)));
        }
    }
    all
}

/// The attempt with what is taken out of it, where that is what happens to what is denied. Over a
/// WebSocket nobody sees what is left.
fn as_denied(world: &World<'_>, field: FieldId, attempt: Attempt) -> Option<Attempt> {
    if !world.intent.takes_out {
        return Some(attempt);
    }
    let taken = Taken::new(&world.policy.schema, world.policy.reading, field);
    let is_seen = attempt.transport != Transport::WebSocket;
    is_seen.then_some(Attempt { taken: Some(taken), ..attempt })
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
        for (way, request) in forms(world, &route, Hop { on: ty, field }).unwrap_or_default() {
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

/// A way to ask for a field, and the request.
type Form = (&'static str, Request);

/// The forms in which a field can be asked for at the end of a way.
fn forms(world: &World<'_>, route: &Route, target: Hop) -> Option<Vec<Form>> {
    let mut forms = unconditional(world, route, target)?;
    forms.extend(conditional(world, route, target)?);
    forms.extend(by_interfaces(world, route, target)?);
    forms.extend(on_interface(world, route, target)?);
    Some(forms)
}

fn unconditional(world: &World<'_>, route: &Route, target: Hop) -> Option<Vec<Form>> {
    let (on, call) = (&world.schema().ty(target.on).name, world.selected(target.field)?);
    let core = narrowed(world, route, target.on, &call);
    let write = |core: &str| route.write(world, core, "");
    let aliased = narrowed(world, route, target.on, &format!("id: {call}"));
    let fragment = format!("{} fragment F on {on} {{ {call} }}", write("...F")?);
    let fragments = format!(
        "{} fragment A on {on} {{ ...F }} fragment F on {on} {{ x: {call} }}",
        write("...A")?
    );
    Some(vec![
        ("plain", Request::new(write(&core)?)),
        ("aliases", Request::new(route.write(world, &aliased, "a")?)),
        ("beside", Request::new(write(&format!("__typename {core}"))?)),
        ("fragment", Request::new(fragment)),
        ("fragments", Request::new(fragments)),
    ])
}

/// Under directives that leave the field in, where the policy takes them.
fn conditional(world: &World<'_>, route: &Route, target: Hop) -> Option<Vec<Form>> {
    let takes = |name: &str| world.takes_directive(name);
    let call = world.selected(target.field)?;
    let under = |directive: &str| {
        let guarded = format!("... {directive} {{ {call} }}");
        route.write(world, &narrowed(world, route, target.on, &guarded), "")
    };
    let mut forms = Vec::new();
    if takes("include") {
        let word = route.kind.keyword();
        let text = under("@include(if: $i)")?;
        let text = text.replacen(word, &format!("{word} ($i: Boolean!)"), 1);
        forms.push(("variable", Request::new(text).with("i", true.into())));
    }
    if takes("skip") {
        forms.push(("skip", Request::new(under("@skip(if: false)")?)));
    }
    Some(forms)
}

/// What stands at the end of a way, on a type that may be one of several there.
fn narrowed(world: &World<'_>, route: &Route, on: TypeId, core: &str) -> String {
    if route.end(world) == on {
        return core.to_owned();
    }
    format!("... on {} {{ {core} }}", world.schema().ty(on).name)
}

/// On every interface of the type that has the field as well.
fn by_interfaces(world: &World<'_>, route: &Route, target: Hop) -> Option<Vec<Form>> {
    let (schema, call) = (world.schema(), world.selected(target.field)?);
    if world.may(world.sight(target.on, target.field, &route.around(world))) {
        return Some(Vec::new());
    }
    let name = &*schema.field(target.field).name;
    let mut forms = Vec::new();
    for interface in schema.ty(target.on).interfaces.iter() {
        if schema.field_named(*interface, name).is_some() && route.end(world) != *interface {
            let core = format!("... on {} {{ {call} }}", schema.ty(*interface).name);
            forms.push(("interface", Request::new(route.write(world, &core, "")?)));
        }
    }
    Some(forms)
}

/// On the interface that the way ends at.
fn on_interface(world: &World<'_>, route: &Route, target: Hop) -> Option<Vec<Form>> {
    let (schema, end) = (world.schema(), route.end(world));
    let name = &*schema.field(target.field).name;
    let is_interface = matches!(schema.ty(end).kind, Kind::Interface);
    if !is_interface || schema.field_named(end, name).is_none() {
        return Some(Vec::new());
    }
    let around = route.around(world);
    // On the interface itself every implementer is meant.
    let is_denied = super::route::objects(world, end).into_iter().any(|it| {
        let own = schema.field_named(it, name);
        own.is_some_and(|own| !world.may(world.sight(it, own, &around)))
    });
    if is_denied == world.may(world.sight(target.on, target.field, &around)) {
        return Some(Vec::new());
    }
    let text = route.write(world, &world.selected(target.field)?, "")?;
    Some(vec![("on the interface", Request::new(text))])
}

/// Ways that are tried to one type.
const MAX_DOORS: usize = 12;
