//! What belongs to somebody: where a rule compares an argument or an input with a claim, one caller
//! asks for what is another's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    attack::{
        Attempt, Request, Side, Transport, World,
        access::{Around, Whose},
        compared,
        deliver::{self, Site},
        limits::ways_in,
        route::{Route, is_of_language},
        sample::{MAX_NESTING, VARIABLE, wrapped},
        trespass, values,
    },
    expression::When,
    schema::{Const, FieldId, InputId, Kind, TypeId},
};

/// Attempts against every rule that says whose something is.
pub(super) fn attempts(world: &World<'_>, others: &[&World<'_>]) -> Vec<Attempt> {
    let mut all = values::owned(world, others);
    let types = world.schema().types().filter(|(_, it)| it.is_object());
    for (ty, _) in types {
        for field in world.schema().fields(ty).filter(|it| !is_of_language(world, *it)) {
            for place in places(world, ty, field) {
                all.extend(at_place(world, others, &place).unwrap_or_default());
            }
        }
    }
    all
}

/// An argument that decides about a field.
struct Place {
    on: (TypeId, FieldId),
    around: Around,
    whose: Whose,
    site: Site,
    /// The conditions.
    source: String,
    at: String,
}

fn places(world: &World<'_>, ty: TypeId, field: FieldId) -> Vec<Place> {
    let Some(access) = &world.intent.access else { return Vec::new() };
    let rules = world.binding(access, ty, field);
    let source = rules.iter().map(|it| it.source()).collect::<Vec<_>>().join(" && ");
    let named = compared::arguments(&source);
    let is_whole = named.windows(2).all(|it| matches!(it, [a, b] if a.0 == b.0));
    // Of arguments of several fields nothing is known at once.
    if !source.contains("claims") || !is_whole {
        return Vec::new();
    }
    let schema = world.schema();
    let coordinate = format!("{}.{}", schema.ty(ty).name, schema.field(field).name);
    let mut all = Vec::new();
    for (whose, path) in named {
        let at = format!("{coordinate} ({})", path.join("."));
        for (around, site) in sites(world, (ty, field), whose, &path) {
            let (source, at) = (source.clone(), at.clone());
            all.push(Place { on: (ty, field), around, whose, site, source, at });
        }
    }
    all
}

/// Where an argument that a rule names can be given.
fn sites(
    world: &World<'_>,
    (ty, field): (TypeId, FieldId),
    whose: Whose,
    path: &[String],
) -> Vec<(Around, Site)> {
    let mut all = Vec::new();
    if whose == Whose::Own {
        if let (Some(route), Some(chain)) = (world.routes.get(&ty), chain(world, field, path)) {
            let site = deliver::site((route.clone(), field), chain, None);
            all.push((route.around(world), site));
        }
        return all;
    }
    for door in trespass::doors(world, ty).into_iter().filter(|it| !it.hops.is_empty()) {
        let n = if whose == Whose::Root { 0 } else { door.hops.len().saturating_sub(1) };
        let Some((before, [hop, after @ ..])) = door.hops.split_at_checked(n) else { continue };
        let Some(chain) = chain(world, hop.field, path) else { continue };
        let (schema, end) = (world.schema(), door.end(world));
        let Some(core) = world.selected(field) else { continue };
        let on = &schema.ty(ty).name;
        let core = if end == ty { core } else { format!("... on {on} {{ {core} }}") };
        let rest =
            Route { kind: door.kind, root: schema.field(hop.field).ty.named, hops: after.to_vec() };
        let Some(below) = rest.selection(world, &core) else { continue };
        let route = Route { hops: before.to_vec(), ..door.clone() };
        let site = deliver::site((route, hop.field), chain, Some(below));
        all.push((door.around(world), site));
    }
    all.truncate(MAX_SITES);
    all
}

/// An argument, and the input fields below it.
fn chain(world: &World<'_>, field: FieldId, path: &[String]) -> Option<Vec<InputId>> {
    let (first, rest) = path.split_first()?;
    let mut chain = vec![world.schema().argument_named(field, first)?];
    for step in rest {
        let ty = world.schema().input(*chain.last()?).ty.named;
        chain.push(world.schema().input_field_named(ty, step)?);
    }
    Some(chain)
}

