//! How a value comes to an input: in the document, in a variable, as a default, through objects
//! and lists around it.

use serde_json::{Map, Value};

use crate::{
    attack::{
        Request, World,
        route::{Hop, Route},
        sample::{MAX_NESTING, VARIABLE, wrapped},
        sizes,
    },
    schema::{FieldId, InputId, InputOwner, Kind, OperationKind, Schema, TypeId, TypeRef, Wrapper},
};

/// A place that a value can be brought to.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The way to the type of the field.
    route: Route,
    field: FieldId,
    /// The argument, and the input fields below it down to the place.
    chain: Vec<InputId>,
    /// What is selected below the field, when it is not only its type.
    below: Option<String>,
}

/// The sites of an input: its own field, or every argument that leads to its object.
pub(super) fn sites(world: &World<'_>, input: InputId) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut waiting = vec![vec![input]];
    // Budget: chains are as long as samples are deep, and so many sites are enough.
    while let Some(chain) = waiting.pop() {
        let Some(first) = chain.first() else { continue };
        match world.schema().input(*first).owner {
            InputOwner::Directive(_) => {}
            InputOwner::Field(field) => sites.extend(at_field(world, field, &chain)),
            InputOwner::InputObject(object) if chain.len() < MAX_NESTING as usize => {
                for outer in world.inputs_of(object).into_iter().filter(|it| !chain.contains(it)) {
                    waiting.push([&[outer], chain.as_slice()].concat());
                }
            }
            InputOwner::InputObject(_) => {}
        }
        if sites.len() >= MAX_SITES || waiting.len() >= MAX_WAITING {
            break;
        }
    }
    sites.truncate(MAX_SITES);
    sites
}

fn at_field(world: &World<'_>, field: FieldId, chain: &[InputId]) -> Vec<Site> {
    let schema = world.schema();
    let (parent, name) = (schema.field(field).parent, &schema.field(field).name);
    let argument = chain.first().map(|it| &*schema.input(*it).name).unwrap_or_default();
    let mut sites = Vec::new();
    for on in super::route::objects(world, parent) {
        let Some(own) = schema.field_named(on, name) else { continue };
        let Some(own_argument) = schema.argument_named(own, argument) else { continue };
        let Some(route) = world.routes.get(&on) else { continue };
        if !world.may(world.sight(on, own, &route.around(world))) {
            continue;
        }
        let mut chain = chain.to_vec();
        if let Some(first) = chain.first_mut() {
            *first = own_argument;
        }
        // The way ends at a field whose type may be an interface.
        sites.push(Site { route: route.clone(), field: own, chain, below: None });
    }
    sites
}

/// The site of an input of a field on a way that is given.
pub(super) fn site(
    (route, field): (Route, FieldId),
    chain: Vec<InputId>,
    below: Option<String>,
) -> Site {
    Site { route, field, chain, below }
}

/// A site of a named type that no demand is about.
pub(super) fn first_site(world: &World<'_>, named: &str) -> Option<Site> {
    let ty = world.schema().type_named(named)?;
    let is_free = |it: &InputId| {
        world.demands(*it).next().is_none() && world.schema().input(*it).ty.list_depth() == 0
    };
    let mut all = world.inputs_of(ty).into_iter().filter(is_free);
    all.find_map(|it| sites(world, it).into_iter().next())
}

/// A site that takes a list, and an item for it.
pub(super) fn list_site(world: &World<'_>) -> Option<(Site, Value)> {
    let schema = world.schema();
    let inputs = schema.types().flat_map(|(id, _)| {
        let arguments = schema.fields(id).flat_map(|it| schema.arguments(it));
        arguments.chain(schema.input_fields(id)).collect::<Vec<_>>()
    });
    let is_free = |it: &InputId| {
        schema.input(*it).ty.list_depth() == 1 && world.demands(*it).next().is_none()
    };
    let places = sites;
    let mut found = inputs.filter(is_free).filter_map(|it| {
        let Some(Value::Array(mut items)) = world.sample(it, MAX_NESTING) else { return None };
        Some((places(world, it).into_iter().next()?, items.pop()?))
    });
    found.next()
}

/// The value of an argument when the input at the end of a chain has this one.
pub(super) fn whole(world: &World<'_>, chain: &[InputId], value: Value) -> Option<Value> {
    nested(world, chain, value, Lists::Written)
}

