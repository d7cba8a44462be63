//! What is closed as such: introspection, kinds of operation, directives, deprecated fields,
//! repeated calls, ways in.

use crate::{
    attack::{Attempt, Request, Side, Transport, World, access::ROOTS, limits::ways_in, trespass},
    policy::{Get, UnknownKeys},
    schema::{Bound, Coordinate, FieldId, OperationKind},
};

/// Attempts against all of them.
pub(super) fn attempts(world: &World<'_>) -> Vec<Attempt> {
    let mut all = introspection(world);
    all.extend(kinds(world));
    all.extend(directives(world));
    all.extend(deprecated(world));
    all.extend(once(world));
    all.extend(ways(world));
    all
}

fn introspection(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("introspection") else { return Vec::new() };
    let root = world.schema().root(OperationKind::Query);
    let root = root.map(|it| &*world.schema().ty(it).name).unwrap_or_default();
    let schema = "__schema { types { name } }";
    let one = format!("__type(name: \"{root}\") {{ name fields {{ name }} }}");
    let mut all = Vec::new();
    for (at, core) in [("__schema", schema), ("__type", &*one)] {
        for (way, request) in at_root(root, core) {
            let attempt = Attempt::beyond(limit.rule, limit.code, request).about(at, way);
            all.extend(everywhere(&attempt));
        }
    }
    let harmless =
        Request::new(format!("{{ ...__schema }} fragment __schema on {root} {{ __typename }}"));
    let harmless = Attempt::beyond(limit.rule, limit.code, harmless).about("a name", "fragment");
    all.extend(ways_in(world, &harmless.on(Side::Within)));
    all
}