fn at_place(world: &World<'_>, others: &[&World<'_>], place: &Place) -> Option<Vec<Attempt>> {
    // What is left of one's own beside the other's cannot be told from it.
    let limit = world.enforces("authorization").filter(|_| !world.intent.takes_out)?;
    let own = candidates(world, place).into_iter().find(|it| place.admits(world, it));
    let mut tried = BTreeMap::new();
    if let Some(it) = own.clone() {
        tried.insert(it.to_string(), it);
    }
    let ty = &world.schema().input(place.site.leaf()?).ty;
    for it in others.iter().flat_map(|it| candidates(it, place)) {
        if ty.list_depth() == 1
            && let Some(own) = &own
        {
            let both = Value::Array(vec![own.clone(), it.clone()]);
            tried.insert(both.to_string(), both);
        }
        tried.insert(it.to_string(), it);
    }
    let mut all = Vec::new();
    for value in tried.into_values() {
        let side = if place.admits(world, &value) { Side::Within } else { Side::Beyond };
        let attempt = |way, request| {
            Attempt::beyond(limit.rule, limit.code, request).about(&*place.at, way).on(side)
        };
        for (way, request) in deliver::ways(world, &place.site, &value) {
            let attempt = attempt(way, request);
            all.extend(if way == "variable" { ways_in(world, &attempt) } else { vec![attempt] });
        }
        if side == Side::Beyond {
            let forms = forms(world, place, own.as_ref(), &value).unwrap_or_default();
            all.extend(forms.into_iter().map(|(way, request)| attempt(way, request)));
            all.extend(behind_own(world, place, own.as_ref(), &value).map(|requests| {
                let transport = Transport::Batch;
                let attempt = attempt("behind one's own", Request::default());
                Attempt { requests, transport, code: "", ..attempt }
            }));
        }
    }
    Some(all)
}

/// What may be somebody's: what is claimed, alone and with the texts of the condition around it;
/// only such as the condition admits for them, if there are any.
fn candidates(world: &World<'_>, place: &Place) -> Vec<Value> {
    let Some(identity) = &world.identity else { return Vec::new() };
    let claimed = compared::claimed(&place.source, identity.claims());
    let claimed = claimed.into_iter().filter_map(|it| written_as(world, place.site.leaf()?, it));
    let plain: Vec<_> = claimed.collect();
    let mut all = plain.clone();
    for it in plain.iter().filter_map(Value::as_str) {
        for text in compared::texts(&place.source) {
            all.extend([format!("{text}{it}"), format!("{it}{text}")].map(Value::from));
        }
    }
    all.truncate(MAX_VALUES);
    let admitted: Vec<_> = all.into_iter().filter(|it| place.admits(world, it)).collect();
    if admitted.is_empty() { plain } else { admitted }
}

impl Place {
    /// Whether somebody may select the field when the argument has a value.
    fn admits(&self, world: &World<'_>, value: &Value) -> bool {
        let Some((argument, whole)) = self.site.whole(world, value.clone()) else { return false };
        let args = arguments(world, self.site.field(), argument, whole);
        world.may_with(self.on, &self.around, (self.whose, &args))
    }
}

/// All arguments of a field, when one has a value and the others what they must have.
fn arguments(world: &World<'_>, field: FieldId, argument: InputId, whole: Value) -> Value {
    let schema = world.schema();
    let mut args = Map::new();
    for it in schema.arguments(field).filter(|it| *it != argument) {
        let input = schema.input(it);
        let value = match &input.default {
            Some(default) => Some(of_const(default)),
            None if world.is_required(it) => world.sample(it, MAX_NESTING),
            None => None,
        };
        args.extend(value.map(|value| (input.name.to_string(), value)));
    }
    args.insert(schema.input(argument).name.to_string(), whole);
    args.into()
}

// Recursion over a value of the schema, which its reader has bounded.
pub(super) fn of_const(value: &Const) -> Value {
    match value {
        Const::Boolean(it) => (*it).into(),
        Const::Enum(it) | Const::String(it) => (&**it).into(),
        Const::Float(it) | Const::Int(it) => serde_json::from_str(it).unwrap_or(Value::Null),
        Const::List(items) => items.iter().map(of_const).collect(),
        Const::Null => Value::Null,
        Const::Object(members) => {
            let members = members.iter().map(|(key, it)| (key.to_string(), of_const(it)));
            members.collect::<Map<_, _>>().into()
        }
    }
}