/// Every way to bring a value to a site.
pub(super) fn ways(world: &World<'_>, site: &Site, value: &Value) -> Vec<(&'static str, Request)> {
    let mut all = Vec::new();
    let schema = world.schema();
    let (Some(first), Some(last)) = (site.chain.first(), site.chain.last()) else { return all };
    let (argument, leaf) = (schema.input(*first), schema.input(*last));
    let has_lists = site.chain.iter().any(|it| schema.input(*it).ty.list_depth() > 0);
    for lists in [Lists::Written, Lists::Coerced] {
        if lists == Lists::Coerced && !has_lists {
            continue;
        }
        let Some(whole) = nested(world, &site.chain, value.clone(), lists) else { continue };
        let literal = world.literal(&argument.ty, &whole);
        let ty = type_text(schema, &argument.ty);
        let ways = match lists {
            Lists::Written => ["literal", "variable", "default"],
            Lists::Coerced => ["literal, no list", "variable, no list", "default, no list"],
        };
        let variable = format!("$attack: {ty}");
        let default = format!("$attack: {ty} = {literal}");
        let texts = [("", &*literal), (&*variable, VARIABLE), (&*default, VARIABLE)];
        for (way, (defined, value)) in ways.into_iter().zip(texts) {
            let Some(text) = written(world, site, defined, value) else { continue };
            let request = Request::new(text);
            let is_given = way.starts_with("variable");
            all.push((way, if is_given { request.with("attack", whole.clone()) } else { request }));
        }
    }
    let holed = nested(world, &site.chain, VARIABLE.into(), Lists::Coerced);
    if let Some(holed) = holed.filter(|_| site.chain.len() > 1) {
        let literal = world.literal(&argument.ty, &holed);
        let defined = format!("$attack: {}", type_text(schema, &leaf.ty));
        let value = if leaf.ty.list_depth() > 0 && !value.is_array() && !value.is_null() {
            wrapped(&leaf.ty, value.clone())
        } else {
            value.clone()
        };
        let text = written(world, site, &defined, &literal);
        all.extend(text.map(|it| ("variable inside", Request::new(it).with("attack", value))));
    }
    all
}

/// The request of a site without its input; `None` where that is not judged, or not possible.
pub(super) fn without(world: &World<'_>, site: &Site) -> Option<Request> {
    let last = *site.chain.last()?;
    // Of the fields of a `@oneOf` object only the one that is given is judged.
    if world.is_required_by_type(last) || is_alternative(world, last) {
        return None;
    }
    match site.chain.as_slice() {
        [_] => site.write_with(world, "").map(Request::new),
        [outer @ .., _] => {
            let mut value = world.sample(*outer.last()?, MAX_NESTING)?;
            take_out(&mut value, &world.schema().input(last).name);
            let whole = nested(world, outer, value, Lists::Written)?;
            let literal = world.literal(&world.schema().input(*outer.first()?).ty, &whole);
            written(world, site, "", &literal).map(Request::new)
        }
        [] => None,
    }
}

/// Whether an input is a field of a `@oneOf` object.
fn is_alternative(world: &World<'_>, input: InputId) -> bool {
    let InputOwner::InputObject(object) = world.schema().input(input).owner else { return false };
    matches!(world.schema().ty(object).kind, Kind::InputObject { one_of: true })
}

