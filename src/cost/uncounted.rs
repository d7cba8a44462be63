//! Arguments that look as if they sized a list, or the lists of a page, and that nothing makes the
//! cost count.
//!
//! Changes no price: a name is only a guess, so whoever writes the policy is told.

use ahash::HashSet;

use crate::{
    cost::{
        facts::{Facts, Listed},
        report::Report,
        settings::{DefaultList, Layer, Settings},
    },
    schema::{FieldId, Input, Schema, TypeId, is_whole_number},
};

/// A field with such arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// The coordinate of the field; of an interface's field, where the interface declares them.
    pub at: String,
    /// The arguments, at least one, as `slicing` names them: `first`, `page.first`.
    pub arguments: Vec<Box<str>>,
    /// The lists of what the field returns, where it is no list itself: those of a page.
    pub sized: Vec<Box<str>>,
}

/// All of a schema. Where the policy or the schema says a size, the arguments are left out on
/// purpose; what `tune` has measured is no purpose.
pub(super) fn uncounted(schema: &Schema, settings: &Settings, facts: &Facts) -> Vec<Uncounted> {
    if settings.defaults.list == DefaultList::Refuse {
        return Vec::new();
    }
    let untuned = without_tuned(schema, settings);
    let said = untuned.as_ref().unwrap_or(facts);
    let sized = sized(schema, facts);
    let is_assumed = |id: &FieldId| said.lists.get(id).is_some_and(|it| it.list.assumed.is_some());
    let is_said = |id: &FieldId| {
        facts.lists.get(id).is_some_and(|it| it.list.slicing.is_some()) || is_assumed(id)
    };
    let mut found: Vec<Uncounted> = Vec::new();
    let mut seen = HashSet::default();
    let objects = schema.types().filter(|(_, it)| it.is_object() && !it.name.starts_with("__"));
    for (ty, field) in objects.flat_map(|(ty, _)| schema.fields(ty).map(move |it| (ty, it))) {
        let is_list = schema.field(field).ty.list_depth() > 0;
        let arguments = arguments(schema, field, if is_list { &OF_LISTS } else { &OF_PAGES });
        let is_told = match facts.lists.get(&field).filter(|_| !is_list) {
            // What the policy says of a page is said of all lists in it.
            Some(page) => page.place.is_some() || is_assumed(&field),
            None => is_said(&field) || sized.contains(&field),
        };
        if arguments.is_empty() || is_told {
            continue;
        }
        let page = facts.lists.get(&field);
        let is_unsized =
            |it: &FieldId| !is_said(it) && is_whole(schema, *it) && !is_sized(schema, page, *it);
        let sized = if is_list { Vec::new() } else { lists(schema, field, is_unsized) };
        if !is_list && sized.is_empty() {
            continue;
        }
        let at = schema.coordinate(declared(schema, (ty, field), &arguments));
        if seen.insert(at.clone()) {
            found.push(Uncounted { at, arguments, sized });
        }
    }
    found
}

/// What is said without the tuned file, where there is one.
fn without_tuned(schema: &Schema, settings: &Settings) -> Option<Facts> {
    let is_tuned = !settings.tuned.lists.is_empty();
    let untuned = || Settings { tuned: Layer::default(), ..settings.clone() };
    // What is wrong was told of the settings as they are.
    is_tuned.then(|| Facts::collect(schema, &untuned(), &mut Report::default()))
}

/// Fields that take their size from the field around them.
fn sized(schema: &Schema, facts: &Facts) -> HashSet<FieldId> {
    let mut sized = HashSet::default();
    for (field, listed) in &facts.lists {
        let returns = schema.field(*field).ty.named;
        let objects = schema.ty(returns).possible.iter().map(|it| schema.object(it));
        for ty in objects.chain([returns]) {
            let names = listed.list.sized.iter().flatten();
            sized.extend(names.filter_map(|it| schema.field_named(ty, it)));
        }
    }
    sized
}

/// Whether a page says how long a list in it is. Two fields may return the same page, and only one
/// of them say so.
fn is_sized(schema: &Schema, page: Option<&Listed>, list: FieldId) -> bool {
    let sized = page.and_then(|it| it.list.sized.as_ref());
    sized.is_some_and(|it| it.contains(&schema.field(list).name))
}

/// True when nothing in a request shortens a list: it is as long as the page around it.
fn is_whole(schema: &Schema, list: FieldId) -> bool {
    arguments(schema, list, &OF_LISTS).is_empty()
}

/// The lists of objects in what a field returns.
fn lists(schema: &Schema, page: FieldId, is_meant: impl Fn(&FieldId) -> bool) -> Vec<Box<str>> {
    let possible = schema.ty(schema.field(page).ty.named).possible.iter();
    let fields = possible.flat_map(|it| schema.fields(schema.object(it)));
    let is_list = |it: &FieldId| {
        let ty = &schema.field(*it).ty;
        ty.list_depth() > 0 && schema.ty(ty.named).is_composite()
    };
    let mut names: Vec<_> = fields.filter(|it| is_list(it) && is_meant(it)).collect();
    names.sort_by_key(|it| &schema.field(*it).name);
    names.dedup_by_key(|it| &schema.field(*it).name);
    names.into_iter().map(|it| schema.field(it).name.clone()).collect()
}

/// The arguments of a field that have such a name and are whole numbers; also one level down, in
/// an input object.
fn arguments(schema: &Schema, field: FieldId, names: &[&str]) -> Vec<Box<str>> {
    let is_size = |it: &Input| names.contains(&&*it.name) && is_whole_number(schema, &it.ty);
    let mut found: Vec<Box<str>> = Vec::new();
    for argument in schema.arguments(field).map(|it| schema.input(it)) {
        if is_size(argument) {
            found.push(argument.name.clone());
        }
        let is_one = argument.ty.list_depth() == 0;
        let inside = is_one.then(|| schema.input_fields(argument.ty.named)).into_iter().flatten();
        let sizes = inside.map(|it| schema.input(it)).filter(|it| is_size(it));
        found.extend(sizes.map(|it| format!("{}.{}", argument.name, it.name).into()));
    }
    found
}

/// The field of an interface where one setting does for all that implement it, else the field.
fn declared(schema: &Schema, (ty, field): (TypeId, FieldId), arguments: &[Box<str>]) -> FieldId {
    let name = &schema.field(field).name;
    let interfaces = schema.ty(ty).interfaces.iter();
    let mut fields = interfaces.filter_map(|it| schema.field_named(*it, name));
    let has = |field: FieldId, path: &str| {
        let argument = path.split('.').next().and_then(|it| schema.argument_named(field, it));
        argument.is_some()
    };
    let has_all = |it: &FieldId| arguments.iter().all(|path| has(*it, path));
    fields.find(has_all).unwrap_or(field)
}

/// How servers without connections call the length of a page.
const OF_PAGES: [&str; 8] =
    ["first", "last", "limit", "pageSize", "page_size", "perPage", "per_page", "take"];
/// And that of a list, of which these tell less clearly.
const OF_LISTS: [&str; 12] = [
    "count",
    "first",
    "last",
    "limit",
    "n",
    "pageSize",
    "page_size",
    "perPage",
    "per_page",
    "size",
    "take",
    "top",
];