/// The other's beside one's own, and where a reader may look at the wrong one of two values.
fn forms(
    world: &World<'_>,
    place: &Place,
    own: Option<&Value>,
    value: &Value,
) -> Option<Vec<(&'static str, Request)>> {
    let schema = world.schema();
    let (argument, whole) = place.site.whole(world, value.clone())?;
    let ty = &schema.input(argument).ty;
    let defined = format!("$attack: {}", deliver::type_text(schema, ty));
    let literal = world.literal(ty, &whole);
    let write = |defined: &str, calls: &[(&str, &str)], in_fragment| {
        let text = place.site.several(world, defined, calls, in_fragment)?;
        Some(Request::new(text))
    };
    let given = |it: Request| it.with("attack", whole.clone());
    let mut all = vec![
        ("alias", write("", &[("id", &literal)], false)?),
        ("fragment", write(&defined, &[("", VARIABLE)], true).map(given)?),
        ("fragment, literal", write("", &[("a", &literal)], true)?),
    ];
    // An ID may be written as a number.
    let leaf = schema.input(place.site.leaf()?);
    let number = value.as_str().filter(|it| it.parse::<u32>().is_ok_and(|n| n.to_string() == **it));
    if let Some(number) = number.filter(|_| *schema.ty(leaf.ty.named).name == *"ID") {
        let number = literal.replace(&format!("\"{number}\""), number);
        all.push(("number", write("", &[("", &number)], false)?));
    }
    if let Some(own) = own {
        let (_, whole_own) = place.site.whole(world, own.clone())?;
        let own = world.literal(ty, &whole_own);
        let default = format!("{} = {own}", defined.trim_end_matches('!'));
        all.extend([
            ("own first", given(write(&defined, &[("a", &own), ("b", VARIABLE)], false)?)),
            ("own last", given(write(&defined, &[("b", VARIABLE), ("a", &own)], false)?)),
            ("own as default", given(write(&default, &[("", VARIABLE)], false)?)),
        ]);
        if world.limit("operations.max").is_none_or(|it| it.max > 1) {
            let first = write("", &[("", &own)], false)?.query.replacen("query", "query A", 1);
            let second = write("", &[("", &literal)], false)?.query.replacen("query", "query B", 1);
            let request = Request::new(format!("{first} {second}"));
            all.push(("second operation", Request { operation: Some("B".to_owned()), ..request }));
        }
    }
    Some(all)
}

/// A batch of one's own and the other's.
fn behind_own(
    world: &World<'_>,
    place: &Place,
    own: Option<&Value>,
    value: &Value,
) -> Option<Vec<Request>> {
    let batch = world.policy.http.batch.get();
    let of = |it: &Value| deliver::ways(world, &place.site, it).into_iter().next().map(|it| it.1);
    (batch > 1).then_some(())?;
    Some(vec![of(own?)?, of(value)?])
}

/// What is one's own, what is the others', and where there is a list, both in one.
pub(super) fn everybodys(
    (world, others): (&World<'_>, &[&World<'_>]),
    input: InputId,
    when: &When,
) -> Vec<Value> {
    let own = candidates_for(world, input, when);
    let theirs: Vec<_> = others.iter().flat_map(|it| candidates_for(it, input, when)).collect();
    let both = own.first().zip(theirs.first()).and_then(|(own, theirs)| beside(own, theirs));
    let mut all = Vec::new();
    for it in own.into_iter().chain(theirs).chain(both) {
        if !all.contains(&it) {
            all.push(it);
        }
    }
    all
}

/// Two lists as one.
fn beside(one: &Value, other: &Value) -> Option<Value> {
    let (one, other) = (one.as_array()?, other.as_array()?);
    Some(one.iter().chain(other).cloned().collect())
}

/// Values for an input that belong to somebody by a condition on it.
pub(super) fn candidates_for(world: &World<'_>, input: InputId, when: &When) -> Vec<Value> {
    let Some(identity) = &world.identity else { return Vec::new() };
    let all = compared::claimed(when.source(), identity.claims()).into_iter();
    let ty = &world.schema().input(input).ty;
    let all = all.filter_map(|it| written_as(world, input, it)).map(|it| wrapped(ty, it));
    all.filter(|it| world.holds_for(when, it)).take(MAX_VALUES).collect()
}

/// A claim as a value of the type of an input, as it is judged; `None` when it can be none.
fn written_as(world: &World<'_>, input: InputId, claim: Value) -> Option<Value> {
    let ty = world.schema().ty(world.schema().input(input).ty.named);
    match (&claim, &*ty.name) {
        (Value::Number(number), "ID") => number.is_i64().then(|| number.to_string().into()),
        (Value::Number(number), "Int") => number.is_i64().then_some(claim),
        (Value::Number(_), "Float") | (Value::String(_), "ID" | "String") => Some(claim),
        (_, "ID" | "String" | "Int" | "Float" | "Boolean") => None,
        (Value::String(name), _) if ty.kind == Kind::Enum => {
            ty.values.iter().any(|it| *it.name == **name).then_some(claim)
        }
        _ => (ty.kind == Kind::Scalar).then_some(claim),
    }
}

/// Ways that are tried to one field whose rule asks for arguments further up.
const MAX_SITES: usize = 3;
/// Values of one caller that are tried.
const MAX_VALUES: usize = 12;