/// Takes a field out of an object, or of every object of a list.
fn take_out(value: &mut Value, name: &str) {
    let mut waiting = vec![value];
    // Budget: a value that this module has made.
    while let Some(value) = waiting.pop() {
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(members) => drop(members.remove(name)),
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether lists are written as such, or left to coercion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lists {
    Coerced,
    Written,
}

/// The value of the argument: the leaf inside everything that is around it.
fn nested(world: &World<'_>, chain: &[InputId], leaf: Value, lists: Lists) -> Option<Value> {
    let schema = world.schema();
    let mut value = leaf;
    for (n, it) in chain.iter().enumerate().rev() {
        let input = schema.input(*it);
        let is_done = value.is_array() && n.saturating_add(1) == chain.len();
        if lists == Lists::Written && !is_done && !value.is_null() {
            value = wrapped(&input.ty, value);
        }
        if let InputOwner::InputObject(object) = input.owner {
            value = beside(world, object, &input.name, value)?;
        }
    }
    Some(value)
}

/// The object around a value, with what else it must have.
fn beside(world: &World<'_>, object: TypeId, name: &str, value: Value) -> Option<Value> {
    let mut members = Map::new();
    let fields = world.schema().input_fields(object);
    for it in fields.filter(|it| world.is_required(*it) && !is_alternative(world, *it)) {
        let other = &*world.schema().input(it).name;
        if other != name {
            members.insert(other.to_owned(), world.sample(it, MAX_NESTING)?);
        }
    }
    members.insert(name.to_owned(), value);
    Some(Value::Object(members))
}

/// The document: the argument with this text, the others as they must be.
fn written(world: &World<'_>, site: &Site, defined: &str, value: &str) -> Option<String> {
    let argument = world.schema().input(*site.chain.first()?);
    let text = site.write_with(world, &format!("{}: {value}", argument.name))?;
    Some(define(site.route.kind, &text, defined))
}

/// The operation with a definition of variables.
fn define(kind: OperationKind, text: &str, defined: &str) -> String {
    let word = kind.keyword();
    let defined = if defined.is_empty() { String::new() } else { format!(" ({defined})") };
    text.replacen(word, &format!("{word}{defined}"), 1)
}

impl Site {
    /// The field whose argument it is.
    pub(super) const fn field(&self) -> FieldId {
        self.field
    }

    /// The same with a list below the field, where the size of one is decided there.
    pub(super) fn with_list(self, world: &World<'_>) -> Self {
        let hop = Hop { on: world.schema().field(self.field).parent, field: self.field };
        let below = sizes::bottom(world, &self.route.then(hop));
        Self { below, ..self }
    }

    /// Whether it is the same place, whatever leads there.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.field == other.field && self.chain == other.chain
    }

    /// Whether a request can be written that brings a value there.
    pub(super) fn is_in_reach(&self, world: &World<'_>) -> bool {
        let whole = nested(world, &self.chain, Value::Null, Lists::Written);
        whole.is_some() && self.write_with(world, "").is_some()
    }

    /// The place itself.
    pub(super) fn leaf(&self) -> Option<InputId> {
        self.chain.last().copied()
    }

    /// The value of the argument when the place has this one, and the argument.
    pub(super) fn whole(&self, world: &World<'_>, value: Value) -> Option<(InputId, Value)> {
        let whole = nested(world, &self.chain, value, Lists::Written)?;
        Some((*self.chain.first()?, whole))
    }

    /// The same field several times over, each with a text for its argument, in an operation that
    /// defines something; `in_fragment`: by way of one.
    pub(super) fn several(
        &self,
        world: &World<'_>,
        defined: &str,
        calls: &[(&str, &str)],
        in_fragment: bool,
    ) -> Option<String> {
        let schema = world.schema();
        let name = &schema.input(*self.chain.first()?).name;
        let calls = calls.iter().map(|(alias, value)| {
            let colon = if alias.is_empty() { "" } else { ": " };
            let core = self.core(world, &format!("{name}: {value}"))?;
            Some(format!("{alias}{colon}{core}"))
        });
        let calls = calls.collect::<Option<Vec<_>>>()?.join(" ");
        let on = &schema.ty(schema.field(self.field).parent).name;
        let text = if in_fragment {
            let text = self.route.write(world, "...F", "")?;
            format!("{text} fragment F on {on} {{ {calls} }}")
        } else {
            self.route.write(world, &self.there(world, calls), "")?
        };
        Some(define(self.route.kind, &text, defined))
    }

    fn write_with(&self, world: &World<'_>, argument: &str) -> Option<String> {
        let core = self.core(world, argument)?;
        self.route.write(world, &self.there(world, core), "")
    }

    /// A selection where the way ends, which may be at an interface.
    fn there(&self, world: &World<'_>, core: String) -> String {
        let on = world.schema().field(self.field).parent;
        let name = &world.schema().ty(on).name;
        if self.route.end(world) == on { core } else { format!("... on {name} {{ {core} }}") }
    }

    fn core(&self, world: &World<'_>, argument: &str) -> Option<String> {
        let schema = world.schema();
        let mut arguments = vec![argument.to_owned()];
        let others = schema.arguments(self.field).filter(|it| Some(it) != self.chain.first());
        for it in others.filter(|it| world.is_required(*it)) {
            let value = world.sample(it, MAX_NESTING)?;
            let input = schema.input(it);
            arguments.push(format!("{}: {}", input.name, world.literal(&input.ty, &value)));
        }
        arguments.retain(|it| !it.is_empty());
        let field = schema.field(self.field);
        let list = arguments.join(", ");
        let list = if list.is_empty() { list } else { format!("({list})") };
        let is_composite = schema.ty(field.ty.named).is_composite();
        let below = self.below.as_deref().unwrap_or("__typename");
        let below = if is_composite { format!(" {{ {below} }}") } else { String::new() };
        Some(format!("{}{list}{below}", field.name))
    }
}

/// A type as it is written.
pub(super) fn type_text(schema: &Schema, ty: &TypeRef) -> String {
    let mut text = schema.ty(ty.named).name.to_string();
    for wrapper in ty.wrappers.iter().rev() {
        text = match wrapper {
            Wrapper::List => format!("[{text}]"),
            Wrapper::NonNull => format!("{text}!"),
        };
    }
    text
}

/// Sites that are tried for one input.
const MAX_SITES: usize = 4;
/// Chains that wait to be followed.
const MAX_WAITING: usize = 1000;