/// The forms in which a field of the query root can be asked for.
fn at_root(root: &str, core: &str) -> [(&'static str, Request); 9] {
    let nested = format!("{{ ... {{ ... on {root} {{ {core} }} }} }}");
    let fragment = format!("{{ ...F }} fragment F on {root} {{ {core} }}");
    let fragments =
        format!("{{ ...A }} fragment A on {root} {{ ...F }} fragment F on {root} {{ {core} }}");
    let variable = format!("query ($i: Boolean!) {{ ... @include(if: $i) {{ {core} }} }}");
    let default = format!("query ($i: Boolean = true) {{ ... @include(if: $i) {{ {core} }} }}");
    [
        ("plain", Request::new(format!("{{ {core} }}"))),
        ("alias", Request::new(format!("{{ typename: {core} }}"))),
        ("beside", Request::new(format!("{{ __typename {core} }}"))),
        ("inline fragment", Request::new(nested)),
        ("fragment", Request::new(fragment)),
        ("fragments", Request::new(fragments)),
        ("variable", Request::new(variable).with("i", true.into())),
        ("default", Request::new(default)),
        ("named", Request::new(format!("query IntrospectionQuery {{ {core} }}"))),
    ]
}

/// An attempt by every way in, open or not; where one is shut, that is the refusal.
pub(super) fn everywhere(attempt: &Attempt) -> Vec<Attempt> {
    Transport::ALL
        .into_iter()
        .map(|it| {
            let is_plain = matches!(it, Transport::Post | Transport::Events);
            Attempt { code: if is_plain { attempt.code } else { "" }, ..attempt.by(it) }
        })
        .collect()
}

fn kinds(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("operation-kinds") else { return Vec::new() };
    let mut all = Vec::new();
    for kind in ROOTS {
        let word = kind.keyword();
        if world.intent.kinds.iter().any(|it| it == word) || world.schema().root(kind).is_none() {
            continue;
        }
        let core = Request::new(format!("{word} {{ __typename }}"));
        let named = Request::new(format!("{word} A {{ __typename }}"));
        let second = Request::new(format!("query B {{ __typename }} {word} A {{ __typename }}"));
        let second = Request { operation: Some("A".to_owned()), ..second };
        for (way, request) in [("plain", core), ("named", named), ("second operation", second)] {
            let code = if way == "second operation" { "" } else { limit.code };
            let attempt = Attempt::beyond(limit.rule, code, request).about(word, way);
            all.extend(everywhere(&attempt));
        }
    }
    all
}

fn directives(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("allowed-directives") else { return Vec::new() };
    let mut all = Vec::new();
    for name in ["defer", "stream", "skip", "include", "attack"] {
        let is_allowed = world.takes_directive(name);
        let args = if ["skip", "include"].contains(&name) { "(if: true)" } else { "" };
        let text = format!("{{ __typename ... @{name}{args} {{ a: __typename }} }}");
        // One that the schema lacks is refused because of that.
        let attempt = Attempt::beyond(limit.rule, "", Request::new(text))
            .about(format!("@{name}"), "inline fragment");
        match is_allowed {
            false => all.push(attempt),
            true if !args.is_empty() => {
                all.push(Attempt { code: limit.code, ..attempt.on(Side::Within) });
            }
            true => {}
        }
    }
    all
}

fn deprecated(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("deprecated") else { return Vec::new() };
    let types = world.schema().types().filter(|(_, it)| it.is_object());
    let fields = types.flat_map(|(id, _)| world.schema().fields(id).map(move |it| (id, it)));
    let fields = fields.filter(|(_, it)| world.schema().field(*it).deprecated.is_some());
    fields.flat_map(|target| trespass::through(world, target, (limit.rule, limit.code))).collect()
}

fn once(world: &World<'_>) -> Vec<Attempt> {
    let Some(limit) = world.enforces("once-per-request") else { return Vec::new() };
    let mut all = Vec::new();
    for text in &world.intent.once {
        let bound = Coordinate::parse(text).map(|it| it.bind(world.schema())).unwrap_or_default();
        for it in bound {
            if let Bound::Field(field) = it {
                all.extend(twice(world, text, field, (limit.rule, limit.code)).unwrap_or_default());
            }
        }
    }
    all
}

fn twice(
    world: &World<'_>,
    at: &str,
    field: FieldId,
    (rule, code): (&'static str, &'static str),
) -> Option<Vec<Attempt>> {
    let parent = world.schema().field(field).parent;
    let (name, route) = (&world.schema().ty(parent).name, world.routes.get(&parent)?);
    let call = world.selected(field)?;
    let aliases = route.write(world, &format!("a: {call} b: {call}"), "")?;
    let spread = route.write(world, &format!("a: {call} ...F"), "")?;
    let spread = format!("{spread} fragment F on {name} {{ b: {call} }}");
    let single = route.write(world, &call, "")?;
    let attempt = |way, text: &str| Attempt::beyond(rule, code, Request::new(text)).about(at, way);
    let batch = Attempt {
        requests: vec![Request::new(&*single); 2],
        transport: Transport::Batch,
        code: "",
        ..attempt("two of a batch", "")
    };
    Some(vec![
        attempt("aliases", &aliases),
        attempt("fragments", &spread),
        batch,
        attempt("once", &single).on(Side::Within),
    ])
}

/// Ways in that the policy shuts, and members that it does not know.
fn ways(world: &World<'_>) -> Vec<Attempt> {
    let http = &world.policy.http;
    let harmless = Request::new("{ __typename }");
    let mut all = Vec::new();
    if http.get != Get::On {
        let attempt = Attempt::beyond("get", "", harmless.clone()).about("get", "GET");
        all.push(attempt.by(Transport::Get));
    }
    let mutation = Request::new("mutation { __typename }");
    let attempt = Attempt::beyond("get", "", mutation).about("mutation", "GET");
    all.push(attempt.by(Transport::Get));
    if http.websocket.is_none() {
        let attempt =
            Attempt::beyond("websocket", "", harmless.clone()).about("websocket", "socket");
        all.push(attempt.by(Transport::WebSocket));
    }
    let is_rejected = http.unknown_keys == UnknownKeys::Reject;
    let stray = harmless.beside("debug", true.into());
    if is_rejected {
        all.push(
            Attempt::beyond("unknown-keys", "INVALID_REQUEST", stray).about("debug", "member"),
        );
    }
    all
}
